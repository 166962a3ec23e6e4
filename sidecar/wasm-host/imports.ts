import { Buffer, Clock, HeaderMap, LOG_LEVELS, Result, WasiError } from "./abi.ts";
import type { GrpcStream } from "./environment.ts";
import { readHeaderPairs } from "./header-pairs.ts";
import type { FilterVm } from "./vm.ts";

const utf8 = new TextDecoder();
const KNOWN_BUFFERS: readonly number[] = Object.values(Buffer);

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

/** The import object with which a VM's module is instantiated: the host functions that the filter calls. */
export function hostImports(vm: FilterVm): WebAssembly.Imports {
  const grpcStreams = new Map<number, GrpcStream>();
  let nextToken = 1;

  const bytes = (at: number, length: number) => new Uint8Array(vm.exports.memory.buffer, at, length);
  const text = (at: number, length: number) => utf8.decode(bytes(at, length));
  const key = (at: number, length: number) => String.fromCharCode(...bytes(at, length));
  const store32 = (at: number, value: number) => new DataView(vm.exports.memory.buffer).setUint32(at, value, true);
  const store64 = (at: number, value: bigint) => new DataView(vm.exports.memory.buffer).setBigUint64(at, value, true);
  const give = (value: Uint8Array, atAt: number, lengthAt: number) => {
    const at = value.length === 0 ? 0 : vm.exports.proxy_on_memory_allocate(value.length);
    bytes(at, value.length).set(value);
    store32(atAt, at);
    store32(lengthAt, value.length);
  };

  const headersOf = (map: number) => {
    if (map === HeaderMap.requestHeaders) return vm.current()?.requestAccess;
    return map === HeaderMap.responseHeaders ? vm.current()?.responseAccess : undefined;
  };

  const env: Record<string, (...args: never[]) => number> = {
    proxy_log(level: number, at: number, length: number) {
      vm.environment.log(LOG_LEVELS[level] ?? "error", text(at, length));
      return Result.ok;
    },
    proxy_set_tick_period_milliseconds() {
      return Result.ok; // whoever owns the VM calls tick()
    },
    proxy_get_shared_data(keyAt: number, keyLength: number, atAt: number, lengthAt: number, casAt: number) {
      const found = vm.environment.shared.get(key(keyAt, keyLength));
      if (!found) return Result.notFound;
      give(found.value, atAt, lengthAt);
      store32(casAt, found.cas);
      return Result.ok;
    },
    proxy_set_shared_data(keyAt: number, keyLength: number, at: number, length: number, cas: number) {
      const written = vm.environment.shared.set(key(keyAt, keyLength), bytes(at, length), cas >>> 0);
      return written ? Result.ok : Result.casMismatch;
    },
    proxy_register_shared_queue(nameAt: number, nameLength: number, tokenAt: number) {
      const context = vm.effective;
      const post = vm.environment.post ?? setImmediate;
      const token = vm.environment.shared.queues.register(key(nameAt, nameLength), () => {
        post(() => {
          if (vm.has(context)) vm.exports.proxy_on_queue_ready(context, token);
        });
      });
      store32(tokenAt, token);
      return Result.ok;
    },
    proxy_enqueue_shared_queue(token: number, at: number, length: number) {
      return vm.environment.shared.queues.enqueue(token, bytes(at, length)) ? Result.ok : Result.notFound;
    },
    proxy_dequeue_shared_queue(token: number, atAt: number, lengthAt: number) {
      const message = vm.environment.shared.queues.dequeue(token);
      if (message === null) return Result.notFound;
      if (message === undefined) return Result.empty;
      give(message, atAt, lengthAt);
      return Result.ok;
    },
    proxy_get_property(pathAt: number, pathLength: number, atAt: number, lengthAt: number) {
      const path = text(pathAt, pathLength);
      const value = vm.current()?.properties.get(path) ?? vm.environment.property(path);
      if (value === undefined) return Result.notFound;
      give(new TextEncoder().encode(value), atAt, lengthAt);
      return Result.ok;
    },
    proxy_set_property(pathAt: number, pathLength: number, at: number, length: number) {
      const stream = vm.current();
      if (!stream) return Result.notFound;
      stream.state.set(text(pathAt, pathLength), text(at, length));
      return Result.ok;
    },
    proxy_get_buffer_bytes(type: number, start: number, length: number, atAt: number, lengthAt: number) {
      if (!KNOWN_BUFFERS.includes(type)) return Result.badArgument;
      if (!vm.buffer) return Result.notFound;
      give(vm.buffer.subarray(start, start + length), atAt, lengthAt);
      return Result.ok;
    },
    // As Envoy does it: in place of the first bytes, or behind the last ones, and nowhere else.
    proxy_set_buffer_bytes(type: number, start: number, length: number, at: number, count: number) {
      if (type !== Buffer.requestBody && type !== Buffer.responseBody) return Result.badArgument;
      const { buffer } = vm;
      if (!buffer || length > buffer.length) return Result.badArgument;
      const given = bytes(at, count);
      if (start === 0) vm.buffer = joined(given, buffer.subarray(length));
      else if (start >= buffer.length) vm.buffer = joined(buffer, given);
      else return Result.badArgument;
      return Result.ok;
    },
    proxy_replace_header_map_value(
      map: number,
      nameAt: number,
      nameLength: number,
      valueAt: number,
      valueLength: number,
    ) {
      const headers = headersOf(map);
      if (!headers) return Result.badArgument;
      headers.set(text(nameAt, nameLength), text(valueAt, valueLength));
      return Result.ok;
    },
    proxy_get_header_map_pairs(map: number, atAt: number, lengthAt: number) {
      const headers = headersOf(map);
      if (!headers) return Result.badArgument;
      give(headers.serialize(), atAt, lengthAt);
      return Result.ok;
    },
    proxy_get_header_map_value(map: number, nameAt: number, nameLength: number, atAt: number, lengthAt: number) {
      const headers = headersOf(map);
      if (!headers) return Result.badArgument;
      const value = headers.get(text(nameAt, nameLength));
      if (value === undefined) return Result.notFound;
      give(new TextEncoder().encode(value), atAt, lengthAt);
      return Result.ok;
    },
    proxy_remove_header_map_value(map: number, nameAt: number, nameLength: number) {
      const headers = headersOf(map);
      if (!headers) return Result.badArgument;
      headers.delete(text(nameAt, nameLength));
      return Result.ok;
    },
    proxy_send_local_response(
      status: number,
      detailsAt: number,
      detailsLength: number,
      bodyAt: number,
      bodyLength: number,
      headersAt: number,
      headersLength: number,
    ) {
      const stream = vm.current();
      if (!stream) return Result.badArgument;
      stream.localResponse = {
        status,
        details: text(detailsAt, detailsLength),
        body: text(bodyAt, bodyLength),
        headers: Object.fromEntries(readHeaderPairs(bytes(headersAt, headersLength))),
      };
      stream.heldListener?.answered();
      return Result.ok;
    },
    proxy_continue_stream() {
      const stream = vm.current();
      if (!stream) return Result.badArgument;
      stream.continued = true;
      stream.heldListener?.continued();
      return Result.ok;
    },
    proxy_set_effective_context(id: number) {
      if (!vm.has(id)) return Result.badArgument;
      vm.effective = id;
      return Result.ok;
    },
    proxy_define_metric(_type: number, nameAt: number, nameLength: number, idAt: number) {
      store32(idAt, vm.metrics.define(text(nameAt, nameLength)));
      return Result.ok;
    },
    proxy_increment_metric(id: number, by: bigint) {
      return vm.metrics.increment(id, by) ? Result.ok : Result.notFound;
    },
    proxy_record_metric(id: number, value: bigint) {
      return vm.metrics.record(id, value) ? Result.ok : Result.notFound;
    },
    proxy_grpc_stream(
      serviceAt: number,
      serviceLength: number,
      nameAt: number,
      nameLength: number,
      methodAt: number,
      methodLength: number,
      _metadataAt: number,
      _metadataLength: number,
      tokenAt: number,
    ) {
      const root = vm.effective;
      const token = nextToken++;
      const stream = vm.environment.grpc.open(
        bytes(serviceAt, serviceLength).slice(),
        `/${text(nameAt, nameLength)}/${text(methodAt, methodLength)}`,
        {
          message(message) {
            if (!grpcStreams.has(token)) return;
            vm.buffer = message;
            vm.exports.proxy_on_grpc_receive(root, token, message.length);
            vm.buffer = undefined;
          },
          close(status) {
            // As in Envoy, the token stands until the filter cancels it.
            if (grpcStreams.has(token)) vm.exports.proxy_on_grpc_close(root, token, status);
          },
        },
      );
      if (!stream) return Result.internalFailure;
      grpcStreams.set(token, stream);
      store32(tokenAt, token);
      return Result.ok;
    },
    proxy_grpc_call(
      serviceAt: number,
      serviceLength: number,
      nameAt: number,
      nameLength: number,
      methodAt: number,
      methodLength: number,
      _metadataAt: number,
      _metadataLength: number,
      messageAt: number,
      messageLength: number,
      _timeout: number,
      tokenAt: number,
    ) {
      const root = vm.effective;
      const token = nextToken++;
      const called = vm.environment.grpc.call?.(
        bytes(serviceAt, serviceLength).slice(),
        `/${text(nameAt, nameLength)}/${text(methodAt, methodLength)}`,
        bytes(messageAt, messageLength).slice(),
        (response) => {
          if (!vm.has(root)) return; // as in Envoy, a call ends with its root
          if (typeof response === "number") {
            vm.exports.proxy_on_grpc_close(root, token, response);
            return;
          }
          vm.buffer = response;
          vm.exports.proxy_on_grpc_receive(root, token, response.length);
          vm.buffer = undefined;
        },
      );
      if (called !== true) return Result.internalFailure;
      store32(tokenAt, token);
      return Result.ok;
    },
    proxy_grpc_send(token: number, at: number, length: number) {
      const stream = grpcStreams.get(token);
      if (!stream) return Result.notFound;
      stream.send(bytes(at, length).slice());
      return Result.ok;
    },
    proxy_grpc_cancel(token: number) {
      const stream = grpcStreams.get(token);
      if (!stream) return Result.notFound;
      grpcStreams.delete(token);
      stream.cancel();
      return Result.ok;
    },
  };

  const wasi: Record<string, (...args: never[]) => number> = {
    clock_time_get(clock: number, _precision: bigint, at: number) {
      if (clock !== Clock.monotonic && clock !== Clock.realtime) return WasiError.notSupported;
      const { environment } = vm;
      const isWall = clock === Clock.realtime;
      store64(at, isWall ? (environment.wallTime?.() ?? BigInt(Date.now()) * 1_000_000n) : environment.now());
      return WasiError.success;
    },
    random_get(at: number, length: number) {
      vm.environment.random(bytes(at, length));
      return WasiError.success;
    },
  };

  const recorded = (calls: Record<string, (...args: never[]) => number>) =>
    Object.fromEntries(
      Object.entries(calls).map(([name, call]) => [
        name,
        (...args: never[]) => {
          vm.calls?.push(name);
          return call(...args);
        },
      ]),
    );
  return { env: recorded(env), wasi_snapshot_preview1: recorded(wasi) };
}
