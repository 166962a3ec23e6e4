// What single bytes mean in JSON, and the search for those that mean something in a string.

/** `"` */
export const QUOTE: u32 = 0x22;
/** `\` */
export const BACKSLASH: u32 = 0x5c;
/** `u` */
export const LETTER_U: u32 = 0x75;

const NO_DIGIT: u8 = 0xff;
const hexDigits: usize = memory.data(256);
const escapes: usize = memory.data(256);

memory.fill(hexDigits, NO_DIGIT, 256);
for (let i: u32 = 0; i < 10; i++) store<u8>(hexDigits + 0x30 + i, u8(i));
for (let i: u32 = 0; i < 6; i++) {
  store<u8>(hexDigits + 0x41 + i, u8(10 + i));
  store<u8>(hexDigits + 0x61 + i, u8(10 + i));
}
store<u8>(escapes + QUOTE, 0x22);
store<u8>(escapes + BACKSLASH, 0x5c);
store<u8>(escapes + 0x2f, 0x2f); // /
store<u8>(escapes + 0x62, 0x08); // b
store<u8>(escapes + 0x66, 0x0c); // f
store<u8>(escapes + 0x6e, 0x0a); // n
store<u8>(escapes + 0x72, 0x0d); // r
store<u8>(escapes + 0x74, 0x09); // t

/** The value of a hexadecimal digit; above 15 where it is none. */
@inline
export function hexDigit(c: u32): u32 {
  return load<u8>(hexDigits + c);
}

/** Whether the four bytes at `at` are hexadecimal digits. */
@inline
export function isHex4(at: usize): bool {
  const first = hexDigit(load<u8>(at)) | hexDigit(load<u8>(at, 1));
  return (first | hexDigit(load<u8>(at, 2)) | hexDigit(load<u8>(at, 3))) < 16;
}

/** What a backslash and this byte stand for; 0 where that is no escape, or `\u`. */
@inline
export function escaped(c: u32): u32 {
  return load<u8>(escapes + c);
}

/** Whether a byte not above 0x20 is white space. */
@inline
export function isSpace(c: u32): bool {
  return c == 0x20 || c == 0x0a || c == 0x0d || c == 0x09;
}

/** One bit for each of the 16 bytes at `at` that is a quote, a backslash or a control character. */
@inline
function specials(at: usize): i32 {
  const bytes = v128.load(at);
  const inText = v128.or(i8x16.eq(bytes, i8x16.splat(0x22)), i8x16.eq(bytes, i8x16.splat(0x5c)));
  return i8x16.bitmask(v128.or(inText, i8x16.le_u(bytes, i8x16.splat(0x1f))));
}

/** The first quote, backslash or control character from `at` on; `end` where there is none. */
export function findSpecial(at: usize, end: usize): usize {
  for (; at + 16 <= end; at += 16) {
    const found = specials(at);
    if (found != 0) return at + ctz(found);
  }
  for (; at < end; at++) {
    const c: u32 = load<u8>(at);
    if (c == QUOTE || c == BACKSLASH || c < 0x20) return at;
  }
  return end;
}

/**
 * As findSpecial, but passes over escapes that are well formed, except near `end`.
 */
export function findUnescaped(at: usize, end: usize): usize {
  if (at + 16 <= end) {
    // Most strings are short.
    const found = specials(at);
    if (found != 0 && load<u8>(at + ctz(found)) == QUOTE) return at + ctz(found);
  }
  while (at + 64 <= end) {
    let found = u64(specials(at)) | (u64(specials(at + 16)) << 16);
    found |= (u64(specials(at + 32)) << 32) | (u64(specials(at + 48)) << 48);
    let past: usize = 64;
    while (found != 0) {
      const special = usize(ctz(found));
      const from = at + special;
      if (load<u8>(from) != BACKSLASH || from + 6 > end) return from;
      // Branches, not a computed length: the processor goes on with the guess before the loads are back.
      const c: u32 = load<u8>(from, 1);
      if (escaped(c) != 0) {
        past = special + 2;
      } else {
        if (c != LETTER_U || !isHex4(from + 2)) return from;
        past = special + 6;
      }
      if (past >= 64) break;
      // What the escape covers is none of the string's own.
      found = (found >> past) << past;
      past = 64;
    }
    at += past;
  }
  return findSpecial(at, end);
}
