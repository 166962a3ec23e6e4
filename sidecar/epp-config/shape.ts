// What a mapping of the configuration may hold, told as data: readers, defaults, and what has no effect here.

import { isDeepStrictEqual } from "node:util";
import { mapping, type Place, type Reader, taking } from "../support/fields.ts";

/** One field of a mapping. */
export interface Field<T> {
  /** What it does, for people: the reference of the configuration says it, and who leaves a required one out is told. */
  readonly about: string;
  readonly read: Reader<T>;
  /** Used where the field is left out; undefined: it stays out. */
  readonly fallback: T | undefined;
  readonly required: boolean;
  /** Set where the field has no effect in this version: what it may hold without a warning, its default there. */
  readonly idle: { readonly usual: T | undefined } | undefined;
  /** Types of plugins, one of which the text has to name. */
  readonly refersTo: readonly string[];
}

/** The fields that a mapping may have, by their names. */
export type Shape = Readonly<Record<string, Field<unknown>>>;

type ValueOf<F> = F extends Field<infer T> ? T : never;
type Open<S extends Shape> = { [K in keyof S]: undefined extends ValueOf<S[K]> ? K : never }[keyof S];

/** What reading a shape gives: fields without a default may be missing. */
export type Values<S extends Shape> = { readonly [K in Exclude<keyof S, Open<S>>]: ValueOf<S[K]> } & {
  readonly [K in Open<S>]?: ValueOf<S[K]>;
};

const PLAIN = { fallback: undefined, required: false, idle: undefined, refersTo: [] } as const;

/** A field that may be left out, and then stays out. */
export function optional<T>(about: string, read: Reader<T>): Field<T | undefined> {
  return { ...PLAIN, about, read };
}

/** A field with a default. */
export function withDefault<T>(about: string, read: Reader<T>, fallback: T): Field<T> {
  return { ...PLAIN, about, read, fallback };
}

/** A field that has to be there. */
export function required<T>(about: string, read: Reader<T>): Field<T> {
  return { ...PLAIN, about, read, required: true };
}

/** A field that the reference knows and that has no effect here: it is read, and told of unless it is as usual. */
export function idle<T>(about: string, read: Reader<T>, usual?: T): Field<T | undefined> {
  return { ...PLAIN, about, read, idle: { usual } };
}

/** A field that names a plugin of one of these types; left out, it means the one of the first type. */
export function reference(...types: [string, ...string[]]): Field<string | undefined> {
  return { ...PLAIN, about: `the ${types.join(" or ")} that it reads`, read: pluginName, refersTo: types };
}

const PLUGIN_NAME = "the name of a plugin";

/** The name of a plugin; "" counts as left out, as in the reference. */
export const pluginName: Reader<string> = taking(PLUGIN_NAME, (value, place) => {
  if (value === "") return undefined;
  return typeof value === "string" ? value : place.expect(PLUGIN_NAME, value);
});

/** What a shape is called in messages. */
export interface Owner {
  /** The message about a field that the shape lacks; the hint begins with a comma, or is empty. */
  readonly unknown: (name: string, hint: string) => string;
  /** The owner's name behind the name of a field without effect: ` of x`. */
  readonly of: string;
  /** Set where the owner has no effect as a whole: its fields need no word. */
  readonly quiet: boolean;
}

const NOBODY: Owner = { unknown: (_, hint) => `unknown field${hint}`, of: "", quiet: false };

/** The default of every field that has one. */
function defaultsOf(shape: Shape): Readonly<Record<string, unknown>> {
  const defaults = Object.entries(shape).filter(([, field]) => field.fallback !== undefined);
  return Object.fromEntries(defaults.map(([name, field]) => [name, field.fallback]));
}

function readField(name: string, field: Field<unknown>, seen: unknown, place: Place, owner: Owner): unknown {
  if (seen === undefined || seen === null) {
    if (field.required) place.refuse(`${name} is missing: ${field.about}`);
    return field.fallback;
  }
  const at = place.at(name);
  const value = field.read(seen, at);
  if (field.idle && !owner.quiet && value !== undefined && !isDeepStrictEqual(value, field.idle.usual)) {
    at.warn(`${name}${owner.of} has no effect in this version`);
  }
  return value ?? field.fallback;
}

/** Reads a mapping field by field. Null counts as left out, for the mapping as for its fields, as in the reference. */
export function readShape<S extends Shape>(shape: S, value: unknown, place: Place, owner: Owner = NOBODY): Values<S> {
  const names = Object.keys(shape);
  const given = mapping(value ?? {}, place, names, owner.unknown);
  if (given === undefined) return defaultsOf(shape) as Values<S>;
  const values: [string, unknown][] = [];
  for (const name of names) {
    const seen = Object.hasOwn(given, name) ? given[name] : undefined;
    const found = readField(name, shape[name]!, seen, place, owner);
    if (found !== undefined) values.push([name, found]);
  }
  return Object.fromEntries(values) as Values<S>;
}

/** A nested mapping. */
export function record<S extends Shape>(shape: S): Reader<Values<S>> {
  return taking({ text: "a mapping", fields: shape }, (value, place) => readShape(shape, value, place));
}
