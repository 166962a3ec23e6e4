// Strings: RFC 8259, section 7. What may end in the middle of a piece lies in the record.

import { BACKSLASH, escaped, findSpecial, findUnescaped, hexDigit, LETTER_U, QUOTE } from "./bytes.ts";
import { KEY_MODEL } from "./fields.ts";
import { extendModelValue } from "./model-values.ts";
import { Body } from "./record.ts";
import { SINK_KEY, SINK_TEXT, sinkBytes, sinkKey } from "./sinks.ts";

// Body.escape: 0 outside of one, 1 behind the backslash, from ESCAPE_UNIT on how many digits of a \u have been read.
const ESCAPE_OPEN: u8 = 1;
const ESCAPE_UNIT: u8 = 2;

const REPLACEMENT: u32 = 0xfffd;

const utf8: usize = memory.data(8, 8);

/**
 * Reads on within a string and hands its bytes to the sink. Returns the address of the closing quote, `end` where the
 * piece ends first, or 0 where the string is malformed.
 */
export function readString(body: Body, at: usize, end: usize): usize {
  const decoding = body.sink >= SINK_TEXT;
  const begin = at;
  let run = at; // from here on nothing has been handed over
  for (;;) {
    if (body.escape != 0) {
      if (at == end) break;
      if (!readEscape(body, load<u8>(at), decoding)) return 0;
      at++;
      if (decoding) run = at;
      continue;
    }
    at = decoding ? findSpecial(at, end) : findUnescaped(at, end);
    if (at == end) break;
    const c: u32 = load<u8>(at);
    if (c == QUOTE) {
      // A key that lies whole in the piece need not be copied.
      if (body.sink == SINK_KEY && body.keyLength == 0 && body.surrogate == 0) {
        sinkKey(body, run, u32(at - run));
        return at;
      }
      break;
    }
    if (c != BACKSLASH) return 0;
    if (decoding) {
      sinkPlain(body, run, at);
      run = at + 1;
    }
    body.escape = ESCAPE_OPEN;
    at++;
  }
  if (decoding) {
    sinkPlain(body, run, at);
    if (body.sink == SINK_TEXT && body.key == KEY_MODEL) extendModelValue(body, begin, at);
  } else if (at > run) sinkBytes(body, run, u32(at - run));
  return at;
}

/** What is left to decode where the string ends. */
export function endDecoding(body: Body): void {
  if (body.surrogate != 0) sinkReplacement(body);
}

// One byte of an escape. False where it does not belong there.
function readEscape(body: Body, c: u32, decoding: bool): bool {
  if (body.escape == ESCAPE_OPEN) {
    if (c == LETTER_U) {
      body.escape = ESCAPE_UNIT;
      body.unit = 0;
      return true;
    }
    const byte = escaped(c);
    if (byte == 0) return false;
    body.escape = 0;
    if (decoding) sinkUnit(body, byte);
    return true;
  }
  const digit = hexDigit(c);
  if (digit > 15) return false;
  body.unit = u16((u32(body.unit) << 4) | digit);
  if (++body.escape < ESCAPE_UNIT + 4) return true;
  body.escape = 0;
  if (decoding) sinkUnit(body, body.unit);
  return true;
}

function sinkPlain(body: Body, from: usize, to: usize): void {
  if (from == to) return;
  if (body.surrogate != 0) sinkReplacement(body);
  sinkBytes(body, from, u32(to - from));
}

// One UTF-16 code unit of an escape. A surrogate without its other half becomes U+FFFD.
function sinkUnit(body: Body, unit: u32): void {
  const high: u32 = body.surrogate;
  if (high != 0) {
    if ((unit & 0xfc00) == 0xdc00) {
      body.surrogate = 0;
      sinkCharacter(body, 0x10000 + ((high & 0x3ff) << 10) + (unit & 0x3ff));
      return;
    }
    sinkReplacement(body);
  }
  if ((unit & 0xfc00) == 0xd800) body.surrogate = u16(unit);
  else sinkCharacter(body, (unit & 0xfc00) == 0xdc00 ? REPLACEMENT : unit);
}

function sinkReplacement(body: Body): void {
  body.surrogate = 0;
  sinkCharacter(body, REPLACEMENT);
}

function sinkCharacter(body: Body, point: u32): void {
  let length: u32 = 1;
  if (point < 0x80) {
    store<u8>(utf8, u8(point));
  } else {
    length = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (let i = length - 1; i > 0; i--) {
      store<u8>(utf8 + i, u8(0x80 | (point & 0x3f)));
      point >>= 6;
    }
    // The first byte tells the length by its leading ones.
    store<u8>(utf8, u8((0xf00 >> length) | point));
  }
  sinkBytes(body, utf8, length);
}
