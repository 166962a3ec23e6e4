// Figures that cost a look-up or a model to get. Each is fetched only for the candidates left when the first plugin
// that reads it runs.

import { Slot } from "../state/slots.ts";
import {
  candidateMatched, candidateQueue, candidateRunning, candidates, candidateSlot, candidateUsage, setCandidateMatched,
  setCandidateTpot, setCandidateTtft,
} from "./candidates.ts";
import { predictTpot, predictTtft } from "../latency/model.ts";
import { matched } from "../prefix/index.ts";
import { uncachedTokens } from "./inputs.ts";

/** Bits of a needs mask: columns of the candidates, and what the caller must find in the request. */
export const NEEDS_MATCHED: u32 = 1;
export const NEEDS_TTFT: u32 = 2;
export const NEEDS_TPOT: u32 = 4;
export const NEEDS_SESSION: u32 = 8;

/** Fills the columns that the mask names, for every candidate. Times to the first token build on matched blocks. */
export function fillSignals(needs: u32): void {
  if (needs & NEEDS_MATCHED) {
    for (let i: u32 = 0; i < candidates(); i++) setCandidateMatched(i, matchedOf(candidateSlot(i)));
  }
  if (needs & NEEDS_TTFT) {
    for (let i: u32 = 0; i < candidates(); i++) setCandidateTtft(i, predictedTtft(i));
  }
  if (needs & NEEDS_TPOT) {
    for (let i: u32 = 0; i < candidates(); i++) setCandidateTpot(i, predictedTpot(i));
  }
}

/** Leading blocks of the prompt that an endpoint holds. */
export function matchedOf(slot: Slot): u32 {
  return matched(slot.number);
}

// Milliseconds to the first token, were the request sent there; NaN where unknown.
function predictedTtft(i: u32): f64 {
  return predictTtft(
    candidateSlot(i).number,
    uncachedTokens(candidateMatched(i)),
    candidateSlot(i).prefillAhead(),
    candidateQueue(i),
    candidateRunning(i),
    candidateUsage(i),
  );
}

// Milliseconds per further token, likewise.
function predictedTpot(i: u32): f64 {
  const slot = candidateSlot(i);
  return predictTpot(slot.number, candidateRunning(i), candidateUsage(i), slot.tokensInFlight());
}
