// The vectors of wire/golden and the frames of test/wire/plugin-frames.ts, handed over by as-pect.config.js.

// @ts-ignore: decorator
@external("golden", "frameLength")
declare function frameLength(name: usize, nameLength: i32): u32;
// @ts-ignore: decorator
@external("golden", "copyFrame")
declare function copyFrame(name: usize, nameLength: i32, to: usize): void;
// @ts-ignore: decorator
@external("golden", "vectorCount")
export declare function vectorCount(): i32;
// @ts-ignore: decorator
@external("golden", "vectorLength")
export declare function vectorLength(index: i32): u32;
// @ts-ignore: decorator
@external("golden", "copyVector")
export declare function copyVector(index: i32, to: usize): void;
// @ts-ignore: decorator
@external("golden", "vectorSeed")
export declare function vectorSeed(index: i32): u64;
// @ts-ignore: decorator
@external("golden", "vectorHash")
export declare function vectorHash(index: i32): u64;

/** Bytes of a frame in memory. */
export class Frame {
  constructor(
    readonly at: usize,
    readonly length: u32,
  ) {}

  /** A copy with one 32-bit field changed. */
  with32(offset: u32, value: u32): Frame {
    const copy = this.copy();
    store<u32>(copy.at + offset, value);
    return copy;
  }

  /** A copy with one 16-bit field changed. */
  with16(offset: u32, value: u16): Frame {
    const copy = this.copy();
    store<u16>(copy.at + offset, value);
    return copy;
  }

  /** A copy with one byte changed. */
  with8(offset: u32, value: u8): Frame {
    const copy = this.copy();
    store<u8>(copy.at + offset, value);
    return copy;
  }

  /** A copy with one 64-bit field changed. */
  with64(offset: u32, value: u64): Frame {
    const copy = this.copy();
    store<u64>(copy.at + offset, value);
    return copy;
  }

  private copy(): Frame {
    const at = heap.alloc(this.length);
    memory.copy(at, this.at, this.length);
    return new Frame(at, this.length);
  }
}

/** A frame by its name: a golden one, or one for plugins. */
export function golden(name: string): Frame {
  const length = frameLength(changetype<usize>(name), name.length);
  const at = heap.alloc(length);
  copyFrame(changetype<usize>(name), name.length, at);
  return new Frame(at, length);
}
