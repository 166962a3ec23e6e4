// What happens at each of a stream's callbacks.

import * as host from "../abi/host.ts";
import { OnceAMinute } from "../abi/once-a-minute.ts";
import {
  BUFFER_RESPONSE_BODY, DATA_CONTINUE, DATA_STOP_ITERATION_AND_BUFFER, DATA_STOP_ITERATION_NO_BUFFER, HEADERS_CONTINUE,
  HEADERS_STOP_ITERATION, MAP_REQUEST_HEADERS, MAP_RESPONSE_HEADERS, TRAILERS_CONTINUE, TRAILERS_STOP_ITERATION,
} from "../abi/values.ts";
import { HOLD_SELF } from "../config/plugin-config.ts";
import { xxh64 } from "../hash/xxh64.ts";
import { count, NOT_OBEYED } from "../metrics.ts";
import { Renaming } from "../policy/renaming.ts";
import { renameAnswer } from "../response/rename.ts";
import { scanUsage, takeUsage, UsageScan } from "../response/usage.ts";
import { Root } from "../root.ts";
import { findSlot, Slot } from "../state/slots.ts";
import { text } from "../text/text.ts";
import { admit, ANSWERED, correctCharge, GOES_ON, leaveQueue, WAITS } from "./admit.ts";
import { checkBody } from "./check-body.ts";
import { decide } from "./decide.ts";
import { dispatchAfter } from "./dispatch.ts";
import { explain } from "./explain.ts";
import { findPool } from "./find-pool.ts";
import { DESTINATION_HEADER } from "./header-map.ts";
import { settleLimits, withinLimits } from "./limit.ts";
import { tellLimits } from "./limit-headers.ts";
import { endRunning, keepBody, observe } from "./observe.ts";
import { finished, firstToken, servedBy, servedByNobody } from "./outcome.ts";
import { beginAnswer, beginRenaming, tellLength } from "./model.ts";
import { finishBody, readBody } from "./read-body.ts";
import { readHeaders } from "./read-headers.ts";
import { deleteRequest, dropBody, endPrefill, listed, Request, uncount } from "./request.ts";
import { tellSession } from "./session.ts";
import { Traced } from "./traced.ts";
import { hold, unhold } from "./watchdog.ts";

const UPSTREAM_ADDRESS = text("upstream\0address");
const STATUS = text(":status");
const ENCODING = text("content-encoding");
const IDENTITY = text("identity");
/** Usage figures are a few hundred bytes long; what precedes them in a long piece is text. */
const USAGE_BYTES: u32 = 16384;
const warning = new OnceAMinute();

@inline
function rootAt(request: Request): Root {
  return changetype<Root>(request.root);
}

/** A client has no say in the destination, not even of a request of which no record is kept. */
export function removeDestination(): void {
  if (!host.getHeader(MAP_REQUEST_HEADERS, DESTINATION_HEADER.at, DESTINATION_HEADER.length)) return;
  host.removeHeader(MAP_REQUEST_HEADERS, DESTINATION_HEADER);
}

/** The request's headers. Without a body the decision falls here. A request for none of our pools is forgotten. */
export function onRequestHeaders(request: Request, end: bool): u32 {
  const root = rootAt(request);
  if (!findPool(root, request)) {
    deleteRequest(request);
    return HEADERS_CONTINUE;
  }
  request.startedAt = host.now();
  readHeaders(root, request);
  // Without a body there is nothing to wait for: it takes an engine no time.
  if (end) return checkBody(request, false) && decide(root, request, false) ? HEADERS_CONTINUE : HEADERS_STOP_ITERATION;
  beginRenaming(root, request);
  if (root.config.hold != HOLD_SELF) return HEADERS_CONTINUE; // the buffer filter behind this one holds it
  hold(root, request);
  return HEADERS_STOP_ITERATION;
}

/** A piece of the request's body, or all that is held of it; with the last one the decision falls. */
export function onRequestBody(request: Request, length: u32, end: bool): u32 {
  const root = rootAt(request);
  const holds = root.config.hold == HOLD_SELF;
  // The body of a request that the watchdog let go comes after all, and proves nothing.
  if (request.decided) return DATA_CONTINUE;
  if (holds) {
    root.bodySeen = true;
    unhold(root, request);
  }
  request.bytes = holds ? length : plus(request.bytes, length);
  readBody(request, root.knownPool(request.pool), length, holds, end);
  if (!end) return holds ? DATA_STOP_ITERATION_AND_BUFFER : DATA_CONTINUE;
  finishBody(request);
  const outcome = settle(root, request);
  if (outcome == WAITS) return DATA_STOP_ITERATION_AND_BUFFER;
  return outcome == ANSWERED ? DATA_STOP_ITERATION_NO_BUFFER : DATA_CONTINUE;
}

/** Trailers end a body whose last piece was not marked as the last. */
export function onRequestTrailers(request: Request): u32 {
  if (request.decided) return TRAILERS_CONTINUE;
  const root = rootAt(request);
  unhold(root, request);
  finishBody(request);
  return settle(root, request) == GOES_ON ? TRAILERS_CONTINUE : TRAILERS_STOP_ITERATION;
}

// The body is whole: answers it, or lets it go or wait.
function settle(root: Root, request: Request): i32 {
  if (request.traced != 0) changetype<Traced>(request.traced).wholeAt = host.now();
  keepBody(request);
  tellLength(root, request);
  return checkBody(request, true) && withinLimits(root, request) ? admit(root, request) : ANSWERED;
}

/** The answer's headers: now it is known who really serves. `end`: the answer has no body. */
export function onResponseHeaders(request: Request, end: bool): void {
  // What of the request is still to come finds it answered: figures noted then would be taken out where none went in.
  request.decided = true;
  unhold(rootAt(request), request);
  leaveQueue(request); // the gateway has answered in its place
  explain(request);
  tellLimits(request);
  readStatus(request);
  if (!host.getProperty(UPSTREAM_ADDRESS)) {
    request.local = true;
    return;
  }
  const key = xxh64(host.resultAt, host.resultLength);
  const picked = request.slot != 0 && request.byPod && listed(request, key);
  const served = picked ? changetype<Slot>(request.slot) : findSlot(key);
  const failed = request.status >= 400;
  request.endpoint = served !== null ? served.key : key;
  if (served !== null) {
    servedBy(request, served, failed);
  } else {
    servedByNobody(request);
    uncount(request);
  }
  dropBody(request); // no retry comes after this
  if (!end) beginAnswer(request);
  if (end || failed) endPrefill(request);
  else if (request.slot != 0 && request.usage == 0 && !isEncoded()) request.usage = changetype<usize>(takeUsage());
  if (served !== null && !failed) tellSession(rootAt(request), request.pool, served.key);
  if (request.picks == 0 || listed(request, key)) return;
  count(NOT_OBEYED);
  if (!warning.due(host.now())) return;
  host.logWarn(
    host.logLine().add("an endpoint answered that was not picked: the cluster needs the override_host policy reading ")
      .add("x-gateway-destination-endpoint (with hold \"buffer\" behind the buffer and header_mutation filters) and ")
      .add("every endpoint of the pool; or all picked endpoints refused and a retry went elsewhere"),
  );
}

/** A piece of the answer's body. */
export function onResponseBody(request: Request, length: u32, end: bool): void {
  request.answerBytes = plus(request.answerBytes, length);
  const at = learn(request, length, end);
  if (request.renaming == 0) return;
  const renaming = changetype<Renaming>(request.renaming);
  if (renaming.answering) renameAnswer(renaming, at, length, end);
}

// What a piece of the answer teaches. Returns the address of the piece; 0 where it has not been read as a whole.
function learn(request: Request, length: u32, end: bool): usize {
  if (length > 0) endPrefill(request);
  if (request.usage == 0 || request.lastAt != 0) return 0;
  const usage = changetype<UsageScan>(request.usage);
  const at = readUsage(usage, length);
  // Comments that keep a connection alive, and errors in place of a stream, have no event with data.
  if (request.firstAt == 0 && usage.chunks != 0) {
    request.firstAt = host.now();
    firstToken(request);
  }
  if (!end) return at;
  request.lastAt = host.now();
  correctCharge(rootAt(request), request, usage);
  finished(request, usage);
  return at;
}

/** The stream is over, whatever way it ended. */
export function onEnd(request: Request): void {
  const counted = request.slot != 0;
  unhold(rootAt(request), request);
  leaveQueue(request);
  servedByNobody(request);
  endPrefill(request);
  uncount(request);
  endRunning(request);
  observe(request);
  settleLimits(request);
  if (counted) dispatchAfter(request);
}

// An error is the endpoint's, or Envoy's own after an endpoint could not be reached or broke off, in which case that
// endpoint is still shown as the one that serves. This header and the encoding are read by name: in Envoy that takes
// 2.9 to 3.6 us, and all headers at once, eight of them and walked, 3.1 to 4.7 us.
function readStatus(request: Request): void {
  if (!host.getHeader(MAP_RESPONSE_HEADERS, STATUS.at, STATUS.length) || host.resultLength != 3) return;
  let status: u32 = 0;
  for (let i: u32 = 0; i < 3; i++) status = status * 10 + u32(load<u8>(host.resultAt + i)) - 0x30;
  if (status >= 100 && status < 1000) request.status = status;
}

// Whether the answer's bytes are compressed, or otherwise not what the model server wrote.
function isEncoded(): bool {
  if (!host.getHeader(MAP_RESPONSE_HEADERS, ENCODING.at, ENCODING.length) || host.resultLength == 0) return false;
  return host.resultLength != IDENTITY.length || memory.compare(host.resultAt, IDENTITY.at, IDENTITY.length) != 0;
}

function plus(bytes: u32, more: u32): u32 {
  return u32(min<u64>(u64(bytes) + more, u64(u32.MAX_VALUE)));
}

// Usage stands at the end of an answer: of a long piece only the last bytes are read. Returns the address of one that
// is not long, otherwise 0.
function readUsage(usage: UsageScan, length: u32): usize {
  const read = min(length, USAGE_BYTES);
  if (read == 0 || !host.getBuffer(BUFFER_RESPONSE_BODY, length - read, read)) return 0;
  const at = host.resultAt;
  scanUsage(usage, at, host.resultLength);
  return host.resultLength == length ? at : 0;
}
