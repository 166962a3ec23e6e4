import { MAX_ENDPOINTS } from "../../../wire/layout.ts";
import { candidateIndex, candidates, candidateTotal, pickCount, setPick, swapCandidates } from "../candidates.ts";
import { randomBelow, randomUnit } from "../random.ts";

const keys: usize = memory.data(32768, 16); // f64[MAX_ENDPOINTS]

/**
 * weighted-random-picker: candidates by chance, each in proportion to its total. Those with the highest keys
 * U^(1/total), U being uniform, are picked, the highest first (Efraimidis and Spirakis, A-Res; compared here as
 * log(U) / total, which has the same order and does not run into 0). Candidates of total 0 or below come last, in
 * random order; where all are, it is the random-picker. `most` is maxNumOfEndpoints. Returns how many it picked.
 */
export function pickWeightedRandom(most: f64): u32 {
  const count = candidates();
  for (let i: u32 = 0; i < count; i++) {
    const total = candidateTotal(i);
    setKey(i, total > 0 ? Math.log(randomUnit()) / total : -Infinity);
  }
  const wanted = pickCount(most);
  for (let place: u32 = 0; place < wanted; place++) {
    let best = place;
    let ties: u32 = 1;
    for (let i = place + 1; i < count; i++) {
      if (key(i) > key(best)) {
        best = i;
        ties = 1;
      } else if (key(i) == key(best) && randomBelow(++ties) == 0) {
        best = i;
      }
    }
    setPick(place, candidateIndex(best));
    swapCandidates(place, best);
    setKey(best, key(place));
  }
  return wanted;
}

@inline
function key(i: u32): f64 {
  return load<f64>(keys + (usize(i) << 3));
}

@inline
function setKey(i: u32, value: f64): void {
  store<f64>(keys + (usize(i) << 3), value);
}

// Sized by hand, since memory.data takes literals only.
if (MAX_ENDPOINTS != 4096) throw new RangeError("keys do not fit the wire limits");
