// Fields that the parts of a snapshot's plan have in common.

import { MAX_PARAMETERS } from "../../wire/layout.ts";
import { listOf, meant, number, type Place, type Reader, show } from "../support/fields.ts";
import type { Names } from "./names.ts";

/** A reader of a plugin's, handler's or detector's numbers. */
export const readParameters: Reader<readonly number[]> = (value, place) => {
  const numbers = listOf(number())(value, place);
  if (numbers === undefined || numbers.length <= MAX_PARAMETERS) return numbers;
  return place.refuse(`${numbers.length} parameters, there may be ${MAX_PARAMETERS}`);
};

/** A reader of the names of constants. */
export function constant(names: Names): Reader<number> {
  return (value, place) => {
    if (typeof value !== "string") return place.expect(`one of ${names.all.join(", ")}`, value);
    return names.number(value) ?? place.refuse(`${show(value)} is unknown, ${meant(value, names.all)}`);
  };
}

/** A reader of one field of a mapping; what is left out is `absent`. */
export function optional(
  fields: Readonly<Record<string, unknown>>,
  place: Place,
): <T>(name: string, absent: T, reader: Reader<T>) => T {
  return (name, absent, reader) => {
    const found = fields[name] === undefined ? undefined : reader(fields[name], place.at(name));
    return found === undefined ? absent : found; // null may be what was read
  };
}
