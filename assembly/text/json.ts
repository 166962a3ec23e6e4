// JSON put together in memory of its own: for explanations, which are asked for one by one, and errors. Only ASCII
// comes out, so that the text may stand in a header.

import { blockCapacity, giveBlock, takeBlock } from "../memory/blocks.ts";

const FIRST_BYTES: usize = 1024;
/** Decimals of a number: enough to compare scores, few enough to read. */
const DECIMALS: u32 = 9;

/** A JSON text that grows; the caller sees to its commas only where it says so. */
@final
export class JsonText {
  at: usize = 0;
  length: u32 = 0;
  private capacity: usize = 0;
  private fresh: bool = true;

  /** Starts anew. */
  clear(): JsonText {
    this.length = 0;
    this.fresh = true;
    return this;
  }

  /** Lets go of the memory. */
  release(): void {
    giveBlock(this.at, this.capacity);
    this.at = 0;
    this.capacity = 0;
    this.length = 0;
  }

  open(bracket: u8): JsonText {
    this.separate();
    this.put(bracket);
    this.fresh = true;
    return this;
  }

  close(bracket: u8): JsonText {
    this.put(bracket);
    this.fresh = false;
    return this;
  }

  /** An ASCII literal as a member's name. */
  key(name: string): JsonText {
    this.separate();
    this.put(0x22);
    this.literal(name);
    this.put(0x22);
    this.put(0x3a);
    this.fresh = true;
    return this;
  }

  /** An ASCII literal, in which nothing needs an escape, as a string. */
  word(literal: string): JsonText {
    this.separate();
    this.put(0x22);
    this.literal(literal);
    this.put(0x22);
    return this;
  }

  null(): JsonText {
    this.separate();
    this.literal("null");
    return this;
  }

  /** UTF-8 bytes as a string. */
  string(from: usize, length: u32): JsonText {
    this.separate();
    this.put(0x22);
    for (let i: u32 = 0; i < length; ) {
      const byte = load<u8>(from + i);
      if (byte < 0x80) {
        this.character(byte);
        i++;
        continue;
      }
      const bytes: u32 = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      let point = u32(byte) & (0xff >> (bytes + 1));
      for (let j: u32 = 1; j < bytes; j++) {
        point = (point << 6) | (i + j < length ? u32(load<u8>(from + i + j)) & 0x3f : 0);
      }
      if (point >= 0x10000) {
        this.unit(0xd800 + ((point - 0x10000) >> 10));
        this.unit(0xdc00 + ((point - 0x10000) & 0x3ff));
      } else {
        this.unit(point);
      }
      i += bytes;
    }
    this.put(0x22);
    return this;
  }

  /** A number with up to nine decimals; null where it is none. */
  number(value: f64): JsonText {
    if (!isFinite(value)) return this.null();
    this.separate();
    let rest = Math.abs(value);
    if (rest >= 1e15) rest = 1e15; // what no score, count or time comes near
    let whole = u64(rest);
    let fraction = u64(Math.round((rest - f64(whole)) * 1e9));
    if (fraction == 1_000_000_000) {
      whole++;
      fraction = 0;
    }
    if (value < 0 && (whole | fraction) != 0) this.put(0x2d);
    this.digits(whole, 1);
    if (fraction == 0) return this;
    let decimals = DECIMALS;
    while (fraction % 10 == 0) {
      fraction /= 10;
      decimals--;
    }
    this.put(0x2e);
    this.digits(fraction, decimals);
    return this;
  }

  private digits(value: u64, least: u32): void {
    let divisor: u64 = 1;
    for (let count: u32 = 1; value / divisor >= 10 || count < least; count++) divisor *= 10;
    for (; divisor > 0; divisor /= 10) this.put(u8(48 + ((value / divisor) % 10)));
  }

  private character(byte: u8): void {
    if (byte < 0x20 || byte == 0x7f) {
      this.unit(byte);
      return;
    }
    if (byte == 0x22 || byte == 0x5c) this.put(0x5c);
    this.put(byte);
  }

  private unit(value: u32): void {
    this.put(0x5c);
    this.put(0x75);
    for (let shift: i32 = 12; shift >= 0; shift -= 4) {
      const digit = (value >> shift) & 15;
      this.put(u8(digit < 10 ? 48 + digit : 87 + digit));
    }
  }

  private literal(word: string): void {
    for (let i: u32 = 0; i < u32(word.length); i++) this.put(load<u8>(changetype<usize>(word) + (usize(i) << 1)));
  }

  private separate(): void {
    if (!this.fresh) this.put(0x2c);
    this.fresh = false;
  }

  private put(byte: u8): void {
    if (usize(this.length) >= this.capacity) this.grow();
    store<u8>(this.at + this.length++, byte);
  }

  private grow(): void {
    const larger = max(this.capacity << 1, FIRST_BYTES);
    const block = takeBlock(larger);
    memory.copy(block, this.at, this.length);
    giveBlock(this.at, this.capacity);
    this.at = block;
    this.capacity = blockCapacity(larger);
  }
}
