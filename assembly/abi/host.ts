// The host's functions as the filter uses them: out-parameters in static cells, results in globals that hold until
// the next call. What the host returns lies in the arena and is gone with the next callback.

import { Text } from "../text/text.ts";
import { Line } from "../text/line.ts";
import * as imports from "./imports.ts";
import { CLOCK_MONOTONIC, CLOCK_REALTIME, LOG_ERROR, LOG_WARN, OK } from "./values.ts";

const outAt: usize = memory.data(8, 8);
const outLength: usize = memory.data(8, 8);
const outCas: usize = memory.data(8, 8);
const outNumber: usize = memory.data(8, 8);

/** Where the bytes of the last successful read stand, how many they are, and the CAS value of shared data. */
export let resultAt: usize = 0;
export let resultLength: u32 = 0;
export let resultCas: u32 = 0;

@inline
function keepResult(status: u32): bool {
  if (status != OK) return false;
  resultAt = load<u32>(outAt);
  resultLength = load<u32>(outLength);
  return true;
}

/** Microseconds of a clock that all threads of the process share and nobody sets; its zero means nothing. */
export function now(): u64 {
  imports.clock_time_get(CLOCK_MONOTONIC, 1000, outNumber);
  return load<u64>(outNumber) / 1000;
}

/** Microseconds since 1970, of a clock that may be set. */
export function wallTime(): u64 {
  imports.clock_time_get(CLOCK_REALTIME, 1000, outNumber);
  return load<u64>(outNumber) / 1000;
}

/** 64 random bits. */
export function random(): u64 {
  store<u64>(outNumber, 0);
  imports.random_get(outNumber, 8);
  return load<u64>(outNumber);
}

/** Reads a shared-data key into resultAt, resultLength, resultCas. False: no such key. */
export function getShared(key: Text): bool {
  store<u32>(outAt, 0);
  store<u32>(outLength, 0);
  const found = keepResult(imports.proxy_get_shared_data(key.at, key.length, outAt, outLength, outCas));
  if (found) resultCas = load<u32>(outCas);
  return found;
}

/** Writes a shared-data key. `cas` 0 writes whatever stands there; false: another has written since. */
export function setShared(key: Text, at: usize, length: u32, cas: u32 = 0): bool {
  return imports.proxy_set_shared_data(key.at, key.length, at, length, cas) == OK;
}

/** Registers a shared queue, whose messages then come to this root. Returns its token, 0 on failure. */
export function registerQueue(name: Text): u32 {
  store<u32>(outNumber, 0);
  return imports.proxy_register_shared_queue(name.at, name.length, outNumber) == OK ? load<u32>(outNumber) : 0;
}

/** Sends a message to a shared queue. False: there is no such queue. */
export function enqueue(token: u32, at: usize, length: u32): bool {
  return imports.proxy_enqueue_shared_queue(token, at, length) == OK;
}

/** Takes the next message out of a shared queue. False: there is none. */
export function dequeue(token: u32): bool {
  return keepResult(imports.proxy_dequeue_shared_queue(token, outAt, outLength));
}

/** Reads a property; path segments are separated by a zero byte. False: it is not there. */
export function getProperty(path: Text): bool {
  return keepResult(imports.proxy_get_property(path.at, path.length, outAt, outLength));
}

/** Sets a property, which Envoy keeps as filter state `wasm.<path>`. */
export function setProperty(path: Text, at: usize, length: u32): bool {
  return imports.proxy_set_property(path.at, path.length, at, length) == OK;
}

/** Reads `length` bytes of a buffer. */
export function getBuffer(type: i32, start: u32, length: u32): bool {
  return keepResult(imports.proxy_get_buffer_bytes(type, start, length, outAt, outLength));
}

/**
 * Puts bytes in place of the first `drained` ones of a body that passes: Envoy can change a buffer nowhere else. There
 * must be so many.
 */
export function replaceFront(type: i32, drained: u32, at: usize, length: u32): void {
  imports.proxy_set_buffer_bytes(type, 0, drained, at, length);
}

/** Reads all headers, in the ABI's serialized form. */
export function getHeaders(map: i32): bool {
  return keepResult(imports.proxy_get_header_map_pairs(map, outAt, outLength));
}

/** Reads a header's value, several of them joined. False: there is none. */
export function getHeader(map: i32, name: usize, length: u32): bool {
  return keepResult(imports.proxy_get_header_map_value(map, name, length, outAt, outLength));
}

/** Replaces a header's values by one, or adds it. */
export function setHeader(map: i32, name: Text, at: usize, length: u32): void {
  setHeaderAt(map, name.at, name.length, at, length);
}

/** The same, for a name that stands anywhere. */
export function setHeaderAt(map: i32, name: usize, nameLength: u32, at: usize, length: u32): void {
  imports.proxy_replace_header_map_value(map, name, nameLength, at, length);
}

/**
 * Removes every value of a header that is there. Of one that is not, too, Envoy thinks that it was, and routes anew.
 */
export function removeHeader(map: i32, name: Text): void {
  imports.proxy_remove_header_map_value(map, name.at, name.length);
}

/** Answers the request here. The headers are in the ABI's serialized form. */
export function respond(
  status: u32, details: Text, body: usize, bodyLength: u32, headers: usize, headersLength: u32,
): void {
  imports.proxy_send_local_response(
    status, details.at, details.length, body, bodyLength, headers, headersLength, -1,
  );
}

/** Lets a held stream go on. */
export function continueStream(stream: i32): void {
  imports.proxy_continue_stream(stream);
}

/** Makes the following calls concern another context. False: that one is gone, and the calls would hit this one. */
export function setContext(id: u32): bool {
  return imports.proxy_set_effective_context(id) == OK;
}

/** Asks for on_tick of this root every so many milliseconds. */
export function setTickPeriod(milliseconds: u32): void {
  imports.proxy_set_tick_period_milliseconds(milliseconds);
}

/** Opens a gRPC stream; `service` is a serialized envoy.config.core.v3.GrpcService. Returns its token, 0 on failure. */
export function openStream(service: Text, serviceName: Text, method: Text): u32 {
  store<u32>(outNumber, 0);
  const status = imports.proxy_grpc_stream(
    service.at, service.length, serviceName.at, serviceName.length, method.at, method.length, 0, 0, outNumber,
  );
  return status == OK ? load<u32>(outNumber) : 0;
}

/**
 * Makes a unary gRPC call; `at` and `length` are its message, of which the host keeps a copy. Returns its token, 0 on
 * failure. Then comes proxy_on_grpc_receive, or proxy_on_grpc_close with a status, in this root's context.
 */
export function callUnary(
  service: Text, serviceName: Text, method: Text, at: usize, length: u32, timeoutMilliseconds: u32,
): u32 {
  store<u32>(outNumber, 0);
  const status = imports.proxy_grpc_call(
    service.at, service.length, serviceName.at, serviceName.length, method.at, method.length, 0, 0, at, length,
    timeoutMilliseconds, outNumber,
  );
  return status == OK ? load<u32>(outNumber) : 0;
}

/** Sends one message. */
export function sendMessage(token: u32, at: usize, length: u32): bool {
  return imports.proxy_grpc_send(token, at, length, 0) == OK;
}

/** Resets a stream. */
export function cancelStream(token: u32): void {
  imports.proxy_grpc_cancel(token);
}

/** Defines a metric and returns its id. */
export function defineMetric(type: i32, name: Text): u32 {
  imports.proxy_define_metric(type, name.at, name.length, outNumber);
  return load<u32>(outNumber);
}

/** Adds to a counter or gauge. */
export function incrementMetric(id: u32, by: i64): void {
  imports.proxy_increment_metric(id, by);
}

/** Sets a gauge. */
export function recordMetric(id: u32, value: u64): void {
  imports.proxy_record_metric(id, value);
}

const line = new Line();

/** An empty line that starts with the filter's name; end it with logWarn or logError. */
export function logLine(): Line {
  return line.clear().add("inline-epp: ");
}

export function logWarn(message: Line): void {
  imports.proxy_log(LOG_WARN, message.at, message.length);
}

export function logError(message: Line): void {
  imports.proxy_log(LOG_ERROR, message.at, message.length);
}
