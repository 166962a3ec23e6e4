// Envoy's own counters, summed over all workers; Prometheus shows them without Envoy's `wasmcustom` prefix. Counting
// is a local addition; ticks hand the sums to the host.

import * as host from "./abi/host.ts";
import { METRIC_COUNTER, METRIC_GAUGE } from "./abi/values.ts";
import { text } from "./text/text.ts";

/** Requests for which an endpoint was picked. */
export const PICKS: i32 = 0;
/** Requests without a decision, by what became of them. */
export const FAILED_OPEN: i32 = 1;
export const FAILED_CLOSED: i32 = 2;
/** Answers that came from an endpoint that was not among the picks: the cluster does not obey. */
export const NOT_OBEYED: i32 = 3;
/** Held requests that the watchdog let go. */
export const WATCHDOG: i32 = 4;
export const FRAMES_ACCEPTED: i32 = 5;
export const FRAMES_REFUSED: i32 = 6;
const COUNTERS: i32 = 7;

const ids: usize = memory.data(28); // u32[COUNTERS]
const pending: usize = memory.data(56, 8); // u64[COUNTERS]
let inFlightId: u32 = 0;
let inFlightReported: u32 = 0;

/** Defines the metrics; once per VM. */
export function defineMetrics(): void {
  if (inFlightId != 0) return;
  define(PICKS, "inline_epp_picks_total");
  define(FAILED_OPEN, "inline_epp_failed_open_total");
  define(FAILED_CLOSED, "inline_epp_failed_closed_total");
  define(NOT_OBEYED, "inline_epp_not_obeyed_total");
  define(WATCHDOG, "inline_epp_watchdog_total");
  define(FRAMES_ACCEPTED, "inline_epp_frames_accepted_total");
  define(FRAMES_REFUSED, "inline_epp_frames_refused_total");
  inFlightId = host.defineMetric(METRIC_GAUGE, text("inline_epp_in_flight"));
}

function define(counter: i32, name: string): void {
  store<u32>(ids + (usize(counter) << 2), host.defineMetric(METRIC_COUNTER, text(name)));
}

/** Adds one to a counter. */
@inline
export function count(counter: i32): void {
  const at = pending + (usize(counter) << 3);
  store<u64>(at, load<u64>(at) + 1);
}

/** Hands what has been counted to the host. `inFlight`: requests that this worker has in flight now. */
export function flushMetrics(inFlight: u32): void {
  for (let i: i32 = 0; i < COUNTERS; i++) {
    const at = pending + (usize(i) << 3);
    const value = load<u64>(at);
    if (value == 0) continue;
    host.incrementMetric(load<u32>(ids + (usize(i) << 2)), i64(value));
    store<u64>(at, 0);
  }
  if (inFlight != inFlightReported) {
    host.incrementMetric(inFlightId, i64(inFlight) - i64(inFlightReported));
    inFlightReported = inFlight;
  }
}
