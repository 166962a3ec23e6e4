// Candidates for one plugin, row by row: row i of the roster is candidate i and has slot number i.

import {
  addCandidate, candidateIndex, candidates, candidateTotal, clearCandidates, setCandidateMatched, setCandidateTpot,
  setCandidateTtft,
} from "../../../assembly/schedule/candidates.ts";
import { resetInputs } from "../../../assembly/schedule/inputs.ts";
import { listSlot, Slot } from "../../../assembly/state/slots.ts";

/** No candidates yet, and a request of which nothing is known. */
export function begin(): void {
  clearCandidates();
  resetInputs();
}

/** Adds an idle candidate of which nothing is known but these figures. */
export function add(queue: f64 = 0, running: f64 = 0, usage: f64 = 0): u32 {
  const row = candidates();
  addCandidate(row, slotOf(row), queue, running, usage);
  slotOf(row).ownRequests = 0;
  slotOf(row).ownTokens = 0;
  setCandidateMatched(row, 0);
  setCandidateTtft(row, NaN);
  setCandidateTpot(row, NaN);
  return row;
}

/** Adds candidates that hold so many blocks of the prompt. */
export function addMatched(blocks: u32[]): void {
  for (let i = 0; i < blocks.length; i++) setCandidateMatched(add(), blocks[i]);
}

/** Adds a candidate with predictions and requests in flight. */
export function addPredicted(ttft: f64, tpot: f64, requests: u32 = 1): void {
  const row = add();
  setCandidateTtft(row, ttft);
  setCandidateTpot(row, tpot);
  slotOf(row).ownRequests = requests;
}

/** The slot of a row; the n-th address that is listed first has number n. */
export function slotOf(row: u32): Slot {
  for (let i: u32 = 0; i < row; i++) listSlot(1000 + i);
  return listSlot(1000 + row);
}

/** Compares the candidates' totals with hand-computed ones. */
export function expectTotals(totals: f64[]): void {
  expect(candidates()).toBe(totals.length);
  for (let i = 0; i < totals.length; i++) {
    const total = candidateTotal(i);
    if (!(abs(total - totals[i]) < 1e-12)) expect(total).toBe(totals[i], "candidate " + i.toString());
  }
}

/** Compares the roster rows that a filter has left, as "0 2 3". */
export function expectLeft(rows: string): void {
  let left = "";
  for (let i: u32 = 0; i < candidates(); i++) left += (i > 0 ? " " : "") + candidateIndex(i).toString();
  expect(left).toBe(rows);
}
