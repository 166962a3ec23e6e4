import { addScore, candidateQueue, candidateRunning, candidates } from "../candidates.ts";

/** What a running request weighs beside a waiting one: any number of them less than one that waits. */
const RUNNING_SHARE: f64 = 1.0 / 1024;

/**
 * queue-scorer: (max - depth) / (max - min) over the candidates, 1 where all are equal. Range 0..1. The depth is the
 * number of requests waiting; endpoints where as many wait differ by what runs there, since the one that runs fewer is
 * further from a queue. Engines rarely queue below saturation, and without this all of them would be equal until then.
 * Missing value: an endpoint without a fresh sample counts its requests in flight as waiting.
 */
export function scoreQueue(weight: f64): void {
  let least = f64.MAX_VALUE;
  let most: f64 = 0;
  for (let i: u32 = 0; i < candidates(); i++) {
    const depth = depthOf(i);
    least = min(least, depth);
    most = max(most, depth);
  }
  const spread = most - least;
  for (let i: u32 = 0; i < candidates(); i++) {
    addScore(i, spread > 0 ? (most - depthOf(i)) / spread : 1, weight);
  }
}

@inline
function depthOf(i: u32): f64 {
  return candidateQueue(i) + candidateRunning(i) * RUNNING_SHARE;
}
