import { MAX_DESTINATIONS } from "../../../wire/layout.ts";
import { candidateIndex, candidates, candidateTotal, pickCount, setPick } from "../candidates.ts";
import { randomBits } from "../random.ts";

// The best so far, best first: candidate, total, and a random number that orders equals.
const bestAt: usize = memory.data(64, 16); // u32[MAX_DESTINATIONS]
const totalsAt: usize = memory.data(128, 16); // f64[MAX_DESTINATIONS]
const drawsAt: usize = memory.data(128, 16); // u64[MAX_DESTINATIONS]

/**
 * max-score-picker: the candidates of the highest totals, best first; equals in random order. `most` is
 * maxNumOfEndpoints. Returns how many it picked.
 */
export function pickMaxScore(most: f64): u32 {
  const count = candidates();
  const wanted = pickCount(most);
  if (wanted == 0) return 0;
  const last = usize(wanted - 1) << 3;
  let found: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const total = candidateTotal(i);
    if (found == wanted && total < load<f64>(totalsAt + last)) continue; // as nearly all of many
    const draw = randomBits();
    if (found < wanted) found++;
    else if (!precedes(total, draw, last)) continue;
    insert(i, total, draw, found - 1);
  }
  for (let place: u32 = 0; place < wanted; place++) {
    setPick(place, candidateIndex(load<u32>(bestAt + (usize(place) << 2))));
  }
  return wanted;
}

// Whether a candidate comes before the one whose figures stand at `offset`.
@inline
function precedes(total: f64, draw: u64, offset: usize): bool {
  const other = load<f64>(totalsAt + offset);
  return total > other || (total == other && draw > load<u64>(drawsAt + offset));
}

// Puts a candidate where it belongs among the best; who stands at `place` makes room.
function insert(candidate: u32, total: f64, draw: u64, place: u32): void {
  let at = usize(place);
  for (; at > 0 && precedes(total, draw, (at - 1) << 3); at--) {
    store<u32>(bestAt + (at << 2), load<u32>(bestAt + ((at - 1) << 2)));
    store<f64>(totalsAt + (at << 3), load<f64>(totalsAt + ((at - 1) << 3)));
    store<u64>(drawsAt + (at << 3), load<u64>(drawsAt + ((at - 1) << 3)));
  }
  store<u32>(bestAt + (at << 2), candidate);
  store<f64>(totalsAt + (at << 3), total);
  store<u64>(drawsAt + (at << 3), draw);
}

// The lists are sized by hand, since memory.data takes literals only.
if (MAX_DESTINATIONS != 16) throw new RangeError("the lists do not fit the wire's limit");
