// Where the body's `model` values lie, the strings of JSON and the fields of a form: what a rewriting of the model has
// to replace. A body has one, but nothing keeps a client from sending several, of which a model server may read any.
// Where a JSON object ends and its last `model` is no string, or there is none, the place for one is told like a value.

import { KEY_MODEL } from "./fields.ts";
import { Body } from "./record.ts";
import { SINK_TEXT } from "./sinks.ts";
import { FORM_CONTENT } from "./form-states.ts";
import { STRING } from "./states.ts";

/** `modelFrom` before the first byte of a value is at hand. */
const NOWHERE: usize = usize.MAX_VALUE;
/** Values that the bytes of one feedBody may end: as many as fit into 32 KiB, `"model":"",` each. */
const MOST_VALUES: u32 = 2980;
const SPAN_BYTES: usize = 16;
const spans: usize = memory.data(47680, 8);

/** Values that ended among the bytes of the last feedBody. */
export let modelValues: u32 = 0;

/**
 * The place of the first raw byte of such a value, behind its quote in JSON, 0 to `modelValues` - 1, in bytes from the
 * body's first one on. It may lie before the bytes of the last feedBody.
 */
export function modelValueFrom(index: u32): u32 {
  return load<u32>(spans + usize(index) * SPAN_BYTES);
}

/** The place behind its last raw byte: of the closing quote, or of a form's delimiter. */
export function modelValueTo(index: u32): u32 {
  return load<u32>(spans + usize(index) * SPAN_BYTES, 4);
}

/** xxh64 of the decoded value; 0: there is none, but place for one before the closing brace. */
export function modelValueHash(index: u32): u64 {
  return load<u64>(spans + usize(index) * SPAN_BYTES, 8);
}

/** Whether the bytes fed so far end within such a value. */
export function inModelValue(body: Body): bool {
  return (body.state == STRING || body.state >= FORM_CONTENT) && body.sink == SINK_TEXT && body.key == KEY_MODEL;
}

/** Where that one begins. */
export function openModelValueFrom(body: Body): u32 {
  return u32(body.modelFrom == NOWHERE ? body.fed : body.modelFrom);
}

/** Forgets the values of the last feedBody. */
export function forgetModelValues(): void {
  modelValues = 0;
}

/** A value begins behind this byte. */
export function openModelValue(body: Body): void {
  body.modelFrom = NOWHERE;
}

/** Raw bytes of a value lie from one address to another. */
export function extendModelValue(body: Body, from: usize, to: usize): void {
  if (body.modelFrom == NOWHERE) body.modelFrom = body.offset + from;
  body.modelTo = body.offset + to;
}

/** The first raw byte of a form's value lies at this address, unless an earlier one was. */
export function beginModelValue(body: Body, at: usize): void {
  if (body.modelFrom == NOWHERE) body.modelFrom = body.offset + at;
}

/** A form's value may be over at this address. */
export function endModelValueAt(body: Body, at: usize): void {
  body.modelTo = body.offset + at;
}

/** The value is over. */
export function closeModelValue(body: Body, hash: u64): void {
  addSpan(body.modelFrom, body.modelTo, hash);
}

/** The body's object has ended without a model, somewhere among the bytes up to an address and before white space. */
export function closeWithoutModel(body: Body, end: usize): void {
  while (load<u8>(end - 1) != 0x7d) end--;
  const place = body.offset + end - 1;
  addSpan(place, place, 0);
}

/** Raw bytes of the body's last value; 0: it has none. */
export function lastModelValueBytes(body: Body): u32 {
  return u32(body.modelTo - body.modelFrom);
}

function addSpan(from: usize, to: usize, hash: u64): void {
  if (modelValues == MOST_VALUES) return;
  const span = spans + usize(modelValues++) * SPAN_BYTES;
  store<u32>(span, u32(from));
  store<u32>(span, u32(to), 4);
  store<u64>(span, hash, 8);
}
