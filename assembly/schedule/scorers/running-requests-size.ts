import { addScore, candidateRunning, candidates } from "../candidates.ts";

/**
 * running-requests-size-scorer: (max - running) / (max - min) over the candidates, 1 where all are equal. Range 0..1.
 * Missing value: an endpoint without a fresh sample counts its requests in flight as running.
 */
export function scoreRunningRequestsSize(weight: f64): void {
  let least = f64.MAX_VALUE;
  let most: f64 = 0;
  for (let i: u32 = 0; i < candidates(); i++) {
    least = min(least, candidateRunning(i));
    most = max(most, candidateRunning(i));
  }
  const spread = most - least;
  for (let i: u32 = 0; i < candidates(); i++) {
    addScore(i, spread > 0 ? (most - candidateRunning(i)) / spread : 1, weight);
  }
}
