// A row of budgets, and how they are spent. A budget is told by its debt, the microseconds after which it is full, so
// it needs one number: the time at which it is. There is one for requests and one for tokens:
//
//   u64 key, 0: empty; f64 time at which it is full of requests, f64 likewise of tokens; f64 debt of requests that the
//   sidecar has not confirmed, f64 likewise of tokens; f64 when a worker began to tell of it, 0: none does
//
// Of a billion tokens a minute one costs 0.06 microseconds, and a f64 tells the time of a year to 0.004.

export const ROW: usize = 48;
/** Rows of a table. */
export const ROWS: usize = 16;
/** Which of a row's two budgets: offsets of their times, and of what is not confirmed. */
export const REQUESTS: usize = 8;
export const TOKENS: usize = 16;
const UNTOLD: usize = 16;
const TOLD_AT: usize = 40;
/** Microseconds after which nobody hears of a call any more. */
const LOST_AFTER: f64 = 7_000_000;
/** Microseconds that are too few to wait for. */
const NOTHING: f64 = 0.5;

/** The row with this key; 0 where there is none. */
export function findRow(table: usize, key: u64): usize {
  for (let row = table; row < table + ROWS * ROW; row += ROW) {
    if (load<u64>(row) == key) return row;
  }
  return 0;
}

/** The row with this key, made in place of the one that is full first where there is none. */
export function rowFor(table: usize, key: u64): usize {
  const found = findRow(table, key);
  if (found != 0) return found;
  let row = table;
  for (let other = table + ROW; other < table + ROWS * ROW; other += ROW) {
    if (fullAt(other) < fullAt(row)) row = other;
  }
  memory.fill(row, 0, ROW);
  store<u64>(row, key);
  return row;
}

// When a row says no more than none would.
@inline
function fullAt(row: usize): f64 {
  return max(load<f64>(row, REQUESTS), load<f64>(row, TOKENS));
}

/** Microseconds until a budget is full. */
@inline
export function debt(row: usize, which: usize, now: f64): f64 {
  return max<f64>(load<f64>(row + which) - now, 0);
}

/**
 * Microseconds until `cost` may be taken from a budget of `burst`; 0: now. What costs more than a full budget has may
 * be taken from a full one.
 */
export function waitFor(row: usize, which: usize, cost: f64, burst: f64, now: f64): f64 {
  const wait = debt(row, which, now) - (burst - min(cost, burst));
  return wait < NOTHING ? 0 : wait;
}

/** Takes `cost` microseconds from a budget; below 0: gives them back, as far as it has room. */
export function take(row: usize, which: usize, cost: f64, now: f64): void {
  const before = debt(row, which, now);
  const after = max<f64>(before + cost, 0);
  store<f64>(row + which, now + after);
  store<f64>(row + which, load<f64>(row + which, UNTOLD) + (after - before), UNTOLD);
}

/** A worker begins to tell of a row. False: another is about it. */
export function beginTelling(row: usize, now: f64): bool {
  const since = load<f64>(row, TOLD_AT);
  if (since != 0 && now - since < LOST_AFTER) return false;
  store<f64>(row, now, TOLD_AT);
  forgetPast(row, REQUESTS, now);
  forgetPast(row, TOKENS, now);
  return true;
}

/** Whether the telling that began at `since` is under way: the row may have been made anew, or told by another. */
@inline
export function isTelling(row: usize, since: f64): bool {
  return load<f64>(row, TOLD_AT) == since;
}

/** What there is to tell: never more than the debt, of which it is a part. */
@inline
export function untold(row: usize, which: usize): f64 {
  return load<f64>(row + which, UNTOLD);
}

/** The sidecar has been told `told` of it, and says how the budget stands over all gateways. */
export function confirm(row: usize, which: usize, told: f64, debt: f64, now: f64): void {
  const rest = untold(row, which) - told;
  store<f64>(row + which, rest, UNTOLD);
  store<f64>(row + which, now + max<f64>(debt + rest, 0));
}

/** The telling is over, well or not. */
export function endTelling(row: usize): void {
  store<f64>(row, 0, TOLD_AT);
}

// What was taken long ago, while nobody could be told, has been made up for by time.
function forgetPast(row: usize, which: usize, now: f64): void {
  store<f64>(row + which, min(untold(row, which), debt(row, which, now)), UNTOLD);
}
