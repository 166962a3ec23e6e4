import { addScore, candidateMatched, candidateQueue, candidateRunning, candidates } from "../candidates.ts";
import { uncachedTokens } from "../inputs.ts";

/** What a request at the endpoint costs a newcomer, in prompt tokens to compute; docs/decisions/0009 has the source. */
const REQUEST_TOKENS: f64 = 512;

const costs: usize = memory.data(32768, 16); // f64[MAX_ENDPOINTS]

/**
 * expected-latency-scorer: least / cost over the candidates, the cost standing for the time to the first token in units
 * of a prompt token's computation: 1 + tokens of the prompt that the endpoint has not cached + 512 x (running + waiting
 * requests). Range: above 0, 1 for the best. Missing value: a prompt of which nothing is known has no tokens, which
 * leaves the requests; an endpoint without a fresh sample counts its requests in flight as running and waiting.
 */
export function scoreExpectedLatency(weight: f64): void {
  const count = candidates();
  let least = Infinity;
  for (let i: u32 = 0; i < count; i++) {
    const requests = candidateRunning(i) + candidateQueue(i);
    const cost = 1 + uncachedTokens(candidateMatched(i)) + REQUEST_TOKENS * requests;
    store<f64>(costs + (usize(i) << 3), cost);
    least = min(least, cost);
  }
  for (let i: u32 = 0; i < count; i++) addScore(i, least / load<f64>(costs + (usize(i) << 3)), weight);
}
