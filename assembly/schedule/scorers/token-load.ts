import { addScore, candidateMatched, candidates, candidateSlot } from "../candidates.ts";
import { outputTokens, uncachedTokens } from "../inputs.ts";

/** queueThresholdTokens where the one given is not above 0: 128 requests of 32 Ki tokens. */
const DEFAULT_THRESHOLD: f64 = 4194304;

/**
 * token-load-scorer: 1 - min(1, tokens / threshold), the tokens being those of the requests in flight at the endpoint
 * and those that this one would bring: of its prompt what the endpoint has not cached, and of its answer what the plan
 * counts. Range 0..1. Missing value: an endpoint of which nothing is known has nothing in flight and nothing cached.
 */
export function scoreTokenLoad(weight: f64, threshold: f64): void {
  const most = threshold > 0 ? threshold : DEFAULT_THRESHOLD;
  for (let i: u32 = 0; i < candidates(); i++) {
    const tokens = candidateSlot(i).tokensInFlight() + uncachedTokens(candidateMatched(i)) + outputTokens;
    addScore(i, 1 - min<f64>(1, tokens / most), weight);
  }
}
