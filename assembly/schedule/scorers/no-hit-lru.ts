import { addScore, candidateMatched, candidates, candidateSlot } from "../candidates.ts";
import { coldMark, earlierColdPick, hadColdPick, latestColdPick, setColdMark } from "../cold-picks.ts";

const WARM: f64 = 0.5;
/** lruSize where the one given is not above 0. */
const DEFAULT_SIZE: f64 = 1024;
/** Mark of a candidate that has its score; below it, a candidate's place + 1. */
const SCORED: u32 = u32.MAX_VALUE;

/** Whether the request that was scored last is cold: whoever is picked for it has the latest cold pick. */
export let coldRequest: bool = false;

/** Another request: nothing says that it is cold. */
export function resetColdRequest(): void {
  coldRequest = false;
}

/**
 * no-hit-lru-scorer: spreads cold requests, so that caches grow evenly. Where any candidate holds a block of the
 * prompt, 0.5 to all. Else 1 - rank / (n - 1) over n candidates: first those that never got a cold request, in their
 * order, then the others from the earliest to the latest; of these only the `size` latest count, `size` being lruSize.
 * Alone 1. Range 0..1. Missing value: an endpoint of which no cold request is known never got one, and where nothing
 * is known of the prompt, the request is cold.
 */
export function scoreNoHitLru(weight: f64, size: f64): void {
  const count = candidates();
  coldRequest = true;
  for (let i: u32 = 0; i < count; i++) {
    if (candidateMatched(i) > 0) coldRequest = false;
  }
  if (!coldRequest || count == 1) {
    for (let i: u32 = 0; i < count; i++) addScore(i, coldRequest ? 1 : WARM, weight);
    return;
  }
  const last = f64(count) - 1;
  scoreUsed(weight, size >= 1 ? size : DEFAULT_SIZE, last);
  let rank: f64 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const number = candidateSlot(i).number;
    if (hadColdPick(number)) {
      const mark = coldMark(number);
      setColdMark(number, 0);
      if (mark == SCORED) continue;
    }
    addScore(i, 1 - rank / last, weight);
    rank++;
  }
}

// Scores the candidates that had cold picks, the latest first, and marks them. `last` is the latest's rank.
function scoreUsed(weight: f64, size: f64, last: f64): void {
  let used: u32 = 0;
  for (let i: u32 = 0; i < candidates(); i++) {
    const number = candidateSlot(i).number;
    if (!hadColdPick(number)) continue;
    setColdMark(number, i + 1);
    used++;
  }
  if (f64(used) > size) used = u32(size);
  let rank = last;
  for (let at = latestColdPick(); at != 0 && used > 0; at = earlierColdPick(at - 1)) {
    const mark = coldMark(at - 1);
    if (mark == 0) continue;
    addScore(mark - 1, 1 - rank / last, weight);
    setColdMark(at - 1, SCORED);
    rank--;
    used--;
  }
}
