// What a request's body is by its `content-type`.

import { Text, text } from "../text/text.ts";

/** Not said. */
export const MEDIA_UNKNOWN: u8 = 0;
/** application/json, or another type of JSON's family: application/problem+json, text/json. */
export const MEDIA_JSON: u8 = 1;
/** multipart/form-data */
export const MEDIA_FORM: u8 = 2;
/** Anything else. */
export const MEDIA_OTHER: u8 = 3;

const FORM = text("multipart/form-data");
const JSON = text("json");

/** The kind, MEDIA_*, of the `content-type` of `length` bytes at `at`; case and parameters do not matter. */
export function mediaOf(at: usize, length: u32): u8 {
  let end: u32 = 0;
  while (end < length && !endsType(load<u8>(at + end))) end++;
  if (end == 0) return MEDIA_UNKNOWN;
  if (end == FORM.length && alike(at, FORM)) return MEDIA_FORM;
  if (end <= JSON.length || !alike(at + end - JSON.length, JSON)) return MEDIA_OTHER;
  const before = load<u8>(at + end - JSON.length - 1);
  return before == 0x2f || before == 0x2b ? MEDIA_JSON : MEDIA_OTHER; // "/json", "+json"
}

// A semicolon, a comma (of a header that came twice and was joined), a blank.
function endsType(byte: u8): bool {
  return byte == 0x3b || byte == 0x2c || byte == 0x20 || byte == 0x09;
}

// Whether the bytes at `at` are the text's but for their case. The text is in lower case.
function alike(at: usize, what: Text): bool {
  for (let i: u32 = 0; i < what.length; i++) {
    const byte = load<u8>(at + i);
    const lower = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
    if (lower != load<u8>(what.at + i)) return false;
  }
  return true;
}
