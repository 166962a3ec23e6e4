import { addScore, candidates, candidateUsage } from "../candidates.ts";

/**
 * kv-cache-utilization-scorer: 1 - KV cache use. Range 0..1. Missing value: an endpoint without a fresh sample
 * counts as unused; where one candidate has no fresh sample, none has, so the choice is not skewed.
 */
export function scoreKvCacheUtilization(weight: f64): void {
  for (let i: u32 = 0; i < candidates(); i++) addScore(i, 1 - candidateUsage(i), weight);
}
