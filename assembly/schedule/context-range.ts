// Ranges of context lengths by roster row, as endpoints' labels give them: f64 least, f64 most. Both are NaN where the
// endpoint has no such label: any length suits it. A label that is no range has least above most: none does.

import { STEP_TEXT_LENGTH, STEP_TEXT_OFFSET } from "../../wire/layout.ts";
import { planText } from "../wire/plan.ts";
import { rosterEndpoints } from "../wire/roster.ts";
import { findLabel, labelValueAt, labelValueLength } from "./labels.ts";

/** Bytes of one row. */
export const RANGE_BYTES: usize = 16;
const LARGEST: u64 = 9223372036854775807;

@inline
export function rangeLeast(ranges: usize, row: u32): f64 {
  return load<f64>(ranges + usize(row) * RANGE_BYTES);
}

@inline
export function rangeMost(ranges: usize, row: u32): f64 {
  return load<f64>(ranges + usize(row) * RANGE_BYTES, 8);
}

/**
 * Reads every roster row's range from the label that the plan's step names: "least-most", two decimal numbers of up to
 * 63 bits of which the second is not the smaller.
 */
export function readRanges(plan: usize, step: usize, roster: usize, ranges: usize): void {
  const key = planText(plan, step, STEP_TEXT_OFFSET);
  const keyLength = load<u32>(step, STEP_TEXT_LENGTH);
  for (let row: u32 = 0; row < rosterEndpoints(roster); row++) {
    const label = findLabel(roster, row, key, keyLength);
    if (label == 0) setRange(ranges, row, NaN, NaN);
    else readRange(ranges, row, labelValueAt(roster, label), labelValueLength(label));
  }
}

function readRange(ranges: usize, row: u32, at: usize, length: u32): void {
  const end = at + length;
  let dash = at;
  while (dash < end && load<u8>(dash) != 45) dash++;
  const least = decimal(at, dash);
  const most = decimal(dash + 1, end);
  if (least <= most) setRange(ranges, row, least, most);
  else setRange(ranges, row, Infinity, -Infinity); // NaN is never <=
}

function setRange(ranges: usize, row: u32, least: f64, most: f64): void {
  const at = ranges + usize(row) * RANGE_BYTES;
  store<f64>(at, least);
  store<f64>(at, most, 8);
}

// The number whose digits stand from `at` to below `end`; NaN where there is none, or something else.
function decimal(at: usize, end: usize): f64 {
  if (at >= end) return NaN;
  let value: u64 = 0;
  for (; at < end; at++) {
    const digit = u64(load<u8>(at) - 48);
    if (digit > 9 || value > (LARGEST - digit) / 10) return NaN;
    value = value * 10 + digit;
  }
  return f64(value);
}
