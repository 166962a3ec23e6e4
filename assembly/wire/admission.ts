// What a PLAN says of saturation and of waiting.

import {
  ACCEPTED, BAND_BYTES, BAND_DEFAULT, BAND_EXACT, BAND_FAIRNESS, BAND_HALF_LIFE, BAND_KIND, BAND_MAX_BYTES,
  BAND_MAX_REQUESTS, BAND_NEGATIVE, BAND_ORDER, BAND_PRIORITY, DETECTOR_CONCURRENCY, DETECTOR_UTILIZATION,
  FAIRNESS_GLOBAL_STRICT, FAIRNESS_RECENT_TOKENS, ORDER_FCFS, ORDER_SLO_DEADLINE, PLAN_BANDS, PLAN_DETECTOR,
  PLAN_DETECTOR_PARAMETERS, PLAN_FLAGS, PLAN_FLOW_CONTROL, PLAN_NO_ENDPOINT_TTL, PLAN_QUEUE_BYTES, PLAN_QUEUE_REQUESTS,
  PLAN_TTL, PLAN_USAGE_LIMIT, PLAN_VALUES, REFUSED_VALUE,
} from "../../wire/layout.ts";
import { allFinite, valueRow } from "./plan.ts";

/** Checks a PLAN's admission and bands; its tables have been found to fit. Returns ACCEPTED or REFUSED_VALUE. */
export function checkAdmission(frame: usize): i32 {
  const detector = planDetector(frame);
  if (detector < u32(DETECTOR_UTILIZATION) || detector > u32(DETECTOR_CONCURRENCY)) return REFUSED_VALUE;
  if (load<u32>(frame, PLAN_FLAGS) > u32(PLAN_FLOW_CONTROL)) return REFUSED_VALUE;
  if (!allFinite(frame + PLAN_DETECTOR_PARAMETERS)) return REFUSED_VALUE;
  if (detectorParameter(frame, 0) <= 0 || detectorParameter(frame, 1) <= 0) return REFUSED_VALUE;
  if (!isAbove0(planUsageLimit(frame))) return REFUSED_VALUE;
  return checkBands(frame);
}

function checkBands(frame: usize): i32 {
  const bands = planBands(frame);
  let defaults = 0;
  let negatives = 0;
  for (let i: u32 = 0; i < bands; i++) {
    const row = bandRow(frame, i);
    const kind = bandKind(row);
    if (kind > u32(BAND_NEGATIVE)) return REFUSED_VALUE;
    if (kind == u32(BAND_DEFAULT)) defaults++;
    if (kind == u32(BAND_NEGATIVE)) negatives++;
    if (kind != u32(BAND_EXACT) && bandPriority(row) != 0) return REFUSED_VALUE;
    if (kind == u32(BAND_EXACT) && isNamedBefore(frame, i, bandPriority(row))) return REFUSED_VALUE;
    if (bandMaxBytes(row) == 0 || bandMaxRequests(row) == 0) return REFUSED_VALUE;
    if (bandFairness(row) < u32(FAIRNESS_GLOBAL_STRICT) || bandFairness(row) > u32(FAIRNESS_RECENT_TOKENS)) {
      return REFUSED_VALUE;
    }
    if (bandOrder(row) < u32(ORDER_FCFS) || bandOrder(row) > u32(ORDER_SLO_DEADLINE)) return REFUSED_VALUE;
    if (!isAbove0(bandHalfLife(row))) return REFUSED_VALUE;
  }
  return defaults == 1 && negatives == 1 ? ACCEPTED : REFUSED_VALUE;
}

function isNamedBefore(frame: usize, index: u32, priority: i32): bool {
  for (let i: u32 = 0; i < index; i++) {
    const row = bandRow(frame, i);
    if (bandKind(row) == u32(BAND_EXACT) && bandPriority(row) == priority) return true;
  }
  return false;
}

@inline
function isAbove0(value: f64): bool {
  return isFinite(value) && value > 0;
}

/** DETECTOR_*. */
@inline
export function planDetector(frame: usize): u32 {
  return load<u32>(frame, PLAN_DETECTOR);
}

@inline
export function detectorParameter(frame: usize, slot: u32): f64 {
  return load<f64>(frame + (slot << 3), PLAN_DETECTOR_PARAMETERS);
}

/** Whether requests wait while the pool is saturated. */
@inline
export function planFlowControl(frame: usize): bool {
  return (load<u32>(frame, PLAN_FLAGS) & u32(PLAN_FLOW_CONTROL)) != 0;
}

/** Saturation from which on requests wait. */
@inline
export function planUsageLimit(frame: usize): f64 {
  return load<f64>(frame, PLAN_USAGE_LIMIT);
}

/** Bytes of bodies that may wait over all bands; 0: no limit. */
@inline
export function planQueueBytes(frame: usize): u64 {
  return load<u64>(frame, PLAN_QUEUE_BYTES);
}

/** Requests that may wait over all bands; 0: no limit. */
@inline
export function planQueueRequests(frame: usize): u32 {
  return load<u32>(frame, PLAN_QUEUE_REQUESTS);
}

/** Milliseconds that a request waits at most; 0: no limit. */
@inline
export function planTtl(frame: usize): u32 {
  return load<u32>(frame, PLAN_TTL);
}

/** The same while the pool has no endpoint that takes requests. */
@inline
export function planNoEndpointTtl(frame: usize): u32 {
  return load<u32>(frame, PLAN_NO_ENDPOINT_TTL);
}

@inline
export function planBands(frame: usize): u32 {
  return load<u32>(frame, PLAN_BANDS);
}

@inline
export function bandRow(frame: usize, index: u32): usize {
  return valueRow(frame, load<u32>(frame, PLAN_VALUES)) + usize(index) * BAND_BYTES;
}

/** BAND_*. */
@inline
export function bandKind(row: usize): u32 {
  return load<u32>(row, BAND_KIND);
}

@inline
export function bandPriority(row: usize): i32 {
  return load<i32>(row, BAND_PRIORITY);
}

@inline
export function bandMaxBytes(row: usize): u64 {
  return load<u64>(row, BAND_MAX_BYTES);
}

@inline
export function bandMaxRequests(row: usize): u32 {
  return load<u32>(row, BAND_MAX_REQUESTS);
}

/** FAIRNESS_*. */
@inline
export function bandFairness(row: usize): u32 {
  return load<u16>(row, BAND_FAIRNESS);
}

/** ORDER_*. */
@inline
export function bandOrder(row: usize): u32 {
  return load<u16>(row, BAND_ORDER);
}

/** Seconds after which what a flow has been given counts half. */
@inline
export function bandHalfLife(row: usize): f64 {
  return load<f64>(row, BAND_HALF_LIFE);
}
