// The endpoints under consideration in the profile that is running, as parallel columns in static memory. A pick is
// never interrupted by another on the same VM, so one set of columns serves all.

import { MAX_DESTINATIONS, MAX_ENDPOINTS } from "../../wire/layout.ts";
import { Slot } from "../state/slots.ts";

const indices: usize = memory.data(16384, 16); // u32[MAX_ENDPOINTS], row in the roster
const slots: usize = memory.data(16384, 16); // u32[MAX_ENDPOINTS], address of the Slot
const queues: usize = memory.data(32768, 16); // f64[MAX_ENDPOINTS], requests waiting
const runnings: usize = memory.data(32768, 16); // f64[MAX_ENDPOINTS], requests running
const usages: usize = memory.data(32768, 16); // f64[MAX_ENDPOINTS], KV cache use, 0..1
const totals: usize = memory.data(32768, 16); // f64[MAX_ENDPOINTS], weighted sum of scores
// These three are filled only where a plugin reads them (signals.ts).
const matches: usize = memory.data(16384, 16); // u32[MAX_ENDPOINTS], blocks of the prompt that it holds
const ttfts: usize = memory.data(32768, 16); // f64[MAX_ENDPOINTS], predicted, ms; NaN unknown
const tpots: usize = memory.data(32768, 16); // f64[MAX_ENDPOINTS], predicted, ms; NaN unknown

const picks: usize = memory.data(192, 16); // u32[lists][MAX_DESTINATIONS], rows in the roster, best first

/** Lists of picks, one for each part of a request's way: what pickAt reads, and what runs before it. */
export const PRIMARY: u32 = 0;
export const PREFILL: u32 = 1;
export const ENCODE: u32 = 2;

let count: u32 = 0;
let kept: u32 = 0;
let list: usize = picks; // the one that the running profile fills

/** How many candidates there are. */
export function candidates(): u32 {
  return count;
}

/** Starts a new profile. */
export function clearCandidates(): void {
  count = 0;
}

/** Adds a roster row with its slot and present figures. The caller keeps to MAX_ENDPOINTS. */
@inline
export function addCandidate(index: u32, slot: Slot, queue: f64, running: f64, usage: f64): void {
  const i = usize(count++);
  store<u32>(indices + (i << 2), index);
  store<u32>(slots + (i << 2), u32(changetype<usize>(slot)));
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
export function candidateSlot(i: u32): Slot {
  return changetype<Slot>(load<u32>(slots + (usize(i) << 2)));
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
export function candidateMatched(i: u32): u32 {
  return load<u32>(matches + (usize(i) << 2));
}

@inline
export function setCandidateMatched(i: u32, blocks: u32): void {
  store<u32>(matches + (usize(i) << 2), blocks);
}

@inline
export function candidateTtft(i: u32): f64 {
  return load<f64>(ttfts + (usize(i) << 3));
}

@inline
export function setCandidateTtft(i: u32, milliseconds: f64): void {
  store<f64>(ttfts + (usize(i) << 3), milliseconds);
}

@inline
export function candidateTpot(i: u32): f64 {
  return load<f64>(tpots + (usize(i) << 3));
}

@inline
export function setCandidateTpot(i: u32, milliseconds: f64): void {
  store<f64>(tpots + (usize(i) << 3), milliseconds);
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

/** A filter begins: only candidates that it keeps from here on will be left. */
export function beginFilter(): void {
  kept = 0;
}

/** Keeps a candidate. A filter walks upwards, so a row that it has yet to read is never written over. */
@inline
export function keepCandidate(i: u32): void {
  if (i != kept) moveCandidate(i, kept);
  kept++;
}

/** The filter has seen all. Those that it kept stand in their old order. */
export function endFilter(): void {
  count = kept;
}

function moveCandidate(from: u32, to: u32): void {
  move<u32>(indices, from, to);
  move<u32>(slots, from, to);
  move<f64>(queues, from, to);
  move<f64>(runnings, from, to);
  move<f64>(usages, from, to);
  move<f64>(totals, from, to);
  move<u32>(matches, from, to);
  move<f64>(ttfts, from, to);
  move<f64>(tpots, from, to);
}

@inline
function move<T>(column: usize, from: u32, to: u32): void {
  store<T>(column + usize(to) * sizeof<T>(), load<T>(column + usize(from) * sizeof<T>()));
}

/** Exchanges two candidates' rows, slots and totals; figures that only filters and scorers read stay. */
@inline
export function swapCandidates(a: u32, b: u32): void {
  swap<u32>(indices, a, b);
  swap<u32>(slots, a, b);
  swap<f64>(totals, a, b);
}

@inline
function swap<T>(column: usize, a: u32, b: u32): void {
  const atA = column + usize(a) * sizeof<T>();
  const atB = column + usize(b) * sizeof<T>();
  const before = load<T>(atA);
  store<T>(atA, load<T>(atB));
  store<T>(atB, before);
}

/** How many destinations a picker may give: what it was asked for, what there are, what fits. */
export function pickCount(most: f64): u32 {
  const asked = most >= 1 ? u32(min<f64>(most, MAX_DESTINATIONS)) : 1;
  return min(asked, count);
}

/** Says which list the picker that runs next fills. */
export function fillList(which: u32): void {
  list = listAt(which);
}

@inline
export function setPick(place: u32, index: u32): void {
  store<u32>(list + (usize(place) << 2), index);
}

/** The roster row at a place of a list, 0 the best. */
@inline
export function pickOf(which: u32, place: u32): u32 {
  return load<u32>(listAt(which) + (usize(place) << 2));
}

/** The roster row of the pick at a place, 0 the best. */
@inline
export function pickAt(place: u32): u32 {
  return pickOf(PRIMARY, place);
}

/** The roster row at a place of the list that the last picker has filled. */
@inline
export function runningPickAt(place: u32): u32 {
  return load<u32>(list + (usize(place) << 2));
}

@inline
function listAt(which: u32): usize {
  return picks + usize(which) * (MAX_DESTINATIONS * 4);
}

// The columns above are sized by hand, since memory.data takes literals only.
if (MAX_ENDPOINTS != 4096 || MAX_DESTINATIONS != 16) throw new RangeError("columns do not fit the wire limits");
