// The grammar of JSON (RFC 8259) as a machine over bytes: what may come next is a number in the record, so a piece may
// end anywhere. Nothing is kept of what has been read but two bits for each level of depth.

import { isSpace, QUOTE } from "./bytes.ts";
import { close, level, OBJECT, open } from "./levels.ts";
import { readNumber, readTokens } from "./numbers.ts";
import { BODY_BROKEN, BODY_JSON, BODY_NOT_JSON, BODY_OPEN, Body } from "./record.ts";
import { SINK_TOKEN } from "./sinks.ts";
import {
  AFTER_VALUE,
  COLON,
  FIRST_KEY,
  FIRST_VALUE,
  KEY,
  LITERAL,
  MALFORMED,
  NOTHING,
  NUMBER,
  START,
  STRING,
  VALUE,
} from "./states.ts";
import { readString } from "./strings.ts";
import { endNumber, endString, readLiteral, startKey, startValue } from "./values.ts";

const OPEN_OBJECT: u32 = 0x7b;
const CLOSE_OBJECT: u32 = 0x7d;
const CLOSE_ARRAY: u32 = 0x5d;
const COMMA: u32 = 0x2c;
const COLON_SIGN: u32 = 0x3a;

/** Reads the next bytes of a body whose status is open. */
export function parse(body: Body, at: usize, end: usize): void {
  let state = body.state;
  while (at < end) {
    if (state < STRING) {
      const c: u32 = load<u8>(at);
      if (c <= 0x20) {
        at = isSpace(c) ? skipSpace(at + 1, end) : 0;
        if (at != 0) continue;
        state = state == START ? fail(body, BODY_NOT_JSON) : MALFORMED;
      } else {
        state = step(body, state, c);
        // The first byte of a number or literal is read with the rest of it.
        if (state <= STRING) at++;
        if (state == KEY && at < end && load<u8>(at) == QUOTE) {
          state = startKey(body);
          at++;
        }
        if (state == NUMBER && body.sink == SINK_TOKEN) {
          const value = at;
          at = readTokens(body, at, end);
          if (at != value) state = VALUE;
        }
        if (state < STRING) continue;
      }
    }
    if (state == STRING) {
      at = readString(body, at, end);
      if (at == end) break;
      if (at == 0) {
        state = MALFORMED;
      } else {
        state = endString(body);
        at++;
        if (state == COLON && at < end && load<u8>(at) == COLON_SIGN) {
          state = VALUE;
          at++;
        }
        continue;
      }
    } else if (state == NUMBER) {
      at = readNumber(body, at, end);
      if (at == end) break;
      state = at == 0 ? MALFORMED : endNumber(body);
    } else if (state == LITERAL) {
      state = readLiteral(body, load<u8>(at++));
    }
    if (state == MALFORMED) {
      if (body.status == BODY_OPEN) body.status = BODY_BROKEN;
      break;
    }
  }
  body.state = state;
}

function skipSpace(at: usize, end: usize): usize {
  while (at < end && isSpace(load<u8>(at))) at++;
  return at;
}

/** The status of a body of which nothing more comes; it has had some bytes. */
export function finalStatus(body: Body): u8 {
  if (body.status != BODY_OPEN) return body.status;
  if (body.state == NOTHING) return BODY_JSON;
  return body.state == START ? BODY_NOT_JSON : BODY_BROKEN;
}

// What comes behind `c`, a byte between strings, numbers and literals.
function step(body: Body, state: u8, c: u32): u8 {
  switch (state) {
    case FIRST_KEY:
      if (c == CLOSE_OBJECT) return close(body);
      return c == QUOTE ? startKey(body) : MALFORMED;
    case KEY:
      return c == QUOTE ? startKey(body) : MALFORMED;
    case COLON:
      return c == COLON_SIGN ? VALUE : MALFORMED;
    case FIRST_VALUE:
      return c == CLOSE_ARRAY ? close(body) : startValue(body, c);
    case VALUE:
      return startValue(body, c);
    case AFTER_VALUE: {
      const inObject = (level(body) & OBJECT) != 0;
      if (c == COMMA) return inObject ? KEY : VALUE;
      return c == (inObject ? CLOSE_OBJECT : CLOSE_ARRAY) ? close(body) : MALFORMED;
    }
    case START:
      return c == OPEN_OBJECT ? open(body, OBJECT) : fail(body, BODY_NOT_JSON);
    default:
      return MALFORMED;
  }
}

function fail(body: Body, status: u8): u8 {
  body.status = status;
  return MALFORMED;
}
