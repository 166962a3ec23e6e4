import { beginFilter, candidateIndex, candidates, endFilter, keepCandidate } from "../candidates.ts";
import { rangeLeast, rangeMost } from "../context-range.ts";
import { promptTokens } from "../inputs.ts";

/**
 * context-length-aware as a filter: keeps the endpoints whose range of context lengths, ends included, has the
 * prompt's. `ranges` holds a range for every roster row. Range: any number, none too. Missing value: an endpoint
 * without the label takes any length, one with a label that is no range none; a prompt of unknown length counts as
 * empty.
 */
export function filterByContextLength(ranges: usize): void {
  beginFilter();
  for (let i: u32 = 0; i < candidates(); i++) {
    const row = candidateIndex(i);
    // Written so that NaN, no label, keeps.
    if (!(promptTokens < rangeLeast(ranges, row) || promptTokens > rangeMost(ranges, row))) keepCandidate(i);
  }
  endFilter();
}
