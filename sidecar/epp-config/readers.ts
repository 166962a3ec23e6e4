// Readers of values that only a configuration of the reference has.

import { DURATION_EXAMPLES, parseDuration } from "../support/duration.ts";
import { integer, list, mapping, type Reader, taking, text } from "../support/fields.ts";

/** Bytes of a name, a path, a URL. */
const MAX_TEXT = 4096;

/** A text with at least one character. */
export const word: Reader<string> = text(MAX_TEXT);

/** A text that may be empty. */
export const anyText: Reader<string> = text(MAX_TEXT, 0);

/** A mapping whose fields nobody here reads. */
export const anyMapping: Reader<object> = taking("a mapping", (value, place) => mapping(value, place));

/** A list whose items nobody here reads. */
export const anyList: Reader<readonly unknown[]> = taking("a list", list);

/** A duration as Go writes it, kept as it was written. */
export const duration: Reader<string> = taking(DURATION_EXAMPLES, (value, place) => {
  const milliseconds = typeof value === "string" ? parseDuration(value) : undefined;
  return milliseconds === undefined ? place.expect(DURATION_EXAMPLES, value) : (value as string);
});

const SOME_DURATION = "a duration over 0";

/** A duration of more than nothing. */
export const someDuration: Reader<string> = taking(SOME_DURATION, (value, place) => {
  const read = duration(value, place);
  return read !== undefined && parseDuration(read) === 0 ? place.expect(SOME_DURATION, value) : read;
});

const QUANTITY = /^\+?(\d+\.?\d*|\.\d+)([eE][+-]?\d+|[KMGTPE]i|[numkMGTPE])?$/;

const QUANTITIES = "a quantity such as 500, 1k or 10Gi";

/** A quantity of Kubernetes, 0 or more, kept as it was written. */
export const quantity: Reader<string | number> = taking(QUANTITIES, (value, place) => {
  if (typeof value === "number" && Number.isFinite(value) && value >= 0) return value;
  if (typeof value === "string" && QUANTITY.test(value)) return value;
  return place.expect(QUANTITIES, value);
});

const BINARY = "KMGTPE";
const DECIMAL: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };

/**
 * What a quantity says, rounded up as Kubernetes does; at most the largest integer that a number can tell from its
 * neighbours.
 */
export function quantityValue(written: string | number): number {
  const [, digits = "0", suffix = ""] = QUANTITY.exec(`${written}`) ?? [];
  // Read as a text with an exponent, 1.1k is 1100 and not a little more.
  const value = suffix.endsWith("i")
    ? Number(digits) * 1024 ** (BINARY.indexOf(suffix[0]!) + 1)
    : Number(`${digits}${/^[eE].*\d/.test(suffix) ? suffix : `e${DECIMAL[suffix] ?? 0}`}`);
  return Math.min(Math.ceil(value), Number.MAX_SAFE_INTEGER);
}

/**
 * A number that the reference corrects without a word where it is out of range; here with a warning.
 * @param correct what the number counts as; itself where it is in range.
 * @param range what is in range, behind what `read` takes: `, others count as 5`.
 */
export function lenient(read: Reader<number>, correct: (value: number) => number, range: string): Reader<number> {
  return taking(`${read.takes?.text}${range}`, (value, place) => {
    const found = read(value, place);
    if (found === undefined) return undefined;
    const corrected = correct(found);
    if (corrected !== found) place.warn(`${found} is out of range and counts as ${corrected}`);
    return corrected;
  });
}

/** An integer of at least `min`; a smaller one counts as the default. */
export function integerOr(fallback: number, min: number): Reader<number> {
  return lenient(
    integer(),
    (value) => (value < min ? fallback : value),
    ` of at least ${min}; less counts as ${fallback}`,
  );
}
