// Envoy's own counters, summed over all workers; Prometheus shows them without Envoy's `wasmcustom` prefix. Counting
// is a local addition; ticks hand the sums to the host. Gauges are set as a whole by the worker that holds the lease:
// of a share that each worker added, nobody could take back that of a worker which has crashed.

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
/** Records of other workers and gateways that were taken up. */
export const RECORDS_LEARNED: i32 = 7;
/** Records that left a journal before another worker had read them. */
export const RECORDS_LOST: i32 = 8;
/** Requests that no endpoint may serve by the filters of the scheduling profile. */
export const FILTERED: i32 = 9;
/** Requests turned away for their priority while the pool was saturated. */
export const SHED: i32 = 10;
/** Requests that had to wait, that went on after that, that waited for too long, that found no room to wait. */
export const HELD: i32 = 11;
export const DISPATCHED: i32 = 12;
export const EXPIRED: i32 = 13;
export const OVERFLOWED: i32 = 14;
/** Requests whose bodies no model server could serve. */
export const BAD_REQUESTS: i32 = 15;
/** Requests of which the sidecar was not told what became of them. */
export const OBSERVATIONS_DROPPED: i32 = 16;
/** Requests that were turned away by a rate limit. */
export const RATE_LIMITED: i32 = 17;
/** Calls in which the sidecar was to say how budgets of rate limits stand, and did not. */
export const SPENDING_FAILED: i32 = 18;
/** Requests that went on after waiting because one of another worker had ended. */
export const GRANTED: i32 = 19;
/** Traced requests of which the sidecar was not told what a trace needs. */
export const TRACES_DROPPED: i32 = 20;
const COUNTERS: i32 = 21;

/** Requests in flight in all workers. */
export const IN_FLIGHT: i32 = 0;
/** 1 while the stream to the sidecar is open, 0 otherwise. */
export const STREAM_OPEN: i32 = 1;
/** Seconds since the last frame from the sidecar was accepted. */
export const STATE_AGE: i32 = 2;
/** Requests that wait in all workers. */
export const WAITING: i32 = 3;

const ids: usize = memory.data(84); // u32[COUNTERS]
const pending: usize = memory.data(168, 8); // u64[COUNTERS]
const gaugeIds: usize = memory.data(16); // u32, by gauge
let defined: bool = false;

/** Defines the metrics; once per VM. */
export function defineMetrics(): void {
  if (defined) return;
  defined = true;
  define(PICKS, "inline_epp_picks_total");
  define(FAILED_OPEN, "inline_epp_failed_open_total");
  define(FAILED_CLOSED, "inline_epp_failed_closed_total");
  define(NOT_OBEYED, "inline_epp_not_obeyed_total");
  define(WATCHDOG, "inline_epp_watchdog_total");
  define(FRAMES_ACCEPTED, "inline_epp_frames_accepted_total");
  define(FRAMES_REFUSED, "inline_epp_frames_refused_total");
  define(RECORDS_LEARNED, "inline_epp_records_learned_total");
  define(RECORDS_LOST, "inline_epp_records_lost_total");
  define(FILTERED, "inline_epp_filtered_out_total");
  define(SHED, "inline_epp_shed_total");
  define(HELD, "inline_epp_held_total");
  define(DISPATCHED, "inline_epp_dispatched_total");
  define(GRANTED, "inline_epp_granted_total");
  define(EXPIRED, "inline_epp_expired_total");
  define(OVERFLOWED, "inline_epp_overflowed_total");
  define(BAD_REQUESTS, "inline_epp_bad_requests_total");
  define(OBSERVATIONS_DROPPED, "inline_epp_observations_dropped_total");
  define(TRACES_DROPPED, "inline_epp_traces_dropped_total");
  define(RATE_LIMITED, "inline_epp_rate_limited_total");
  define(SPENDING_FAILED, "inline_epp_rate_limit_calls_failed_total");
  defineGauge(IN_FLIGHT, "inline_epp_in_flight");
  defineGauge(STREAM_OPEN, "inline_epp_state_stream_open");
  defineGauge(WAITING, "inline_epp_waiting");
  defineGauge(STATE_AGE, "inline_epp_state_age_seconds");
}

function define(counter: i32, name: string): void {
  store<u32>(ids + (usize(counter) << 2), host.defineMetric(METRIC_COUNTER, text(name)));
}

function defineGauge(gauge: i32, name: string): void {
  store<u32>(gaugeIds + (usize(gauge) << 2), host.defineMetric(METRIC_GAUGE, text(name)));
}

/** Adds one to a counter. */
@inline
export function count(counter: i32): void {
  countMany(counter, 1);
}

/** Adds to a counter. */
@inline
export function countMany(counter: i32, by: u64): void {
  const at = pending + (usize(counter) << 3);
  store<u64>(at, load<u64>(at) + by);
}

/** Sets a gauge. */
export function setGauge(gauge: i32, value: u64): void {
  host.recordMetric(load<u32>(gaugeIds + (usize(gauge) << 2)), value);
}

/** Hands what has been counted to the host. */
export function flushMetrics(): void {
  for (let i: i32 = 0; i < COUNTERS; i++) {
    const at = pending + (usize(i) << 3);
    const value = load<u64>(at);
    if (value == 0) continue;
    host.incrementMetric(load<u32>(ids + (usize(i) << 2)), i64(value));
    store<u64>(at, 0);
  }
}
