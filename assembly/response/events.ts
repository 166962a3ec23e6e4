// Counts the events of a text/event-stream that carry data: its lines that begin with `data:`, but for those that are
// empty or say [DONE], as OpenAI's last one does. Lines end in LF or CRLF; CR alone, which the format allows too, is
// nobody's habit. A line's head may come in pieces: how far it has come is one number,
//
//   0..4 characters of `data:`, 5 those five and spaces, 6..11 also 1..6 characters of [DONE], REST of a line

const SPACES: u8 = 5;
const DONE: u8 = 11;
const REST: u8 = 12;
const LF: u8 = 0x0a;
const VECTOR: usize = 16;

// What leads from one state to the next.
const heads: usize = memory.data<u8>([0x64, 0x61, 0x74, 0x61, 0x3a, 0x5b, 0x44, 0x4f, 0x4e, 0x45, 0x5d]); // data:[DONE]

/** Result of the last advanceLine: events with data whose first character that is not of [DONE] was among the bytes. */
export let eventsCounted: u32 = 0;

/** Reads on; `state` is what the last call gave, 0 at first. */
export function advanceLine(state: u8, from: usize, length: u32): u8 {
  eventsCounted = 0;
  const to = from + length;
  for (let at = from; at < to; at++) {
    if (state == REST) {
      at = findLineEnd(at, from, to);
      if (at == to) return REST;
      state = 0;
      continue;
    }
    const byte = load<u8>(at);
    if (state < DONE && byte == load<u8>(heads + state)) {
      state++;
    } else if (state < SPACES) {
      state = byte == LF ? 0 : REST;
    } else if ((state == SPACES || state == DONE) && (byte == 0x20 || byte == 0x0d)) {
      continue;
    } else if ((state == SPACES || state == DONE) && byte == LF) {
      state = 0;
    } else {
      eventsCounted++;
      state = byte == LF ? 0 : REST;
    }
  }
  return state;
}

// The first LF from `at`, or `to`.
function findLineEnd(at: usize, from: usize, to: usize): usize {
  if (to - from < VECTOR) {
    while (at < to && load<u8>(at) != LF) at++;
    return at;
  }
  const lineEnds = i8x16.splat(LF);
  while (at < to) {
    // The last vector ends with the bytes, so as to read none behind them.
    const start = min<usize>(at, to - VECTOR);
    const found = i8x16.eq(v128.load(start), lineEnds);
    if (v128.any_true(found)) {
      const mask = u32(i8x16.bitmask(found)) & (<u32>0xffff << u32(at - start));
      if (mask != 0) return start + ctz<u32>(mask);
    }
    at = start + VECTOR;
  }
  return to;
}
