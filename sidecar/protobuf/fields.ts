// Protobuf messages as the bytes that they are. A message is a row of fields; what follows from that is all that is
// needed to change messages of which only few fields are known here, and nothing of the others is lost:
//
// - Rows are joined by putting one behind the other. Of a field that may occur once the last counts, or, where it is a
//   message itself, all together; one that may occur often gets more.
// - So a default stands in front of what it may be overridden by, and an addition behind it.

import { ProtoReader } from "./reader.ts";
import { BYTES, VARINT, varintSize, writeVarint } from "./wire.ts";

/** One field of a message, as it stands there. */
export interface Field {
  readonly number: number;
  /** With its tag and its length. */
  readonly whole: Uint8Array;
  /** A text, bytes or a message; undefined for numbers. */
  readonly content: Uint8Array | undefined;
}

const NOTHING = new Uint8Array();
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * The fields of a message, in their order.
 * @throws RangeError where the bytes are no message of proto3.
 */
export function fieldsOf(message: Uint8Array): Field[] {
  const fields: Field[] = [];
  const reader = new ProtoReader(message);
  for (let from = 0, number = reader.next(); number !== 0; from = reader.at, number = reader.next()) {
    const content = reader.wireType === BYTES ? reader.take() : undefined;
    if (content === undefined) reader.skip();
    fields.push({ number, whole: message.subarray(from, reader.at), content });
  }
  return fields;
}

/** The contents of each field of this number. */
export function contentsOf(message: Uint8Array, number: number): Uint8Array[] {
  return fieldsOf(message).flatMap((field) => (field.number === number && field.content ? [field.content] : []));
}

/** The message in a field that may occur once; undefined where it does not occur. */
export function messageIn(message: Uint8Array, number: number): Uint8Array | undefined {
  const contents = contentsOf(message, number);
  return contents.length > 1 ? joined(...contents) : contents[0];
}

/** The text in a field that may occur once, "" where it does not occur. */
export function textIn(message: Uint8Array, number: number): string {
  return decoder.decode(contentsOf(message, number).at(-1) ?? NOTHING);
}

/** Whether there is a field of this number. */
export function has(message: Uint8Array, number: number): boolean {
  return fieldsOf(message).some((field) => field.number === number);
}

/** The message without the fields of these numbers. */
export function without(message: Uint8Array, ...numbers: readonly number[]): Uint8Array {
  return joined(...fieldsOf(message).flatMap((field) => (numbers.includes(field.number) ? [] : [field.whole])));
}

/** The message with each field of this number, a message itself, replaced by what becomes of its content. */
export function edited(message: Uint8Array, number: number, edit: (content: Uint8Array) => Uint8Array): Uint8Array {
  const parts = fieldsOf(message).map(({ number: each, whole, content }) =>
    each === number && content !== undefined ? bytes(number, edit(content)) : whole,
  );
  return joined(...parts);
}

/** The message with more fields at the end of the message in the field of this number, which is made where it is not. */
export function extended(message: Uint8Array, number: number, ...fields: readonly Uint8Array[]): Uint8Array {
  if (!has(message, number)) return joined(message, bytes(number, joined(...fields)));
  return edited(message, number, (content) => joined(content, ...fields));
}

/** Fields one behind the other: a message, or a part of one. */
export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}

/** A field that holds a text, bytes or a message. */
export function bytes(number: number, content: Uint8Array | string): Uint8Array {
  const value = typeof content === "string" ? encoder.encode(content) : content;
  const tag = number * 8 + BYTES;
  const field = new Uint8Array(varintSize(tag) + varintSize(value.length) + value.length);
  field.set(value, writeVarint(field, writeVarint(field, 0, tag), value.length));
  return field;
}

/** A field that holds a message of these fields. */
export function message(number: number, ...fields: readonly Uint8Array[]): Uint8Array {
  return bytes(number, joined(...fields));
}

/** A field that holds a whole number from 0 to 2^53 - 1, true (1) or a constant of an enumeration. */
export function varint(number: number, value: number): Uint8Array {
  const tag = number * 8 + VARINT;
  const field = new Uint8Array(varintSize(tag) + varintSize(value));
  writeVarint(field, writeVarint(field, 0, tag), value);
  return field;
}
