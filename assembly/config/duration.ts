import { wholeNumber, wholeNumberLength } from "./whole-number.ts";

/**
 * Reads a duration as Kubernetes writes them, a whole number and one unit: "500ms", "2s", "5m". Returns
 * microseconds; -1 where it is none or longer than a day.
 */
export function parseDuration(at: usize, length: u32): i64 {
  const DAY: i64 = 86_400_000_000;
  const value = wholeNumber(at, length, DAY);
  if (value < 0) return -1;
  const i = wholeNumberLength;
  const unit = length - i;
  const first = unit > 0 ? load<u8>(at + i) : 0;
  let factor: i64 = 0;
  if (unit == 1 && first == 0x73) factor = 1_000_000; // s
  else if (unit == 1 && first == 0x6d) factor = 60_000_000; // m
  else if (unit == 2 && first == 0x6d && load<u8>(at + i + 1) == 0x73) factor = 1_000; // ms
  if (factor == 0) return -1;
  const total = value * factor;
  return total > DAY ? -1 : total;
}
