// The objects and arrays around a place: two bits for each.

import { KEY_NONE } from "./fields.ts";
import { Body, levelsAt, MAX_DEPTH } from "./record.ts";
import { AFTER_VALUE, FIRST_KEY, FIRST_VALUE, MALFORMED, NOTHING } from "./states.ts";

/** It is an object. */
export const OBJECT: u32 = 1;
/** It is the value of a key whose `url` is media. */
export const MEDIA: u32 = 2;

/**
 * Opens an object or, without bits, an array inside what is open; returns what comes next. The key before it is not
 * that of an array's elements.
 */
export function open(body: Body, bits: u32): u8 {
  const depth = body.depth;
  if (depth == MAX_DEPTH) return MALFORMED;
  const word = levelsAt(body) + ((depth >> 4) << 2);
  const shift = (depth & 15) << 1;
  store<u32>(word, (load<u32>(word) & ~(3 << shift)) | (bits << shift));
  body.depth = depth + 1;
  body.key = KEY_NONE;
  if (bits == 0) return FIRST_VALUE;
  body.objects++;
  return FIRST_KEY;
}

/** Closes the innermost object or array; returns what comes next. */
export function close(body: Body): u8 {
  if (level(body) & OBJECT) body.objects--;
  body.key = KEY_NONE;
  return --body.depth == 0 ? NOTHING : AFTER_VALUE;
}

/** The bits of the innermost object or array. */
export function level(body: Body): u32 {
  const depth = body.depth - 1;
  return (load<u32>(levelsAt(body) + ((depth >> 4) << 2)) >> ((depth & 15) << 1)) & 3;
}
