// Decimal text in a buffer to a number, without making a string for the forms that engines write.

const ZERO = 0x30;
const DOT = 0x2e;
const PLUS = 0x2b;
const MINUS = 0x2d;
const LOWER_E = 0x65;
const UPPER_E = 0x45;

/** Integers up to here, and powers of ten up to 10^22, are exact as doubles, so one division or product rounds once. */
const EXACT_DIGITS = 15;
const POWERS = Array.from({ length: 23 }, (_, power) => Number(`1e${power}`));

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const SPECIAL = /^([+-]?)(nan|inf|infinity)$/i;

function slowNumber(buffer: Buffer, start: number, end: number): number | undefined {
  const text = buffer.toString("latin1", start, end);
  if (DECIMAL.test(text)) return Number(text);
  const special = SPECIAL.exec(text);
  if (special === null) return undefined;
  if (special[2]?.toLowerCase() === "nan") return Number.NaN;
  return special[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

/**
 * The value written in buffer[start, end): a decimal with or without fraction and exponent, NaN, Inf or Infinity in
 * any case, signed or not. Equal to what `Number` makes of the same decimal, to the last bit.
 * @returns undefined where the text is no such number.
 */
export function readNumber(buffer: Buffer, start: number, end: number): number | undefined {
  let at = start;
  let negative = false;
  if (at < end && (buffer[at] === MINUS || buffer[at] === PLUS)) {
    negative = buffer[at] === MINUS;
    at++;
  }
  let mantissa = 0;
  let digits = 0;
  let scale = 0;
  let fraction = false;
  for (; at < end; at++) {
    const byte = buffer[at] as number;
    const digit = byte - ZERO;
    if (digit >= 0 && digit <= 9) {
      mantissa = mantissa * 10 + digit;
      digits++;
      if (fraction) scale--;
    } else if (byte === DOT && !fraction) {
      fraction = true;
    } else {
      break;
    }
  }
  if (digits === 0 || digits > EXACT_DIGITS) return slowNumber(buffer, start, end);
  if (at < end) {
    if (buffer[at] !== LOWER_E && buffer[at] !== UPPER_E) return slowNumber(buffer, start, end);
    at++;
    let negativeExponent = false;
    if (at < end && (buffer[at] === MINUS || buffer[at] === PLUS)) {
      negativeExponent = buffer[at] === MINUS;
      at++;
    }
    // Three digits are enough for every double; longer exponents take the slow way.
    if (at === end || end - at > 3) return slowNumber(buffer, start, end);
    let exponent = 0;
    for (; at < end; at++) {
      const digit = (buffer[at] as number) - ZERO;
      if (digit < 0 || digit > 9) return undefined;
      exponent = exponent * 10 + digit;
    }
    scale += negativeExponent ? -exponent : exponent;
  }
  let value = mantissa;
  if (scale !== 0) {
    const power = POWERS[Math.abs(scale)];
    if (power === undefined) return slowNumber(buffer, start, end);
    value = scale < 0 ? mantissa / power : mantissa * power;
  }
  return negative ? -value : value;
}
