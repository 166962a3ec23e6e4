import { addScore, candidateIndex, candidates } from "../candidates.ts";
import { rangeLeast, rangeMost } from "../context-range.ts";
import { promptTokens } from "../inputs.ts";

const UNLABELLED: f64 = 0.5;
/** Whatever lies outside its range stays below every one inside. */
const OUTSIDE: f64 = 0.3;

/**
 * context-length-aware as a scorer: how well the endpoint's range of context lengths fits the prompt.
 *
 *   inside   0.3 + 0.7 x (0.7 / (1 + width / 10000) + 0.3 x (most - tokens) / width), 1 where the width is 0
 *   outside  0.3 / (1 + tokens to the nearer end / 1000)
 *
 * Range 0..1; inside always above 0.3, outside below. `ranges` holds a range for every roster row. Missing value: an
 * endpoint without the label gets 0.5, one with a label that is no range 0; a prompt of unknown length counts as empty.
 */
export function scoreContextLength(weight: f64, ranges: usize): void {
  for (let i: u32 = 0; i < candidates(); i++) {
    const row = candidateIndex(i);
    addScore(i, fit(rangeLeast(ranges, row), rangeMost(ranges, row)), weight);
  }
}

function fit(least: f64, most: f64): f64 {
  if (isNaN(least)) return UNLABELLED;
  if (promptTokens > most) return OUTSIDE / (1 + (promptTokens - most) / 1000);
  if (promptTokens < least) return OUTSIDE / (1 + (least - promptTokens) / 1000);
  const width = most - least;
  if (width == 0) return 1;
  const raw = 0.7 / (1 + width / 10000) + (0.3 * (most - promptTokens)) / width;
  return OUTSIDE + raw * (1 - OUTSIDE);
}
