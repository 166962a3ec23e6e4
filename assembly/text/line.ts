// One line of text put together without garbage: log lines, error bodies, destination lists.

import { spell } from "./text.ts";

const CAPACITY: u32 = 2048;

/** A buffer that text is appended to; what passes its end is cut off. */
@final
export class Line {
  readonly at: usize = heap.alloc(CAPACITY);
  length: u32 = 0;

  /** Empties it. */
  clear(): Line {
    this.length = 0;
    return this;
  }

  /** Appends an ASCII literal. */
  add(literal: string): Line {
    const length = min(u32(literal.length), CAPACITY - this.length);
    // Not a loop here: the compiler would put a copy of it into each place that writes a line, 10 KB in all.
    spell(literal, length, this.at + this.length);
    this.length += length;
    return this;
  }

  /** Appends bytes as they are. */
  bytes(from: usize, length: u32): Line {
    const fits = min(length, CAPACITY - this.length);
    memory.copy(this.at + this.length, from, fits);
    this.length += fits;
    return this;
  }

  /** The line ends in an address that begins at `begin`: gives it another port. */
  portFrom(begin: u32, port: u32): Line {
    while (this.length > begin && load<u8>(this.at + this.length - 1) != 0x3a) this.length--;
    return this.number(port);
  }

  /** Appends a number in decimal. */
  number(value: u64): Line {
    let divisor: u64 = 1;
    while (value / divisor >= 10) divisor *= 10;
    for (; divisor > 0; divisor /= 10) {
      if (this.length < CAPACITY) store<u8>(this.at + this.length++, u8(48 + ((value / divisor) % 10)));
    }
    return this;
  }
}
