import { addScore, candidateQueue, candidates } from "../candidates.ts";

/**
 * queue-scorer: (max - waiting) / (max - min) over the candidates, 1 where all are equal. Range 0..1. Missing value:
 * an endpoint without a fresh sample counts its requests in flight as waiting.
 */
export function scoreQueue(weight: f64): void {
  let least = f64.MAX_VALUE;
  let most: f64 = 0;
  for (let i: u32 = 0; i < candidates(); i++) {
    least = min(least, candidateQueue(i));
    most = max(most, candidateQueue(i));
  }
  const spread = most - least;
  for (let i: u32 = 0; i < candidates(); i++) {
    addScore(i, spread > 0 ? (most - candidateQueue(i)) / spread : 1, weight);
  }
}
