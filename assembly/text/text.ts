import { takeBlock } from "../memory/blocks.ts";

/** Bytes at a fixed place: names and keys made once, at module start or configure time. */
@final
export class Text {
  constructor(
    readonly at: usize,
    public length: u32,
  ) {}
}

/** Copies an ASCII literal's characters into memory for good: for module start and configure time only. */
export function text(literal: string): Text {
  const length = u32(literal.length);
  const at = takeBlock(length);
  spell(literal, length, at);
  return new Text(at, length);
}

/** Writes the first `length` characters of an ASCII literal, a byte each; it has as many. */
export function spell(literal: string, length: u32, at: usize): void {
  for (let i: u32 = 0; i < length; i++) store<u8>(at + i, load<u8>(changetype<usize>(literal) + (usize(i) << 1)));
}

/** A text of up to `capacity` bytes, empty at first, for values that come and go. */
export function emptyText(capacity: u32): Text {
  return new Text(takeBlock(capacity), 0);
}

/** Replaces the text; the caller keeps to its capacity. */
export function assign(target: Text, at: usize, length: u32): void {
  memory.copy(target.at, at, length);
  target.length = length;
}

/** Whether two texts have the same bytes. */
export function sameText(a: Text, b: Text): bool {
  return a.length == b.length && memory.compare(a.at, b.at, a.length) == 0;
}

/** Whether `length` bytes at `at` spell the ASCII literal. */
export function spells(at: usize, length: u32, literal: string): bool {
  if (length != u32(literal.length)) return false;
  for (let i: u32 = 0; i < length; i++) {
    if (load<u8>(at + i) != load<u8>(changetype<usize>(literal) + (usize(i) << 1))) return false;
  }
  return true;
}
