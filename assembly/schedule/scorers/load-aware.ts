import { addScore, candidateQueue, candidates } from "../candidates.ts";

/** threshold where the one given is not above 0. */
const DEFAULT_THRESHOLD: f64 = 128;

/**
 * load-aware-scorer: 0.5 x (1 - min(waiting, threshold) / threshold). Range 0..0.5; more than that is kept for
 * endpoints of which free capacity would be known. Missing value: an endpoint without a fresh sample counts its
 * requests in flight as waiting.
 */
export function scoreLoadAware(weight: f64, threshold: f64): void {
  const most = threshold > 0 ? threshold : DEFAULT_THRESHOLD;
  for (let i: u32 = 0; i < candidates(); i++) {
    addScore(i, 0.5 * (1 - min<f64>(candidateQueue(i), most) / most), weight);
  }
}
