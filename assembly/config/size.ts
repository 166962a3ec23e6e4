import { wholeNumber, wholeNumberLength } from "./whole-number.ts";

/**
 * Reads an amount of memory as Kubernetes writes them, a whole number and one unit: "512KiB", "16MiB", "1GiB", with or
 * without the "B". Returns bytes; -1 where it is none or more than a GiB, which is all the memory that Envoy gives a
 * VM.
 */
export function parseSize(at: usize, length: u32): i64 {
  const MOST: i64 = 1 << 30;
  const value = wholeNumber(at, length, MOST);
  const i = wholeNumberLength;
  const unit = length - i;
  if (value < 0 || unit < 2 || unit > 3 || load<u8>(at + i + 1) != 0x69) return -1;
  if (unit == 3 && load<u8>(at + i + 2) != 0x42) return -1;
  const letter = load<u8>(at + i);
  let shift: i64 = 0;
  if (letter == 0x4b) shift = 10; // K
  else if (letter == 0x4d) shift = 20; // M
  else if (letter == 0x47) shift = 30; // G
  if (shift == 0) return -1;
  const total = value << shift;
  return total > MOST ? -1 : total;
}
