// Where the body's `model` values lie that are strings: what a rewriting of the model has to replace. A body has one,
// but nothing keeps a client from sending several, of which a model server may read any.

import { KEY_MODEL } from "./fields.ts";
import { Body } from "./record.ts";
import { SINK_TEXT } from "./sinks.ts";
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
 * The place of the first raw byte between the quotes of such a value, 0 to `modelValues` - 1, in bytes from the body's
 * first one on. It may lie before the bytes of the last feedBody.
 */
export function modelValueFrom(index: u32): u32 {
  return load<u32>(spans + usize(index) * SPAN_BYTES);
}

/** The place of the closing quote. */
export function modelValueTo(index: u32): u32 {
  return load<u32>(spans + usize(index) * SPAN_BYTES, 4);
}

/** xxh64 of the decoded value. */
export function modelValueHash(index: u32): u64 {
  return load<u64>(spans + usize(index) * SPAN_BYTES, 8);
}

/** Whether the bytes fed so far end within such a value. */
export function inModelValue(body: Body): bool {
  return body.state == STRING && body.sink == SINK_TEXT && body.key == KEY_MODEL;
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

/** The value is over. */
export function closeModelValue(body: Body, hash: u64): void {
  if (modelValues == MOST_VALUES) return;
  const span = spans + usize(modelValues++) * SPAN_BYTES;
  store<u32>(span, u32(body.modelFrom));
  store<u32>(span, u32(body.modelTo), 4);
  store<u64>(span, hash, 8);
}
