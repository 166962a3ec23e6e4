// Base64 as RFC 4648 has it in section 4: the standard alphabet, padded.

const PAD: u8 = 61; // =

/**
 * Decodes `length` characters at `at` to `to`. Returns how many bytes came out; -1 where the text is no base64 or
 * would give more than `capacity`. Line breaks are passed over, and bits left over in the last character may be
 * anything.
 */
export function decodeBase64(at: usize, length: u32, to: usize, capacity: u32): i32 {
  const end = at + length;
  let written: u32 = 0;
  let bits: u32 = 0;
  let digits: u32 = 0; // of the group of four that is being read
  let pads: u32 = 0;
  for (; at < end; at++) {
    const character = load<u8>(at);
    if (character == 10 || character == 13) continue;
    if (character == PAD) {
      pads++;
      continue;
    }
    const digit = digitOf(character);
    if (digit < 0 || pads > 0) return -1;
    bits = (bits << 6) | u32(digit);
    if (++digits < 4) continue;
    if (written + 3 > capacity) return -1;
    store<u8>(to + written, u8(bits >> 16));
    store<u8>(to + written + 1, u8(bits >> 8));
    store<u8>(to + written + 2, u8(bits));
    written += 3;
    bits = 0;
    digits = 0;
  }
  if (digits == 0) return pads == 0 ? i32(written) : -1;
  if (digits + pads != 4 || digits == 1 || written + digits - 1 > capacity) return -1;
  bits <<= 6 * pads;
  store<u8>(to + written, u8(bits >> 16));
  if (digits == 3) store<u8>(to + written + 1, u8(bits >> 8));
  return i32(written + digits - 1);
}

// The six bits that a character stands for, -1 where it stands for none.
function digitOf(character: u8): i32 {
  const c = i32(character);
  if (c >= 65 && c <= 90) return c - 65; // A-Z
  if (c >= 97 && c <= 122) return c - 71; // a-z
  if (c >= 48 && c <= 57) return c + 4; // 0-9
  if (c == 43) return 62; // +
  return c == 47 ? 63 : -1; // /
}

/** Encodes `length` bytes at `at` to `to`, which has room for 4 characters per 3 bytes. Returns how many there are. */
export function encodeBase64(at: usize, length: u32, to: usize): u32 {
  let written: u32 = 0;
  for (let i: u32 = 0; i < length; i += 3) {
    const left = length - i;
    let bits = u32(load<u8>(at + i)) << 16;
    if (left > 1) bits |= u32(load<u8>(at + i + 1)) << 8;
    if (left > 2) bits |= u32(load<u8>(at + i + 2));
    store<u8>(to + written, characterOf(bits >> 18));
    store<u8>(to + written + 1, characterOf((bits >> 12) & 63));
    store<u8>(to + written + 2, left > 1 ? characterOf((bits >> 6) & 63) : PAD);
    store<u8>(to + written + 3, left > 2 ? characterOf(bits & 63) : PAD);
    written += 4;
  }
  return written;
}

function characterOf(digit: u32): u8 {
  if (digit < 26) return u8(65 + digit); // A-Z
  if (digit < 52) return u8(71 + digit); // a-z
  if (digit < 62) return u8(digit - 4); // 0-9
  return digit == 62 ? 43 : 47; // + and /
}
