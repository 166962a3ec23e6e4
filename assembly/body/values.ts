// Where values begin and end: who gets their bytes, and what they set.

import { QUOTE } from "./bytes.ts";
import {
  KEY_DATA,
  KEY_IMAGE_URL,
  KEY_INCLUDE_USAGE,
  KEY_MEDIA,
  KEY_URL,
  readsKeys,
  setNumber,
  setTrue,
  startField,
  ZONE_FIELD,
  ZONE_HEAD,
  ZONE_NONE,
  ZONE_OPTIONS,
  ZONE_TOKENS,
} from "./fields.ts";
import { level, MEDIA, OBJECT, open } from "./levels.ts";
import { numberValue, startNumber } from "./numbers.ts";
import { Body } from "./record.ts";
import {
  closeNumberText,
  closeString,
  openSink,
  SINK_CHAIN,
  SINK_KEY,
  SINK_MEDIA,
  SINK_NONE,
  SINK_NUMBER,
  SINK_TEXT,
  SINK_TOKEN,
  sinkLiteral,
  sinkToken,
} from "./sinks.ts";
import { AFTER_VALUE, COLON, LITERAL, MALFORMED, NUMBER, STRING } from "./states.ts";
import { endDecoding } from "./strings.ts";

const OPEN_OBJECT: u32 = 0x7b;
const OPEN_ARRAY: u32 = 0x5b;

const TRUE: u8 = 1;
const FALSE: u8 = 2;
const NULL: u8 = 3;
const literals: usize = memory.data<u8>([
  0, 0, 0, 0, 0, 0, 0, 0,
  0x74, 0x72, 0x75, 0x65, 0, 0, 0, 0,
  0x66, 0x61, 0x6c, 0x73, 0x65, 0, 0, 0,
  0x6e, 0x75, 0x6c, 0x6c, 0, 0, 0, 0,
]);

/** A key begins. */
export function startKey(body: Body): u8 {
  body.inKey = true;
  openSink(body, readsKeys(body) ? SINK_KEY : SINK_NONE);
  return STRING;
}

/** A value begins with byte `c`; returns what comes next, with `c` still to come for numbers and literals. */
export function startValue(body: Body, c: u32): u8 {
  if (body.depth == 1) startField(body, c);
  else if (body.zone == ZONE_OPTIONS && body.key == KEY_INCLUDE_USAGE) body.includeUsage = false;
  switch (c) {
    case QUOTE:
      openSink(body, stringSink(body));
      return STRING;
    case OPEN_OBJECT:
      return open(body, body.key == KEY_MEDIA || body.key == KEY_IMAGE_URL ? OBJECT | MEDIA : OBJECT);
    case OPEN_ARRAY:
      return open(body, 0);
    case 0x74:
      return startLiteral(body, TRUE);
    case 0x66:
      return startLiteral(body, FALSE);
    case 0x6e:
      return startLiteral(body, NULL);
    default:
      if (c - 0x30 > 9 && c != 0x2d) return MALFORMED;
      body.sink = numberSink(body);
      startNumber(body);
      return NUMBER;
  }
}

function stringSink(body: Body): u8 {
  if (body.zone == ZONE_FIELD) return SINK_TEXT;
  if (body.zone < ZONE_HEAD) return SINK_NONE;
  const isMedia =
    body.depth > 1 &&
    (body.key == KEY_DATA || body.key == KEY_IMAGE_URL || (body.key == KEY_URL && (level(body) & MEDIA) != 0));
  return isMedia ? SINK_MEDIA : SINK_CHAIN;
}

function numberSink(body: Body): u8 {
  if (body.zone == ZONE_FIELD) return SINK_NUMBER;
  if (body.zone < ZONE_HEAD) return SINK_NONE;
  return body.zone == ZONE_TOKENS && body.objects == 1 ? SINK_TOKEN : SINK_CHAIN;
}

/** A string is over; returns what comes next. */
export function endString(body: Body): u8 {
  endDecoding(body);
  closeString(body);
  if (!body.inKey) return AFTER_VALUE;
  body.inKey = false;
  return COLON;
}

/** A number is over; returns what comes next. */
export function endNumber(body: Body): u8 {
  if (body.sink == SINK_CHAIN) closeNumberText(body);
  else if (body.sink == SINK_TOKEN) sinkToken(body, numberValue(body));
  else if (body.sink == SINK_NUMBER) setNumber(body, numberValue(body));
  return AFTER_VALUE;
}

function startLiteral(body: Body, literal: u8): u8 {
  body.literal = literal;
  body.literalSeen = 0;
  return LITERAL;
}

/** The next byte of a literal; returns what comes next. */
export function readLiteral(body: Body, c: u32): u8 {
  const text = literals + (usize(body.literal) << 3);
  const seen = body.literalSeen;
  if (load<u8>(text + seen) != u8(c)) return MALFORMED;
  body.literalSeen = seen + 1;
  if (load<u8>(text + seen, 1) != 0) return LITERAL;
  if (body.zone >= ZONE_HEAD) sinkLiteral(body, body.literal);
  else if (body.zone != ZONE_NONE && body.literal == TRUE) setTrue(body);
  return AFTER_VALUE;
}
