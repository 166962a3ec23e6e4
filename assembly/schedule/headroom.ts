// How far an endpoint's predicted latency stays below the request's objectives. Where the request has none, the
// objective is 0: every headroom is below 0, and the larger for the faster endpoint.

import { candidateTpot, candidateTtft } from "./candidates.ts";
import { sloTpot, sloTtft } from "./inputs.ts";

/** Whether anything is predicted for a candidate. */
@inline
export function hasPrediction(i: u32): bool {
  return isFinite(candidateTtft(i)) || isFinite(candidateTpot(i));
}

/** Objective less prediction, milliseconds; 0, neither kept nor missed, where nothing is predicted. */
@inline
export function ttftHeadroom(i: u32): f64 {
  const predicted = candidateTtft(i);
  return isFinite(predicted) ? sloTtft - predicted : 0;
}

/** The same of the time per output token. */
@inline
export function tpotHeadroom(i: u32): f64 {
  const predicted = candidateTpot(i);
  return isFinite(predicted) ? sloTpot - predicted : 0;
}

/** Whether both objectives are kept, as far as is known. */
@inline
export function keepsObjectives(i: u32): bool {
  return ttftHeadroom(i) >= 0 && tpotHeadroom(i) >= 0;
}
