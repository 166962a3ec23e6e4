// The headers of a form's part (RFC 7578, section 4.2), byte by byte: which field is it, and is it a file? Only
// content-disposition says so, by its parameters `name` and `filename`. Nothing is kept of a header but eight
// characters of the word at hand.

import {
  FORM_CONTENT, HEADER_LF, HEADER_NAME, HEADER_REST, HEADER_START, HEADERS_LF, PARAMETER_END, PARAMETER_NAME,
  PARAMETER_START, VALUE_ESCAPED, VALUE_QUOTED, VALUE_START, VALUE_TOKEN,
} from "./form-states.ts";
import { text } from "../text/text.ts";
import { Body } from "./record.ts";
import { MALFORMED } from "./states.ts";

/** Body.parameter: which one it is whose value is read. */
const OTHER: u8 = 0;
const NAME: u8 = 1;
const FILE: u8 = 2;

const DISPOSITION = text("content-disposition");
const NO_WORD: u8 = 0xff;

const CR: u32 = 0x0d;
const LF: u32 = 0x0a;
const SPACE: u32 = 0x20;
const TAB: u32 = 0x09;
const COLON: u32 = 0x3a;
const SEMICOLON: u32 = 0x3b;
const EQUALS: u32 = 0x3d;
const QUOTE: u32 = 0x22;
const BACKSLASH: u32 = 0x5c;

/** A part begins: nothing is known of it. */
export function startPart(body: Body): u8 {
  body.isModel = false;
  body.isFile = false;
  return HEADER_START;
}

/** One byte of a part's headers; returns what comes next: FORM_CONTENT behind the last one. */
export function readHeaderByte(body: Body, state: u8, c: u32): u8 {
  switch (state) {
    case HEADER_START:
      if (c == CR) return HEADERS_LF;
      body.spelled = 0;
      return readName(body, c);
    case HEADER_NAME:
      return readName(body, c);
    case HEADER_REST:
      return c == CR ? HEADER_LF : HEADER_REST;
    case HEADER_LF:
      return c == LF ? HEADER_START : MALFORMED;
    case HEADERS_LF:
      return c == LF ? FORM_CONTENT : MALFORMED;
    case PARAMETER_END:
      if (c == CR) return HEADER_LF;
      return c == SEMICOLON ? PARAMETER_START : PARAMETER_END;
    case PARAMETER_START:
      if (c == CR) return HEADER_LF;
      if (c == SPACE || c == TAB || c == SEMICOLON) return PARAMETER_START;
      startWord(body);
      return readParameterName(body, c);
    case PARAMETER_NAME:
      return readParameterName(body, c);
    case VALUE_START:
      if (c == SPACE || c == TAB) return VALUE_START;
      startWord(body);
      return c == QUOTE ? VALUE_QUOTED : readToken(body, c);
    case VALUE_TOKEN:
      return readToken(body, c);
    case VALUE_QUOTED:
      if (c == QUOTE) return endValue(body, PARAMETER_END);
      if (c == BACKSLASH) return VALUE_ESCAPED;
      return readQuoted(body, c);
    default:
      return readQuoted(body, c);
  }
}

function readName(body: Body, c: u32): u8 {
  if (c == COLON) {
    if (u32(body.spelled) != DISPOSITION.length) return HEADER_REST;
    // Of several the last counts.
    body.isModel = false;
    body.isFile = false;
    return PARAMETER_END;
  }
  // White space: a header that is continued, which is obsolete, or none at all.
  if (c <= SPACE || c >= 0x7f) return MALFORMED;
  const spelled = u32(body.spelled);
  const fits = spelled < DISPOSITION.length && lower(c) == load<u8>(DISPOSITION.at + spelled);
  body.spelled = fits ? u8(spelled + 1) : NO_WORD;
  return HEADER_NAME;
}

function readParameterName(body: Body, c: u32): u8 {
  if (c == CR) return HEADER_LF;
  if (c == SEMICOLON) return PARAMETER_START;
  if (c == SPACE || c == TAB) return PARAMETER_NAME;
  if (c != EQUALS) {
    addToWord(body, lower(c));
    return PARAMETER_NAME;
  }
  body.parameter = OTHER;
  if (body.wordLength == 4 && body.word == 0x656d616e) body.parameter = NAME; // name, little-endian
  if (body.wordLength == 8 && body.word == 0x656d616e656c6966) body.parameter = FILE; // filename
  return VALUE_START;
}

function readToken(body: Body, c: u32): u8 {
  if (c == CR) return endValue(body, HEADER_LF);
  if (c == SEMICOLON) return endValue(body, PARAMETER_START);
  if (c == SPACE || c == TAB) return endValue(body, PARAMETER_END);
  addToWord(body, c);
  return VALUE_TOKEN;
}

function readQuoted(body: Body, c: u32): u8 {
  if (c == CR) return MALFORMED;
  addToWord(body, c);
  return VALUE_QUOTED;
}

function endValue(body: Body, next: u8): u8 {
  if (body.parameter == NAME) body.isModel = body.wordLength == 5 && body.word == 0x6c65646f6d; // model
  else if (body.parameter == FILE) body.isFile = true;
  return next;
}

function startWord(body: Body): void {
  body.word = 0;
  body.wordLength = 0;
}

// A word of more than eight characters is none of interest, but for `filename*`, which is `filename` in another
// charset.
function addToWord(body: Body, c: u32): void {
  const length = body.wordLength;
  if (length < 8) {
    body.word |= u64(c) << (u64(length) << 3);
    body.wordLength = length + 1;
  } else if (c != 0x2a) {
    body.wordLength = NO_WORD;
  }
}

function lower(c: u32): u32 {
  return c - 0x41 < 26 ? c | 0x20 : c;
}
