import { candidateIndex, candidates, candidateTotal, pickCount, setPick, swapCandidates } from "../candidates.ts";
import { randomBelow } from "../random.ts";

/**
 * max-score-picker: the candidates of the highest totals, best first; equals in random order. `most` is
 * maxNumOfEndpoints. Returns how many it picked.
 */
export function pickMaxScore(most: f64): u32 {
  const count = candidates();
  const wanted = pickCount(most);
  for (let place: u32 = 0; place < wanted; place++) {
    let best = place;
    let ties: u32 = 1;
    for (let i = place + 1; i < count; i++) {
      const total = candidateTotal(i);
      const leader = candidateTotal(best);
      if (total > leader) {
        best = i;
        ties = 1;
      } else if (total == leader && randomBelow(++ties) == 0) {
        best = i; // the n-th equal replaces the others with probability 1/n: each ends up first equally often
      }
    }
    setPick(place, candidateIndex(best));
    swapCandidates(place, best);
  }
  return wanted;
}
