// What a plan says of a priority.

import { BAND_DEFAULT, BAND_EXACT, BAND_NEGATIVE, ORDER_EDF, ORDER_SLO_DEADLINE } from "../../wire/layout.ts";
import { bandKind, bandPriority, bandRow, planBands } from "../wire/admission.ts";

/** The plan's row for a priority: its own, else that for priorities below 0, else the default. */
export function bandRowOf(plan: usize, priority: i32): usize {
  const count = planBands(plan);
  const general = priority < 0 ? u32(BAND_NEGATIVE) : u32(BAND_DEFAULT);
  let found = bandRow(plan, 0);
  for (let i: u32 = 0; i < count; i++) {
    const row = bandRow(plan, i);
    const kind = bandKind(row);
    if (kind == u32(BAND_EXACT) && bandPriority(row) == priority) return row;
    if (kind == general) found = row;
  }
  return found;
}

/**
 * What an ORDER_* orders those by who came at `now` microseconds: the lowest goes first, of equals who came first.
 * `ttl` and `slo`, within which the first token is wanted, are milliseconds, 0: none.
 */
export function placeInOrder(order: u32, now: u64, ttl: u32, slo: f64): f64 {
  if (order == u32(ORDER_EDF)) return ttl == 0 ? Infinity : f64(now) + f64(ttl) * 1000;
  if (order == u32(ORDER_SLO_DEADLINE)) return slo == 0 ? Infinity : f64(now) + slo * 1000;
  return 0;
}
