// Reads an untyped document field by field and gathers all that is wrong with it, each by its place.

import { type Findings, type Path, pathText } from "./findings.ts";
import { nearest } from "./suggest.ts";

const MAX_SHOWN = 80;

/** A value as a message shows it. */
export function show(value: unknown): string {
  if (value === undefined) return "missing";
  if (value === null) return "empty";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a mapping";
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}...`;
}

/** The end of a message about an unknown name: which one was probably meant, or which there are. */
export function meant(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  return near === undefined ? `known are ${known.join(", ")}` : `did you mean ${JSON.stringify(near)}?`;
}

/** Where in a document a value stands, and who hears what is wrong with it. */
export class Place {
  readonly path: Path;
  readonly findings: Findings;

  constructor(path: Path, findings: Findings) {
    this.path = path;
    this.findings = findings;
  }

  /** `pools[0].endpoints[1]` */
  get text(): string {
    return pathText(this.path);
  }

  /** The place of a field or an item. */
  at(step: string | number): Place {
    return new Place([...this.path, step], this.findings);
  }

  /** Notes a problem; undefined, for readers to return. */
  refuse(message: string): undefined {
    this.findings.problem(this.path, message);
    return undefined;
  }

  /** Notes a warning. */
  warn(message: string): void {
    this.findings.warn(this.path, message);
  }

  /** Notes that the value is not what it must be. */
  expect(expected: string, value: unknown): undefined {
    return this.refuse(`must be ${expected}, is ${show(value)}`);
  }
}

/** What a reader takes, for people who write it: messages and the reference of the configuration say the same. */
export interface Takes {
  /** Continues "must be": `an integer from 0 to 4096`. */
  readonly text: string;
  /** Where a number counts something: `tokens`. */
  readonly unit?: string;
  /** What the items of a list are. */
  readonly items?: Takes;
  /** The fields of a mapping, as the module that reads them has them. */
  readonly fields?: object;
}

/** Reads one value; undefined, and a problem more, where it cannot be used. */
export interface Reader<T> {
  (value: unknown, place: Place): T | undefined;
  readonly takes?: Takes;
}

/** A reader that tells what it takes. */
export function taking<T>(takes: string | Takes, read: (value: unknown, place: Place) => T | undefined): Reader<T> {
  return Object.assign((value: unknown, place: Place) => read(value, place), {
    takes: typeof takes === "string" ? { text: takes } : takes,
  });
}

/** The same reader, of numbers that count something. */
export function counting<T>(unit: string, read: Reader<T>): Reader<T> {
  return taking({ ...read.takes, text: read.takes?.text ?? "", unit }, read);
}

/**
 * A mapping with these fields and no others; without `known`, with any.
 * @param unknown the message that tells of any other field, by its name and a hint that begins with a comma, or is empty.
 */
export function mapping(
  value: unknown,
  place: Place,
  known?: readonly string[],
  unknown: (name: string, hint: string) => string = (_, hint) => `unknown field${hint}`,
): Readonly<Record<string, unknown>> | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const fields = known === undefined || known.length === 0 ? "" : ` with ${known.join(", ")}`;
    return place.expect(`a mapping${fields}`, value);
  }
  for (const name of Object.keys(value)) {
    if (known === undefined || known.includes(name)) continue;
    const hint = known.length === 0 ? "" : `, ${meant(name, known)}`;
    place.at(name).refuse(unknown(name, hint));
  }
  return value as Record<string, unknown>;
}

/** A list of anything. */
export function list(value: unknown, place: Place): readonly unknown[] | undefined {
  return Array.isArray(value) ? value : place.expect("a list", value);
}

/** A list whose items one reader reads; those that it refuses are left out. */
export function listOf<T>(read: Reader<T>): Reader<readonly T[]> {
  return taking({ text: "a list", ...(read.takes && { items: read.takes }) }, (value, place) =>
    list(value, place)?.flatMap((item, index) => {
      const found = read(item, place.at(index));
      return found === undefined ? [] : [found];
    }),
  );
}

/** A text of so many bytes of UTF-8. */
export function text(max: number, min = 1): Reader<string> {
  return taking("a string", (value, place) => {
    if (typeof value !== "string") {
      const scalar = typeof value === "number" || typeof value === "boolean";
      return place.refuse(`must be a string, is ${show(value)}${scalar ? "; put it in quotes" : ""}`);
    }
    const bytes = Buffer.byteLength(value);
    return bytes >= min && bytes <= max ? value : place.refuse(`must have ${min} to ${max} bytes, has ${bytes}`);
  });
}

/** A mapping of texts to texts. */
export function texts(maxKey: number, maxValue: number): Reader<Readonly<Record<string, string>>> {
  const read = text(maxValue, 0);
  return taking("a mapping of strings", (value, place) => {
    const fields = mapping(value, place);
    if (fields === undefined) return undefined;
    const entries: [string, string][] = [];
    for (const [key, item] of Object.entries(fields)) {
      const bytes = Buffer.byteLength(key);
      if (bytes === 0 || bytes > maxKey) place.refuse(`key ${show(key)} must have 1 to ${maxKey} bytes, has ${bytes}`);
      entries.push([key, read(item, place.at(key)) ?? ""]);
    }
    // Not by assignment: a label may be called __proto__.
    return Object.fromEntries(entries);
  });
}

const TRUTHS = "true or false";

/** true or false. */
export const flag: Reader<boolean> = taking(TRUTHS, (value, place) =>
  typeof value === "boolean" ? value : place.expect(TRUTHS, value),
);

/** An integer between two bounds, both included; each may be left out. */
export function integer(min?: number, max?: number): Reader<number> {
  const expected = `an integer${boundsText({ min, max })}`;
  return taking(expected, (value, place) =>
    Number.isSafeInteger(value) && (value as number) >= (min ?? -Infinity) && (value as number) <= (max ?? Infinity)
      ? (value as number)
      : place.expect(expected, value),
  );
}

/** Bounds of a number; each may be left out. */
export interface Bounds {
  /** The least that is allowed. */
  readonly min?: number | undefined;
  /** Allowed is only what is more. */
  readonly over?: number | undefined;
  /** The most that is allowed. */
  readonly max?: number | undefined;
}

function boundsText({ min, over, max }: Bounds): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  const parts: string[] = [];
  if (min !== undefined) parts.push(`of at least ${min}`);
  if (over !== undefined) parts.push(`over ${over}`);
  if (max !== undefined) parts.push(`of at most ${max}`);
  return parts.length === 0 ? "" : ` ${parts.join(" and ")}`;
}

/** A finite number within bounds. */
export function number(bounds: Bounds = {}): Reader<number> {
  const { min = -Infinity, over = -Infinity, max = Infinity } = bounds;
  const expected = `a finite number${boundsText(bounds)}`;
  return taking(expected, (value, place) =>
    typeof value === "number" && Number.isFinite(value) && value >= min && value > over && value <= max
      ? value
      : place.expect(expected, value),
  );
}

/** One of a few texts. */
export function oneOf<const T extends string>(...known: readonly T[]): Reader<T> {
  const expected = known.map((name) => JSON.stringify(name)).join(" or ");
  return taking(expected, (value, place) =>
    known.includes(value as T) ? (value as T) : place.expect(expected, value),
  );
}
