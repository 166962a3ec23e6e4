/** What an engine's steps cost on an engine whose batch is full. Durations in milliseconds. */
export type Timing = {
  prefillBaseMs: number;
  prefillPerTokenMs: number;
  decodePerTokenMs: number;
  /** Sequences in a full batch. */
  maxNumSeqs: number;
};

/**
 * The share of the full-batch cost that a step takes with `batch` sequences running, itself included:
 *
 *     f(b) = (1 + (b - 1) / (maxNumSeqs - 1)) / 2
 *
 * 0.5 for a sequence alone, 1 for a full batch, linear between: batching shares the reading of the weights, so
 * doubling the time buys maxNumSeqs times the work. With maxNumSeqs = 1 a sequence alone is a full batch: 1.
 */
export function loadFactor(batch: number, maxNumSeqs: number): number {
  return maxNumSeqs === 1 ? 1 : (1 + (batch - 1) / (maxNumSeqs - 1)) / 2;
}

/** Milliseconds from admission to the first token: (base + per token x prompt tokens not cached) x f(batch). */
export function prefillTime(timing: Timing, uncachedTokens: number, batch: number): number {
  const full = timing.prefillBaseMs + timing.prefillPerTokenMs * uncachedTokens;
  return full * loadFactor(batch, timing.maxNumSeqs);
}

/** Milliseconds from one output token to the next: per token x f(batch). */
export function decodeTime(timing: Timing, batch: number): number {
  return timing.decodePerTokenMs * loadFactor(batch, timing.maxNumSeqs);
}
