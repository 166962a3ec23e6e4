import { candidateIndex, candidates, pickCount, setPick, swapCandidates } from "../candidates.ts";
import { randomBelow } from "../random.ts";

/** random-picker: candidates in random order, whatever their scores. Returns how many it picked. */
export function pickRandom(most: f64): u32 {
  const wanted = pickCount(most);
  for (let place: u32 = 0; place < wanted; place++) {
    swapCandidates(place, place + randomBelow(candidates() - place));
    setPick(place, candidateIndex(place));
  }
  return wanted;
}
