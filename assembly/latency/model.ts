// Predicts a request's time to first token (TTFT) and time per output token (TPOT) at each endpoint, from what this VM
// has observed of earlier ones. Linear in the features (features.ts); all endpoints together have a model, and each
// has one of its own that starts there and departs as it gathers observations (fit.ts). docs/latency-model.md says how
// well that does.

import { ttftFeatures, tpotFeatures, TPOT_FEATURES, TTFT_FEATURES } from "./features.ts";
import { absorb, dot, FIT_COUNT } from "./fit.ts";
import {
  CELL_KNOWS,
  CELL_LIMIT,
  CELL_TPOT,
  CELL_TTFT,
  cellFor,
  clearCell,
  findFits,
  FITS_TPOT,
  FITS_TTFT,
  fitsOf,
  KNOWS_LIMIT,
  KNOWS_TPOT,
  KNOWS_TTFT,
  MOST_SLOTS,
  POOL,
  takeCell,
} from "./records.ts";

/** Longest time that is learned or predicted, ms: an hour. */
const LONGEST: f64 = 3_600_000;
/** An endpoint's own observations fade over about 100, those of all over about 1,000. */
const ENDPOINT_KEEP: f64 = 0.99;
const POOL_KEEP: f64 = 0.999;
const LIMIT_KEEP: f64 = 0.9;

/**
 * Learns from a first token.
 *
 * @param slot number of the endpoint; from 65,535 on nothing is learned
 * @param uncached prompt tokens of the request that the endpoint had not cached
 * @param ahead the same of all requests that had no first token when this one came, itself excluded
 * @param waiting requests that waited there when it came
 * @param running requests that ran there when it came
 * @param usage share of the KV cache in use when it came, 0..1
 * @param milliseconds from the request's departure to its first token; negative or not finite: nothing is learned
 */
export function observeTtft(
  slot: u32,
  uncached: f64,
  ahead: f64,
  waiting: f64,
  running: f64,
  usage: f64,
  milliseconds: f64,
): void {
  if (slot >= MOST_SLOTS || !(milliseconds >= 0 && milliseconds < Infinity)) return;
  const observed = min<f64>(milliseconds, LONGEST);
  if (waiting > 0) observeLimit(POOL, running);
  let features = ttftFeatures(uncached, ahead, waiting, running, usage, load<f64>(POOL, CELL_LIMIT));
  const poolFit = fitsOf(POOL) + FITS_TTFT;
  absorb(poolFit, POOL + CELL_TTFT, features, TTFT_FEATURES, observed, POOL_KEEP, 0, 0);
  store<u32>(POOL, load<u32>(POOL, CELL_KNOWS) | KNOWS_TTFT, CELL_KNOWS);

  const cell = takeCell(slot);
  if (waiting > 0) observeLimit(cell, running);
  const knows = load<u32>(cell, CELL_KNOWS);
  if ((knows & KNOWS_LIMIT) == 0) store<f64>(cell, load<f64>(POOL, CELL_LIMIT), CELL_LIMIT);
  features = ttftFeatures(uncached, ahead, waiting, running, usage, load<f64>(cell, CELL_LIMIT));
  const fit = fitsOf(cell) + FITS_TTFT;
  absorb(fit, cell + CELL_TTFT, features, TTFT_FEATURES, observed, ENDPOINT_KEEP, poolFit, POOL + CELL_TTFT);
  store<u32>(cell, knows | KNOWS_TTFT, CELL_KNOWS);
}

/**
 * Learns from the tokens behind the first.
 *
 * @param slot number of the endpoint; from 65,535 on nothing is learned
 * @param running requests that ran there when the request came
 * @param usage share of the KV cache in use when it came, 0..1
 * @param tokensInFlight prompt and generated tokens of all requests there when it came, itself excluded
 * @param milliseconds mean time from one token to the next; negative or not finite: nothing is learned
 */
export function observeTpot(slot: u32, running: f64, usage: f64, tokensInFlight: f64, milliseconds: f64): void {
  if (slot >= MOST_SLOTS || !(milliseconds >= 0 && milliseconds < Infinity)) return;
  const observed = min<f64>(milliseconds, LONGEST);
  const features = tpotFeatures(running, usage, tokensInFlight);
  const poolFit = fitsOf(POOL) + FITS_TPOT;
  absorb(poolFit, POOL + CELL_TPOT, features, TPOT_FEATURES, observed, POOL_KEEP, 0, 0);
  store<u32>(POOL, load<u32>(POOL, CELL_KNOWS) | KNOWS_TPOT, CELL_KNOWS);

  const cell = takeCell(slot);
  const fit = fitsOf(cell) + FITS_TPOT;
  absorb(fit, cell + CELL_TPOT, features, TPOT_FEATURES, observed, ENDPOINT_KEEP, poolFit, POOL + CELL_TPOT);
  store<u32>(cell, load<u32>(cell, CELL_KNOWS) | KNOWS_TPOT, CELL_KNOWS);
}

/**
 * Milliseconds to the first token of a request that would go to an endpoint now, 0 to an hour; NaN before the first
 * observation at any endpoint. Parameters as in observeTtft; what is negative or not a number counts as 0.
 */
export function predictTtft(slot: u32, uncached: f64, ahead: f64, waiting: f64, running: f64, usage: f64): f64 {
  const cell = cellFor(slot, KNOWS_TTFT);
  if ((load<u32>(cell, CELL_KNOWS) & KNOWS_TTFT) == 0) return NaN;
  const features = ttftFeatures(uncached, ahead, waiting, running, usage, load<f64>(cell, CELL_LIMIT));
  return min<f64>(dot(cell + CELL_TTFT, features, TTFT_FEATURES), LONGEST);
}

/**
 * Milliseconds from one token to the next of a request that would go to an endpoint now, 0 to an hour; NaN before the
 * first observation at any endpoint. Parameters as in observeTpot; what is negative or not a number counts as 0.
 */
export function predictTpot(slot: u32, running: f64, usage: f64, tokensInFlight: f64): f64 {
  const cell = cellFor(slot, KNOWS_TPOT);
  if ((load<u32>(cell, CELL_KNOWS) & KNOWS_TPOT) == 0) return NaN;
  const features = tpotFeatures(running, usage, tokensInFlight);
  return min<f64>(dot(cell + CELL_TPOT, features, TPOT_FEATURES), LONGEST);
}

/** Forgets an endpoint: it is gone, or its slot is another's now. The model of all keeps what it learned of it. */
export function dropModel(slot: u32): void {
  clearCell(slot);
}

/**
 * First tokens that an endpoint's own model rests on, the older counting less: it grows to about 100 and falls when
 * the endpoint changes.
 */
export function ttftObservations(slot: u32): u32 {
  const fits = findFits(slot);
  return fits == 0 ? 0 : u32(nearest<f64>(load<f64>(fits, FITS_TTFT + FIT_COUNT)));
}

// Requests wait where a batch is full, so those that run then are the most that do. Half of one less, as the mean over
// observations is seldom whole.
function observeLimit(cell: usize, running: f64): void {
  const knows = load<u32>(cell, CELL_KNOWS);
  if (!(running >= 0 && running < Infinity)) return;
  const seen = running - 0.5;
  const first = (knows & KNOWS_LIMIT) == 0;
  const limit = load<f64>(cell, CELL_LIMIT);
  store<f64>(cell, first ? seen : LIMIT_KEEP * limit + (1 - LIMIT_KEEP) * seen, CELL_LIMIT);
  store<u32>(cell, knows | KNOWS_LIMIT, CELL_KNOWS);
}
