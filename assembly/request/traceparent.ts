// Where a request comes from, in its headers. `traceparent` is W3C Trace Context's,
// https://www.w3.org/TR/trace-context/#traceparent-header:
//
//   00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
//   version, the trace's id, the id of the span that the request comes from, flags: all in hex, in lower case
//
// Envoy writes its own span into that header only for the model server. Of its formatters it has the two ids, so a
// header_mutation filter can tell them, in the middle of that form. Whether the span is sampled no formatter tells, but
// where Envoy has decided that itself it is in the digit that says which version x-request-id has.

const TRACE: u32 = 3;
const FLAGS: u32 = 53;
const END: u32 = 55;
/** Where the parent's id is in the ids, and how long they are. */
const PARENT: u32 = 33;
const IDS: u32 = 49;
const DASH: u32 = 0x2d;
const SAMPLED: u32 = 1;
/** Characters of a UUID, and which of them is its version. */
const UUID: u32 = 36;
const VERSION: u32 = 14;

/** Nobody has decided whether the request is traced. */
export const UNDECIDED: i32 = -1;
export const NOT_SAMPLED: i32 = 0;
export const IS_SAMPLED: i32 = 1;

/**
 * Reads a traceparent, and puts the bytes of the trace's id, 16, and of the parent's, 8, to `ids`. Returns whether the
 * trace is sampled; UNDECIDED: it is no traceparent, and what stands at `ids` means nothing.
 */
export function readTraceparent(at: usize, length: u32, ids: usize): i32 {
  if (length < END || !isDash(at, TRACE - 1) || !isDash(at, FLAGS - 1)) return UNDECIDED;
  const version = hexByte(at);
  // Of a later version more may follow; 255 will never be one.
  if (version < 0 || version == 255) return UNDECIDED;
  if (length > END && (version == 0 || !isDash(at, END))) return UNDECIDED;
  const flags = hexByte(at + FLAGS);
  if (flags < 0 || !readIds(at + TRACE, IDS, ids)) return UNDECIDED;
  return (flags & SAMPLED) != 0 ? IS_SAMPLED : NOT_SAMPLED;
}

/** Reads the ids of a trace and of a span, with a dash between them, to `ids`. False: they are none. */
export function readIds(at: usize, length: u32, ids: usize): bool {
  return length == IDS && isDash(at, PARENT - 1) && readId(at, 16, ids) && readId(at + PARENT, 8, ids + 16);
}

/** Whether Envoy traces the request with this x-request-id. */
export function readRequestId(at: usize, length: u32): i32 {
  if (length != UUID) return UNDECIDED;
  switch (load<u8>(at, VERSION)) {
    case 0x34: return NOT_SAMPLED; // 4
    case 0x39: // 9: chosen by chance
    case 0x61: // a: the service wants it
    case 0x62: return IS_SAMPLED; // b: the client wants it
    default: return UNDECIDED;
  }
}

function isDash(at: usize, place: u32): bool {
  return load<u8>(at + place) == DASH;
}

// False: it is not hex, or all zeros, which no id is.
function readId(at: usize, bytes: u32, to: usize): bool {
  let any: i32 = 0;
  for (let i: u32 = 0; i < bytes; i++) {
    const byte = hexByte(at + (i << 1));
    if (byte < 0) return false;
    any |= byte;
    store<u8>(to + i, u8(byte));
  }
  return any != 0;
}

// -1: it is not two digits in lower case.
function hexByte(at: usize): i32 {
  const high = hexDigit(load<u8>(at));
  const low = hexDigit(load<u8>(at, 1));
  return high < 0 || low < 0 ? -1 : (high << 4) | low;
}

function hexDigit(byte: i32): i32 {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  return byte >= 0x61 && byte <= 0x66 ? byte - 0x57 : -1;
}
