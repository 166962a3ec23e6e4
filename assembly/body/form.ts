// A form (multipart/form-data, RFC 7578 and, of delimiters, RFC 2046, section 5.1.1) as a machine over bytes: a piece
// may end anywhere, nothing is kept but the delimiter. Of its fields the model counts; files, of any length, are
// searched for the line end with which a delimiter begins. That stands nowhere else in a delimiter, so no byte is
// looked at twice.

import { readHeaderByte, startPart } from "./form-headers.ts";
import {
  FORM_CONTENT, FORM_DELIMITED, FORM_DELIMITER_LF, FORM_END, FORM_HYPHEN, FORM_PADDING,
} from "./form-states.ts";
import { KEY_MODEL, KEY_NONE } from "./fields.ts";
import { beginModelValue, endModelValueAt } from "./model-values.ts";
import { BODY_BROKEN, BODY_FORM, Body, delimiterAt } from "./record.ts";
import { closeString, openSink, SINK_NONE, SINK_TEXT, sinkBytes } from "./sinks.ts";
import { MALFORMED } from "./states.ts";

const CR: u32 = 0x0d;
const LF: u32 = 0x0a;
const HYPHEN: u32 = 0x2d;
const VECTOR: usize = 16;

/** Makes a new body the reader of a form with a boundary of 1 to BOUNDARY_MAX bytes. */
export function startForm(body: Body, boundary: usize, length: u32): void {
  const delimiter = delimiterAt(body);
  store<u32>(delimiter, 0x2d2d0a0d); // \r\n--
  memory.copy(delimiter + 4, boundary, length);
  body.delimiterLength = u8(length + 4);
  body.state = FORM_CONTENT;
  body.matched = 2; // the first delimiter needs no line end before it
}

/** Reads the next bytes of a form whose status is open. */
export function readForm(body: Body, at: usize, end: usize): void {
  let state = body.state;
  if (body.sink == SINK_TEXT) beginModelValue(body, at);
  while (at < end) {
    if (state == FORM_CONTENT) {
      at = readContent(body, at, end);
      if (body.matched != body.delimiterLength) break;
      body.matched = 0;
      state = FORM_DELIMITED;
      continue;
    }
    if (state == FORM_END) break;
    const c: u32 = load<u8>(at);
    const next = state < FORM_END ? endDelimiter(body, state, c) : readHeaderByte(body, state, c);
    // The byte that shows that it was no delimiter may begin one.
    if (state < FORM_END && next == FORM_CONTENT) {
      state = next;
      continue;
    }
    at++;
    state = next;
    if (state == FORM_CONTENT && body.isModel && !body.isFile) {
      body.key = KEY_MODEL;
      openSink(body, SINK_TEXT);
      if (at < end) beginModelValue(body, at);
    }
    if (state == MALFORMED) {
      body.status = BODY_BROKEN;
      body.sink = SINK_NONE;
      break;
    }
  }
  body.state = state;
}

/** The status of a form of which nothing more comes; it has had some bytes. */
export function finalFormStatus(body: Body): u8 {
  return body.state == FORM_END ? BODY_FORM : BODY_BROKEN;
}

// One byte behind what looks like a delimiter; returns what comes next: FORM_CONTENT where it was none after all. Such
// a line in a model's name is no model's.
function endDelimiter(body: Body, state: u8, c: u32): u8 {
  if (state == FORM_DELIMITER_LF) {
    if (c == LF) {
      closeValue(body);
      return startPart(body);
    }
  } else if (state == FORM_HYPHEN) {
    if (c == HYPHEN) {
      closeValue(body);
      return FORM_END;
    }
  } else {
    if (c == CR) return FORM_DELIMITER_LF;
    if (c == 0x20 || c == 0x09) return FORM_PADDING;
    if (c == HYPHEN && state == FORM_DELIMITED) return FORM_HYPHEN;
  }
  return body.sink == SINK_TEXT ? MALFORMED : FORM_CONTENT;
}

function closeValue(body: Body): void {
  if (body.sink != SINK_TEXT) return;
  closeString(body);
  body.sink = SINK_NONE;
  body.key = KEY_NONE;
}

// Reads on in a part's content. Returns the address behind its delimiter, with `matched` the delimiter's length, or
// `end`.
function readContent(body: Body, at: usize, end: usize): usize {
  const delimiter = delimiterAt(body);
  const length: u32 = body.delimiterLength;
  const named = body.sink == SINK_TEXT;
  let matched: u32 = body.matched;
  for (;;) {
    if (matched > 0) {
      while (at < end && matched < length && load<u8>(at) == load<u8>(delimiter + matched)) {
        at++;
        matched++;
      }
      if (at == end || matched == length) break;
      if (named) sinkBytes(body, delimiter, matched);
      matched = 0;
    }
    const lineEnd = findLineEnd(at, end);
    if (named) {
      if (lineEnd > at) sinkBytes(body, at, u32(lineEnd - at));
      endModelValueAt(body, lineEnd);
    }
    at = lineEnd;
    if (at == end) break;
    at++;
    matched = 1;
  }
  body.matched = u8(matched);
  return at;
}

// The first CR from `at` that LF follows, or with which the bytes end; `end` where there is none.
function findLineEnd(at: usize, end: usize): usize {
  const returns = i8x16.splat(0x0d);
  const feeds = i8x16.splat(0x0a);
  for (; at + VECTOR < end; at += VECTOR) {
    const found = v128.and(i8x16.eq(v128.load(at), returns), i8x16.eq(v128.load(at, 1), feeds));
    if (v128.any_true(found)) return at + ctz<u32>(u32(i8x16.bitmask(found)));
  }
  for (; at < end; at++) {
    if (load<u8>(at) == CR && (at + 1 == end || load<u8>(at, 1) == LF)) return at;
  }
  return end;
}
