// Protocol Buffers' wire format, as far as reading and writing share it:
// https://protobuf.dev/programming-guides/encoding/

/** Wire types: a field's tag is its number times 8, plus one of these. */
export const VARINT = 0;
export const FIXED64 = 1;
export const BYTES = 2;
export const FIXED32 = 5;

/** Bytes that a whole number from 0 to 2^53 - 1 takes as a varint. */
export function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) size++;
  return size;
}

/** Writes such a number; where it ends. */
export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value;
  // Division, not shifts: those would wrap at 32 bits.
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes[at++] = (rest % 128) | 0x80;
  bytes[at] = rest;
  return at + 1;
}
