import {
  beginFilter, candidateMatched, candidates, candidateSlot, candidateTtft, endFilter, keepCandidate,
} from "../candidates.ts";
import { promptBlocks } from "../inputs.ts";
import { randomUnit } from "../random.ts";

/** ttftSource: by the model's prediction, not by tokens in flight and what an engine computes at most. */
const PREDICTED: f64 = 1;

/**
 * prefix-cache-affinity-filter: keeps the sticky endpoints, those that hold at least the share `threshold` of the
 * prompt's blocks. It keeps all where there are none, where the best sticky one's time to the first token is more
 * than `maxPenalty` ms above the best other one's (0: never), and with probability `exploration`. The time is what
 * the model predicts (`source` 1), or tokens in flight / `throughput` per second. Range: at least one where there was
 * one. Missing value: a prompt without blocks is held by nobody; a time that is not predicted is never the best.
 */
export function filterByPrefixCacheAffinity(
  threshold: f64, exploration: f64, maxPenalty: f64, source: f64, throughput: f64,
): void {
  if (candidates() <= 1 || threshold <= 0) return;
  if (randomUnit() <= exploration) return;
  let sticky: u32 = 0;
  let stickyTtft: f64 = f64.MAX_VALUE;
  let otherTtft: f64 = f64.MAX_VALUE;
  for (let i: u32 = 0; i < candidates(); i++) {
    const ttft = source == PREDICTED ? candidateTtft(i) : (candidateSlot(i).tokensInFlight() / throughput) * 1000;
    // Comparisons are false for NaN, min() is not.
    if (isSticky(i, threshold)) {
      sticky++;
      if (ttft < stickyTtft) stickyTtft = ttft;
    } else if (ttft < otherTtft) {
      otherTtft = ttft;
    }
  }
  if (sticky == 0 || sticky == candidates()) return;
  if (maxPenalty > 0 && stickyTtft - otherTtft > maxPenalty) return;
  beginFilter();
  for (let i: u32 = 0; i < candidates(); i++) {
    if (isSticky(i, threshold)) keepCandidate(i);
  }
  endFilter();
}

function isSticky(i: u32, threshold: f64): bool {
  return promptBlocks > 0 && f64(candidateMatched(i)) / f64(promptBlocks) >= threshold;
}
