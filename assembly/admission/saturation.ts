// How full a pool is: 1 and above means that it takes no more. Both figures are the reference's detectors'.
//
//   utilization   mean over the ready endpoints of max(queue / queueDepthThreshold, KV use / kvCacheUtilThreshold),
//                 an endpoint whose sample is stale counting as 1
//   concurrency   requests, or tokens, in flight at them / (endpoints x maximum); hybrid: the mean over the endpoints
//                 of the larger of both shares
//
// Queues and what is in flight are this worker's live estimates, so what was sent on since the last sample counts.

import {
  DETECTOR_CONCURRENCY, LOAD_FRESH_FOR, SAMPLE_AGE, SAMPLE_FLAGS, SAMPLE_KV_USAGE, SAMPLE_READY,
} from "../../wire/layout.ts";
import { estimate, estimatedQueue } from "../state/estimate.ts";
import { Pool } from "../state/pool.ts";
import { Slot } from "../state/slots.ts";
import { detectorParameter, planDetector } from "../wire/admission.ts";
import { loadEndpoints, loadReceivedAt, sampleRow } from "../wire/load.ts";

const MODE_TOKENS: f64 = 1;
const MODE_HYBRID: f64 = 2;

/** Whether any endpoint of the pool takes requests. */
export function anyReady(pool: Pool): bool {
  const count = loadEndpoints(pool.load);
  for (let i: u32 = 0; i < count; i++) {
    if (isReady(sampleRow(pool.load, i))) return true;
  }
  return false;
}

/**
 * Saturation of a usable pool; 1 where no endpoint takes requests. `now` and `staleAfter`, for which the sidecar may
 * have been silent, are microseconds.
 */
export function saturation(pool: Pool, now: u64, staleAfter: i64): f64 {
  const count = loadEndpoints(pool.load);
  const concurrency = planDetector(pool.plan) == u32(DETECTOR_CONCURRENCY);
  const silent = i64(now - loadReceivedAt(pool.load)) > staleAfter;
  let ready: u32 = 0;
  let sum: f64 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const sample = sampleRow(pool.load, i);
    if (!isReady(sample)) continue;
    ready++;
    sum += concurrency ? inFlightShare(pool.plan, pool.slot(i)) : silent ? 1 : utilization(pool, pool.slot(i), sample);
  }
  return ready == 0 ? 1 : sum / f64(ready);
}

@inline
function isReady(sample: usize): bool {
  return (load<u32>(sample, SAMPLE_FLAGS) & SAMPLE_READY) != 0;
}

// Every endpoint has the same maximum, so the mean of the shares is the share of the sums.
function inFlightShare(plan: usize, slot: Slot): f64 {
  const mode = detectorParameter(plan, 3);
  const requests = f64(slot.inFlight()) / detectorParameter(plan, 0);
  const tokens = slot.tokensInFlight() / detectorParameter(plan, 1);
  return mode == MODE_TOKENS ? tokens : mode == MODE_HYBRID ? max(requests, tokens) : requests;
}

// The sidecar sends a sample again only when it has changed, or to say that it is still true: ages below LOAD_FRESH_FOR
// say nothing here, so a shorter threshold than that cannot be kept.
function utilization(pool: Pool, slot: Slot, sample: usize): f64 {
  const staleFrom = max(detectorParameter(pool.plan, 2), f64(load<u32>(pool.load, LOAD_FRESH_FOR)));
  if (f64(load<u32>(sample, SAMPLE_AGE)) > staleFrom) return 1;
  estimate(slot, sample, pool.batchLimit);
  const queue = estimatedQueue / detectorParameter(pool.plan, 0);
  return max(queue, f64(load<f32>(sample, SAMPLE_KV_USAGE)) / detectorParameter(pool.plan, 1));
}
