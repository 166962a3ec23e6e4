// What the models see of an endpoint and a request, scaled so that usual values are about 1: only then do the fits'
// pulls mean the same to all coefficients. Vectors of f64 in memory, the first number 1.

/** 1, uncached, ahead, waiting, running, use, uncached x running, full. */
export const TTFT_FEATURES: usize = 8;
/** 1, running, use, tokens in flight. */
export const TPOT_FEATURES: usize = 4;

// More than any engine has; what is beyond would outweigh all that is usual for long.
const MOST_TOKENS: f64 = 1e6;
const MOST_TOKENS_IN_FLIGHT: f64 = 1e7;
const MOST_REQUESTS: f64 = 1e4;
const PER_TOKEN: f64 = 1e-3;
const PER_REQUEST: f64 = 0.1;
const PER_TOKEN_IN_FLIGHT: f64 = 1e-5;

const ttft: usize = memory.data(64, 16);
const tpot: usize = memory.data(32, 16);

// Between 0 and `most`; 0 for what is not a number.
@inline
function within(value: f64, most: f64): f64 {
  return value > 0 ? min<f64>(value, most) : 0;
}

@inline
function pair(first: f64, second: f64): v128 {
  return f64x2.replace_lane(f64x2.splat(first), 1, second);
}

/**
 * The features of a time to first token; the vector stands until the next call.
 *
 * Uncached x running, because a batch shares the engine's time: a prefill costs its tokens times a share that grows
 * with the batch. Full, because a request waits for another's end only where the batch is full, which no sum of the
 * others can say: 1 where requests wait or `limit` run, else 0.
 */
@inline
export function ttftFeatures(uncached: f64, ahead: f64, waiting: f64, running: f64, usage: f64, limit: f64): usize {
  const tokens = within(uncached, MOST_TOKENS) * PER_TOKEN;
  const batch = within(running, MOST_REQUESTS) * PER_REQUEST;
  const full: f64 = waiting > 0 || running >= limit ? 1 : 0;
  v128.store(ttft, pair(1, tokens));
  const tokensAhead = within(ahead, MOST_TOKENS_IN_FLIGHT) * PER_TOKEN;
  v128.store(ttft, pair(tokensAhead, within(waiting, MOST_REQUESTS) * PER_REQUEST), 16);
  v128.store(ttft, pair(batch, within(usage, 1)), 32);
  v128.store(ttft, pair(tokens * batch, full), 48);
  return ttft;
}

/** The features of a time per output token; the vector stands until the next call. */
@inline
export function tpotFeatures(running: f64, usage: f64, tokensInFlight: f64): usize {
  v128.store(tpot, pair(1, within(running, MOST_REQUESTS) * PER_REQUEST));
  v128.store(tpot, pair(within(usage, 1), within(tokensInFlight, MOST_TOKENS_IN_FLIGHT) * PER_TOKEN_IN_FLIGHT), 16);
  return tpot;
}
