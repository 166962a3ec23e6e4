// The endpoints under consideration in the pick that is running, as parallel columns in static memory. A pick is
// never interrupted by another on the same VM, so one set of columns serves all.

import { MAX_DESTINATIONS, MAX_ENDPOINTS } from "../../wire/layout.ts";

const indices: usize = memory.data(16384, 16); // u32[MAX_ENDPOINTS], row in the roster
const queues: usize = memory.data(32768, 16); // f64[MAX_ENDPOINTS], requests waiting
const runnings: usize = memory.data(32768, 16); // f64[MAX_ENDPOINTS], requests running
const usages: usize = memory.data(32768, 16); // f64[MAX_ENDPOINTS], KV cache use, 0..1
const totals: usize = memory.data(32768, 16); // f64[MAX_ENDPOINTS], weighted sum of scores
const picks: usize = memory.data(64, 16); // u32[MAX_DESTINATIONS], rows in the roster, best first

let count: u32 = 0;

/** How many candidates there are. */
export function candidates(): u32 {
  return count;
}

/** Starts a new pick. */
export function clearCandidates(): void {
  count = 0;
}

/** Adds a roster row with its present figures. The caller keeps to MAX_ENDPOINTS. */
@inline
export function addCandidate(index: u32, queue: f64, running: f64, usage: f64): void {
  const i = usize(count++);
  store<u32>(indices + (i << 2), index);
  store<f64>(queues + (i << 3), queue);
  store<f64>(runnings + (i << 3), running);
  store<f64>(usages + (i << 3), usage);
  store<f64>(totals + (i << 3), 0);
}

@inline
export function candidateIndex(i: u32): u32 {
  return load<u32>(indices + (usize(i) << 2));
}

@inline
export function candidateQueue(i: u32): f64 {
  return load<f64>(queues + (usize(i) << 3));
}

@inline
export function candidateRunning(i: u32): f64 {
  return load<f64>(runnings + (usize(i) << 3));
}

@inline
export function candidateUsage(i: u32): f64 {
  return load<f64>(usages + (usize(i) << 3));
}

@inline
export function candidateTotal(i: u32): f64 {
  return load<f64>(totals + (usize(i) << 3));
}

/** Adds weight x score to a candidate's total, the score held to 0..1. */
@inline
export function addScore(i: u32, score: f64, weight: f64): void {
  const at = totals + (usize(i) << 3);
  store<f64>(at, load<f64>(at) + weight * min<f64>(max<f64>(score, 0), 1));
}

/** Exchanges two candidates' rows; totals go along, figures that only scorers read do not. */
@inline
export function swapCandidates(a: u32, b: u32): void {
  const indexA = candidateIndex(a);
  store<u32>(indices + (usize(a) << 2), candidateIndex(b));
  store<u32>(indices + (usize(b) << 2), indexA);
  const totalA = candidateTotal(a);
  store<f64>(totals + (usize(a) << 3), candidateTotal(b));
  store<f64>(totals + (usize(b) << 3), totalA);
}

/** How many destinations a picker may give: what it was asked for, what there are, what fits. */
export function pickCount(most: f64): u32 {
  const asked = most >= 1 ? u32(min<f64>(most, MAX_DESTINATIONS)) : 1;
  return min(asked, count);
}

@inline
export function setPick(place: u32, index: u32): void {
  store<u32>(picks + (usize(place) << 2), index);
}

/** The roster row of the pick at a place, 0 the best. */
@inline
export function pickAt(place: u32): u32 {
  return load<u32>(picks + (usize(place) << 2));
}

// The columns above are sized by hand, since memory.data takes literals only.
if (MAX_ENDPOINTS != 4096 || MAX_DESTINATIONS != 16) throw new RangeError("columns do not fit the wire limits");
