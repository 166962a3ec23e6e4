import { addScore, candidateIndex, candidates } from "../candidates.ts";
import { session } from "../inputs.ts";

/**
 * session-affinity-scorer: 1 to the endpoints whose name, `namespace/pod`, the session header holds in base64; 0 to
 * the others. Range 0 and 1. `names` is u64[] by roster row: xxh64 of the endpoints' names. Missing value: without
 * the header, or with one that is no base64 or names no candidate, all get 0.
 */
export function scoreSessionAffinity(weight: f64, names: usize): void {
  if (session == 0) return;
  for (let i: u32 = 0; i < candidates(); i++) {
    if (load<u64>(names + (usize(candidateIndex(i)) << 3)) == session) addScore(i, 1, weight);
  }
}
