// Reads objects of an API server: unknown fields pass, a wrong one takes the object out and is told by its name.

import { mapping, Place, type Reader, text } from "../../support/fields.ts";
import { Findings, findingText } from "../../support/findings.ts";
import type { ObjectWarnings } from "./object-warnings.ts";

/** What every object has. */
export interface Metadata {
  /** Empty where objects of the kind are in no namespace. */
  readonly namespace: string;
  readonly name: string;
  /** Another one for each object that was ever made, whatever its name. */
  readonly uid: string;
  /** Milliseconds of the wall clock; 0 where the object does not say. */
  readonly createdAt: number;
  /** It is on its way out. */
  readonly deleting: boolean;
  /** None where the object has none. */
  readonly labels: Fields;
  readonly annotations: Fields;
}

/** What is kept of an object, whatever its kind. */
export interface ObjectRecord {
  /** `namespace/name` */
  readonly key: string;
  readonly uid: string;
}

export type Fields = Readonly<Record<string, unknown>>;

/** What is kept of an object; undefined where there is nothing to keep, or a problem more. */
export type ObjectReader<T> = (object: Fields, metadata: Metadata, place: Place) => T | undefined;

/** A field that must be a mapping where it is there; an empty one where it is not. */
export function optional(fields: Fields, name: string, place: Place): Fields {
  const value = fields[name];
  return value === undefined || value === null ? {} : (mapping(value, place.at(name)) ?? {});
}

/** A field that may be left out or null. */
export function orAbsent<T, A>(value: unknown, absent: A, read: Reader<T>, place: Place): T | A | undefined {
  return value === undefined || value === null ? absent : read(value, place);
}

/** Names are at most this long; whoever wants them shorter has checked it. */
export const readName = text(253);

function readMetadata(object: Fields, place: Place): Metadata | undefined {
  const at = place.at("metadata");
  const fields = mapping(object.metadata, at);
  if (fields === undefined) return undefined;
  const name = readName(fields.name, at.at("name"));
  const namespace = orAbsent(fields.namespace, "", readName, at.at("namespace"));
  const uid = orAbsent(fields.uid, "", readName, at.at("uid"));
  if (name === undefined || namespace === undefined || uid === undefined) return undefined;
  const created = typeof fields.creationTimestamp === "string" ? Date.parse(fields.creationTimestamp) : 0;
  return {
    namespace,
    name,
    uid,
    createdAt: Number.isNaN(created) ? 0 : created,
    deleting: typeof fields.deletionTimestamp === "string",
    labels: optional(fields, "labels", at),
    annotations: optional(fields, "annotations", at),
  };
}

/** How objects of one kind are read. */
export interface KindReading<T> {
  readonly kind: string;
  readonly read: ObjectReader<T>;
  readonly warnings: ObjectWarnings;
  /** What is kept of the object now; its last good version stays where a new one cannot be read. */
  readonly before: (key: string) => T | undefined;
  /** Whether two records say the same; then the one before stays, so that its identity tells that nothing changed. */
  readonly same: (a: T, b: T) => boolean;
}

const LEFT_OUT = "object cannot be used and is left out";
const STAYS = "new version of an object cannot be used, the last good one stays";
const WARNED = "object is not quite in order";

/** One object as a collection's `read` gets it. */
export function readObject<T extends ObjectRecord>(object: unknown, reading: KindReading<T>): T | undefined {
  const { kind, read, warnings, before, same } = reading;
  const findings = new Findings();
  const place = new Place([], findings);
  const fields = mapping(object, place);
  const metadata = fields && readMetadata(fields, place);
  const key = metadata === undefined ? "without a name" : keyOf(metadata);
  const record = metadata && read(fields as Fields, metadata, place);
  const name = `${kind} ${key}`;
  if (findings.problems.length > 0) {
    const last = before(key);
    const stays = last !== undefined && last.uid === metadata?.uid;
    warnings.tell(name, findings.problems.map(findingText), stays ? STAYS : LEFT_OUT);
    return stays ? last : undefined;
  }
  warnings.mended(name, LEFT_OUT);
  warnings.mended(name, STAYS);
  if (findings.warnings.length > 0) warnings.tell(name, findings.warnings.map(findingText), WARNED);
  if (record === undefined) return undefined;
  const last = before(key);
  return last !== undefined && same(last, record) ? last : record;
}

/** `namespace/name`; the name alone where there is no namespace. */
export function keyOf({ namespace, name }: Pick<Metadata, "namespace" | "name">): string {
  return namespace === "" ? name : `${namespace}/${name}`;
}
