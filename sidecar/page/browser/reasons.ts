// Why the filter prefers one endpoint, in words for who does not know the plugins.

import type { ScorerStep } from "../../explain/explanation.ts";
import type { WhyAnswer } from "../why.ts";

/** What an endpoint has that gets a scorer's highest score, by the scorer's type. */
const WORDS: Readonly<Record<string, string>> = {
  "active-request-scorer": "the fewest requests in flight",
  "context-length-scorer": "the best fit for prompts of this length",
  "expected-latency-scorer": "the earliest first token to expect",
  "kv-cache-utilization-scorer": "the most free KV cache",
  "latency-scorer": "the best latency to expect",
  "load-aware-scorer": "the shortest queue",
  "lora-affinity-scorer": "the LoRA adapter loaded",
  "no-hit-lru-scorer": "gone without a new prompt for longest",
  "prefix-cache-scorer": "most of the prompt cached",
  "queue-scorer": "the shortest queue",
  "running-requests-size-scorer": "the fewest running requests",
  "session-affinity-scorer": "the session's earlier requests",
  "token-load-scorer": "the fewest tokens in flight",
};

/** Why an endpoint is ahead. */
export interface Reason {
  /** The scorer's name in the configuration. */
  readonly scorer: string;
  readonly score: number;
  /** What it has: `the shortest queue`. */
  readonly words: string;
}

/** The steps of the first profile that score. */
export function scorersOf(steps: readonly object[] | undefined): readonly ScorerStep[] {
  return (steps ?? []).filter((step): step is ScorerStep => "scorer" in step);
}

/**
 * The scorer that does most for the destination over the mean of the endpoints; undefined: none does anything, or the
 * request goes nowhere.
 */
export function mainReason({ explanation, destinations, types }: WhyAnswer): Reason | undefined {
  const profile = explanation?.profiles.find(({ endpoints }) => endpoints.includes(destinations[0] ?? ""));
  const index = profile?.endpoints.indexOf(destinations[0]!) ?? -1;
  let best: { scorer: string; score: number; lead: number } | undefined;
  for (const { scorer, weight, scores } of scorersOf(profile?.steps)) {
    const known = scores.filter((score) => score !== null);
    const score = scores[index] ?? 0;
    const lead = weight * (score - known.reduce((sum, one) => sum + one, 0) / Math.max(1, known.length));
    if (lead > 0.001 && lead > (best?.lead ?? 0)) best = { scorer, score, lead };
  }
  if (best === undefined) return undefined;
  const { scorer, score } = best;
  return { scorer, score, words: WORDS[types[scorer] ?? ""] ?? `the best score of ${scorer}` };
}
