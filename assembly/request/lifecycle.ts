// What happens at each of a stream's callbacks.

import * as host from "../abi/host.ts";
import {
  DATA_CONTINUE, DATA_STOP_ITERATION_AND_BUFFER, DATA_STOP_ITERATION_NO_BUFFER, HEADERS_CONTINUE,
  HEADERS_STOP_ITERATION, MAP_REQUEST_HEADERS, TRAILERS_CONTINUE, TRAILERS_STOP_ITERATION,
} from "../abi/values.ts";
import { HOLD_SELF } from "../config/plugin-config.ts";
import { xxh64 } from "../hash/xxh64.ts";
import { count, NOT_OBEYED } from "../metrics.ts";
import { Root } from "../root.ts";
import { findSlot } from "../state/slots.ts";
import { text } from "../text/text.ts";
import { decide, DESTINATION_HEADER } from "./decide.ts";
import { countAt, listed, Request, uncount } from "./request.ts";
import { hold, unhold } from "./watchdog.ts";

const UPSTREAM_ADDRESS = text("upstream\0address");
const WARNED_EVERY: u64 = 60_000_000;
let nextWarning: u64 = 0;

@inline
function rootAt(request: Request): Root {
  return changetype<Root>(request.root);
}

/** A client has no say in the destination. */
export function removeDestination(): void {
  host.removeHeader(MAP_REQUEST_HEADERS, DESTINATION_HEADER);
}

/** The request's headers. Without a body the decision falls here. */
export function onRequestHeaders(request: Request, end: bool): u32 {
  const root = rootAt(request);
  if (end) return decide(root, request, false) ? HEADERS_CONTINUE : HEADERS_STOP_ITERATION;
  if (root.config.hold != HOLD_SELF) return HEADERS_CONTINUE; // the buffer filter behind this one holds it
  hold(root, request);
  return HEADERS_STOP_ITERATION;
}

/** A piece of the request's body; with the last one the decision falls. */
export function onRequestBody(request: Request, end: bool): u32 {
  const root = rootAt(request);
  const holds = root.config.hold == HOLD_SELF;
  // The body of a request that the watchdog let go comes after all, and proves nothing.
  if (request.decided) return DATA_CONTINUE;
  if (holds) {
    root.bodySeen = true;
    unhold(root, request);
  }
  if (!end) return holds ? DATA_STOP_ITERATION_AND_BUFFER : DATA_CONTINUE;
  return decide(root, request, true) ? DATA_CONTINUE : DATA_STOP_ITERATION_NO_BUFFER;
}

/** Trailers end a body whose last piece was not marked as the last. */
export function onRequestTrailers(request: Request): u32 {
  if (request.decided) return TRAILERS_CONTINUE;
  const root = rootAt(request);
  unhold(root, request);
  return decide(root, request, true) ? TRAILERS_CONTINUE : TRAILERS_STOP_ITERATION;
}

/** The answer's headers: now it is known who really serves. */
export function onResponseHeaders(request: Request): void {
  if (!host.getProperty(UPSTREAM_ADDRESS)) return; // a local reply
  const key = xxh64(host.resultAt, host.resultLength);
  const served = findSlot(key);
  if (served === null) uncount(request);
  else countAt(request, served);
  if (request.picks == 0 || listed(request, key)) return;
  count(NOT_OBEYED);
  const now = host.now();
  if (now < nextWarning) return;
  nextWarning = now + WARNED_EVERY;
  host.logWarn(
    host.logLine().add("an endpoint answered that was not picked: the cluster needs the override_host policy reading ")
      .add("x-gateway-destination-endpoint (with hold \"buffer\" behind the buffer and header_mutation filters) and every ")
      .add("endpoint of the pool; or all picked endpoints refused and a retry went elsewhere"),
  );
}

/** The stream is over, whatever way it ended. */
export function onDone(request: Request): void {
  unhold(rootAt(request), request);
  uncount(request);
}
