/** Bytes that the number which was read last takes. */
export let wholeNumberLength: u32 = 0;

/** Reads the whole number at the beginning of a text; -1 where there is none or it is more than `most`. */
export function wholeNumber(at: usize, length: u32, most: i64): i64 {
  let value: i64 = 0;
  let i: u32 = 0;
  for (; i < length; i++) {
    const digit = i32(load<u8>(at + i)) - 48;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
    if (value > most) return -1;
  }
  wholeNumberLength = i;
  return i == 0 ? -1 : value;
}
