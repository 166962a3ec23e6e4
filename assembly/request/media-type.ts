// What a request's body is by its `content-type`.

import { BOUNDARY_MAX } from "../body/record.ts";
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
const BOUNDARY = text("boundary");

const QUOTE: u8 = 0x22;
const BACKSLASH: u8 = 0x5c;
const SEMICOLON: u8 = 0x3b;
const EQUALS: u8 = 0x3d;

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

/** Result of the last boundaryIn that found one: its bytes. */
export let boundaryLength: u32 = 0;

/** Where in a `content-type` the form's boundary stands; 0: there is none, or none that a form may have. */
export function boundaryIn(from: usize, length: u32): usize {
  const end = from + length;
  let at = from;
  while (at < end && load<u8>(at) != SEMICOLON) at++;
  while (at < end) {
    while (at < end && (load<u8>(at) == SEMICOLON || isBlank(load<u8>(at)))) at++;
    const name = at;
    while (at < end && load<u8>(at) != EQUALS && load<u8>(at) != SEMICOLON) at++;
    if (at == end) return 0;
    if (load<u8>(at) == SEMICOLON) continue;
    const wanted = at - name == BOUNDARY.length && alike(name, BOUNDARY);
    at++;
    const quoted = at < end && load<u8>(at) == QUOTE;
    if (quoted) at++;
    const value = at;
    let escapes = false;
    while (at < end && (quoted ? load<u8>(at) != QUOTE : load<u8>(at) != SEMICOLON && !isBlank(load<u8>(at)))) {
      if (quoted && load<u8>(at) == BACKSLASH) {
        escapes = true;
        at++;
      }
      at++;
    }
    if (wanted) {
      boundaryLength = u32(at - value);
      const whole = at < end || !quoted;
      return whole && !escapes && boundaryLength - 1 < BOUNDARY_MAX ? value : 0;
    }
    while (at < end && load<u8>(at) != SEMICOLON) at++;
  }
  return 0;
}

function isBlank(byte: u8): bool {
  return byte == 0x20 || byte == 0x09;
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
