import { converge, finish, P1, P2, P5, round } from "./xxh64.ts";

// A record, then the up to 31 bytes that fill no round yet.
const PENDING: usize = offsetof<HashStream>();
/** Bytes of memory that a HashStream overlays. */
export const HASH_STREAM_BYTES: usize = PENDING + 32;

/** xxHash64 (seed 0) of bytes that come piece by piece; what comes out is what xxh64() gives for all of them. */
@unmanaged
@final
export class HashStream {
  a: u64;
  b: u64;
  c: u64;
  d: u64;
  length: u64;
}

/** Begins anew. */
export function startHash(stream: HashStream): void {
  stream.a = P1 + P2;
  stream.b = P2;
  stream.c = 0;
  stream.d = 0 - P1;
  stream.length = 0;
}

/** Takes in the next bytes, any number of them. */
export function feedHash(stream: HashStream, at: usize, length: u32): void {
  const pending = changetype<usize>(stream) + PENDING;
  const held = u32(stream.length) & 31;
  stream.length += length;
  if (held > 0) {
    const part = min<u32>(length, 32 - held);
    memory.copy(pending + held, at, part);
    if (held + part < 32) return;
    takeRounds(stream, pending, 32);
    at += part;
    length -= part;
  }
  const whole = length & ~31;
  if (whole > 0) takeRounds(stream, at, whole);
  if (whole < length) memory.copy(pending, at + whole, length - whole);
}

/** The hash of all bytes so far. */
export function endHash(stream: HashStream): u64 {
  const hash = stream.length >= 32 ? converge(stream.a, stream.b, stream.c, stream.d) : P5;
  const pending = changetype<usize>(stream) + PENDING;
  return finish(hash + stream.length, pending, pending + (usize(stream.length) & 31));
}

function takeRounds(stream: HashStream, at: usize, length: u32): void {
  let a = stream.a;
  let b = stream.b;
  let c = stream.c;
  let d = stream.d;
  for (const end = at + length; at < end; at += 32) {
    a = round(a, load<u64>(at));
    b = round(b, load<u64>(at, 8));
    c = round(c, load<u64>(at, 16));
    d = round(d, load<u64>(at, 24));
  }
  stream.a = a;
  stream.b = b;
  stream.c = c;
  stream.d = d;
}
