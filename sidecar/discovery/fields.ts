// Reads an untyped document field by field and gathers all that is wrong with it, each by its path.

import { nearest } from "../support/suggest.ts";

const PLAIN_KEY = /^[A-Za-z_][\w-]*$/;
const MAX_SHOWN = 80;

/** `path.key`, or `path["key"]` where the key is not a plain word. */
export function join(path: string, key: string): string {
  if (!PLAIN_KEY.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === "" ? key : `${path}.${key}`;
}

/** A value as a message shows it. */
export function show(value: unknown): string {
  if (value === undefined) return "missing";
  if (value === null) return "empty";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a mapping";
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}...`;
}

/** Each method returns the value, or undefined and a problem more. */
export class Fields {
  readonly problems: string[] = [];

  refuse(path: string, problem: string): undefined {
    this.problems.push(path === "" ? problem : `${path}: ${problem}`);
    return undefined;
  }

  /** A mapping with these fields and no others; without `known`, with any. */
  mapping(value: unknown, path: string, known?: readonly string[]): Readonly<Record<string, unknown>> | undefined {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      const expected = known === undefined ? "a mapping" : `a mapping with ${known.join(", ")}`;
      return this.refuse(path, `must be ${expected}, is ${show(value)}`);
    }
    for (const key of Object.keys(value)) {
      if (known === undefined || known.includes(key)) continue;
      const meant = nearest(key, known);
      const hint = meant === undefined ? `known are ${known.join(", ")}` : `did you mean ${JSON.stringify(meant)}?`;
      this.refuse(join(path, key), `unknown field, ${hint}`);
    }
    return value as Record<string, unknown>;
  }

  list(value: unknown, path: string): readonly unknown[] | undefined {
    return Array.isArray(value) ? value : this.refuse(path, `must be a list, is ${show(value)}`);
  }

  /** A text of 1 to `max` bytes of UTF-8. */
  text(value: unknown, path: string, max: number, min = 1): string | undefined {
    if (typeof value !== "string") {
      const scalar = typeof value === "number" || typeof value === "boolean";
      return this.refuse(path, `must be a string, is ${show(value)}${scalar ? "; put it in quotes" : ""}`);
    }
    const bytes = Buffer.byteLength(value);
    if (bytes >= min && bytes <= max) return value;
    return this.refuse(path, `must have ${min} to ${max} bytes, has ${bytes}`);
  }

  flag(value: unknown, path: string): boolean | undefined {
    return typeof value === "boolean" ? value : this.refuse(path, `must be true or false, is ${show(value)}`);
  }

  integer(value: unknown, path: string, max: number): number | undefined {
    if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= max) return value;
    return this.refuse(path, `must be an integer from 0 to ${max}, is ${show(value)}`);
  }
}
