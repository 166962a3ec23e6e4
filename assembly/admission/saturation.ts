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

// Modes of the detector by concurrency (2 is the hybrid), and one for the other.
const MODE_REQUESTS: f64 = 0;
const MODE_TOKENS: f64 = 1;
const MODE_UTILIZATION: f64 = -1;

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
 * have been silent, are microseconds. `promised` requests are on their way: each counts as one more in flight, with as
 * many tokens as the others have, or as one that waits at an endpoint.
 */
export function saturation(pool: Pool, now: u64, staleAfter: i64, promised: u32): f64 {
  const count = loadEndpoints(pool.load);
  const plan = pool.plan;
  const mode = planDetector(plan) == u32(DETECTOR_CONCURRENCY) ? detectorParameter(plan, 3) : MODE_UTILIZATION;
  const silent = i64(now - loadReceivedAt(pool.load)) > staleAfter;
  let ready: u32 = 0;
  let sum: f64 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const sample = sampleRow(pool.load, i);
    if (!isReady(sample)) continue;
    ready++;
    if (mode != MODE_UTILIZATION) sum += inFlight(plan, pool.slot(i), mode);
    else sum += silent ? 1 : utilization(pool, pool.slot(i), sample);
  }
  if (ready == 0) return 1;
  if (promised != 0) sum += f64(promised) * oneMore(pool, mode);
  return sum / (f64(ready) * maximum(plan, mode));
}

@inline
function isReady(sample: usize): bool {
  return (load<u32>(sample, SAMPLE_FLAGS) & SAMPLE_READY) != 0;
}

// What endpoints have, summed up before it is divided: numbers of requests and tokens are exact, their shares are not.
@inline
function maximum(plan: usize, mode: f64): f64 {
  return mode == MODE_REQUESTS ? detectorParameter(plan, 0) : mode == MODE_TOKENS ? detectorParameter(plan, 1) : 1;
}

function inFlight(plan: usize, slot: Slot, mode: f64): f64 {
  const requests = f64(slot.inFlight());
  if (mode == MODE_REQUESTS) return requests;
  const tokens = slot.tokensInFlight();
  return mode == MODE_TOKENS ? tokens : max(requests / detectorParameter(plan, 0), tokens / detectorParameter(plan, 1));
}

// What one more request adds, of which nothing is known yet.
function oneMore(pool: Pool, mode: f64): f64 {
  if (mode == MODE_REQUESTS) return 1;
  if (mode != MODE_TOKENS) return 1 / detectorParameter(pool.plan, 0);
  const count = loadEndpoints(pool.load);
  let requests: f64 = 0;
  let tokens: f64 = 0;
  for (let i: u32 = 0; i < count; i++) {
    requests += f64(pool.slot(i).inFlight());
    tokens += pool.slot(i).tokensInFlight();
  }
  return requests == 0 ? 0 : tokens / requests;
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
