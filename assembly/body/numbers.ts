// Numbers: RFC 8259, section 6, of any length. Their value is wanted only as an unsigned 32-bit integer.

import { Body } from "./record.ts";
import { SINK_CHAIN, sinkBytes, sinkToken } from "./sinks.ts";

// Body.number: what has been read last.
const NOTHING: u8 = 0;
const MINUS: u8 = 1;
const ZERO: u8 = 2;
const INTEGER: u8 = 3;
const POINT: u8 = 4;
const FRACTION: u8 = 5;
const LETTER_E: u8 = 6;
const SIGN: u8 = 7;
const EXPONENT: u8 = 8;

// With a further digit the mantissa still fits 64 bits. 19 digits are more than a 32-bit integer has, so that what is
// left out never changes the value's integer part below 2^32.
const MANTISSA_MAX: u64 = 1_000_000_000_000_000_000;
// Longer than any body; below the number at which another digit would overflow.
const EXPONENT_MAX: i64 = 100_000_000_000_000_000;

/** Makes ready for the number whose first byte is the next. */
export function startNumber(body: Body): void {
  body.number = NOTHING;
  body.negative = false;
  body.negativeExponent = false;
  body.mantissa = 0;
  body.scale = 0;
  body.exponent = 0;
}

/**
 * Reads on within a number. Returns the address of the first byte behind it, `end` where the piece ends first, or 0
 * where the number is malformed.
 */
export function readNumber(body: Body, at: usize, end: usize): usize {
  const from = at;
  let state = body.number;
  let mantissa = body.mantissa;
  let scale = body.scale;
  for (; at < end; at++) {
    const c: u32 = load<u8>(at);
    const digit = c - 0x30;
    if (digit < 10) {
      if (state == ZERO) break;
      if (state >= LETTER_E) {
        state = EXPONENT;
        if (body.exponent < EXPONENT_MAX) body.exponent = body.exponent * 10 + digit;
        continue;
      }
      if (state >= POINT) {
        state = FRACTION;
        scale--;
      } else if (state != INTEGER) {
        state = digit == 0 ? ZERO : INTEGER;
      }
      if (mantissa < MANTISSA_MAX) mantissa = mantissa * 10 + digit;
      else scale++;
    } else if (c == 0x2c || c == 0x5d) {
      break; // the two that most often end a number
    } else if (c == 0x2d && state == NOTHING) {
      state = MINUS;
      body.negative = true;
    } else if (c == 0x2e && (state == ZERO || state == INTEGER)) {
      state = POINT;
    } else if ((c | 0x20) == 0x65 && (state == ZERO || state == INTEGER || state == FRACTION)) {
      state = LETTER_E;
    } else if ((c == 0x2b || c == 0x2d) && state == LETTER_E) {
      state = SIGN;
      body.negativeExponent = c == 0x2d;
    } else {
      break;
    }
  }
  body.number = state;
  body.mantissa = mantissa;
  body.scale = scale;
  if (body.sink == SINK_CHAIN) sinkBytes(body, from, u32(at - from));
  const complete = state == ZERO || state == INTEGER || state == FRACTION || state == EXPONENT;
  return at == end || complete ? at : 0;
}

/**
 * Passes on token ids as they mostly are, an integer and a comma each. Returns the address of the first value that is
 * none of these, of a closing bracket or whatever else stands there, or `end`.
 */
export function readTokens(body: Body, at: usize, end: usize): usize {
  for (;;) {
    let value: u32 = 0;
    let stop = at;
    for (; stop < end; stop++) {
      const digit = u32(load<u8>(stop)) - 0x30;
      if (digit > 9) break;
      value = value * 10 + digit;
    }
    const digits = stop - at;
    if (stop == end || load<u8>(stop) != 0x2c || digits - 1 > 8) break;
    if (digits > 1 && load<u8>(at) == 0x30) break;
    sinkToken(body, value);
    at = stop + 1;
    if (at < end && load<u8>(at) == 0x20) at++;
  }
  return at;
}

/** The number's integer part; 0 where it is negative, 2^32 - 1 where it is larger than that. */
export function numberValue(body: Body): u32 {
  let value = body.negative ? 0 : body.mantissa;
  let shift = body.scale + (body.negativeExponent ? -body.exponent : body.exponent);
  for (; shift > 0 && value != 0 && value <= u32.MAX_VALUE; shift--) value *= 10;
  for (; shift < 0 && value != 0; shift++) value /= 10;
  return u32(min<u64>(value, u32.MAX_VALUE));
}
