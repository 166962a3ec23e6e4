import { Histogram } from "./histogram.ts";

/** Why a sequence ended: its text was complete, it reached its token limit, or its client went away. */
export type FinishReason = "stop" | "length" | "abort";

// vLLM's own bounds for these two histograms, in seconds.
const FIRST_TOKEN_BOUNDS = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560,
];
const END_TO_END_BOUNDS = [
  0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680,
];

/** What an engine has done since it was made. Tokens are counted when they are computed. */
export class EngineStats {
  promptTokens = 0;
  generationTokens = 0;
  /** Prompt tokens looked up in the cache, and how many of them it had. */
  prefixQueries = 0;
  prefixHits = 0;
  readonly finished: Record<FinishReason, number> = { stop: 0, length: 0, abort: 0 };
  /** Seconds from arrival to the first token. */
  readonly timeToFirstToken = new Histogram(FIRST_TOKEN_BOUNDS);
  /** Seconds from arrival to the last token; aborted sequences are left out. */
  readonly endToEnd = new Histogram(END_TO_END_BOUNDS);
}
