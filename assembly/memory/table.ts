import { giveBlock, takeBlock } from "./blocks.ts";

// A cell: u64 key, u32 value (0: empty), u32 unused.
const CELL: usize = 16;

@inline
function mix(key: u64): u32 {
  return u32((key * 0x9e3779b97f4a7c15) >> 32);
}

/**
 * Map from 64-bit keys to addresses: open addressing with linear probing, at most half full, cells moved back on
 * removal so that no tombstones gather.
 */
@final
export class Table {
  private cells: usize;
  private mask: u32 = 63;
  private used: u32 = 0;

  constructor() {
    this.cells = takeBlock((usize(this.mask) + 1) * CELL);
    memory.fill(this.cells, 0, (usize(this.mask) + 1) * CELL);
  }

  /** The key's address; 0 where there is none. */
  get(key: u64): usize {
    const cell = this.find(key);
    return load<u32>(cell, 8);
  }

  /** Sets the key's address, which is not 0. */
  set(key: u64, value: usize): void {
    let cell = this.find(key);
    if (load<u32>(cell, 8) == 0) {
      if ((this.used + 1) * 2 > this.mask + 1) {
        this.grow();
        cell = this.find(key);
      }
      this.used++;
      store<u64>(cell, key);
    }
    store<u32>(cell, u32(value), 8);
  }

  /** Removes the key; returns what it had, 0 where it had nothing. */
  remove(key: u64): usize {
    let hole = this.find(key);
    const value = load<u32>(hole, 8);
    if (value == 0) return 0;
    this.used--;
    // Whatever probed past the hole must not be cut off by it.
    let index = u32((hole - this.cells) / CELL);
    for (;;) {
      index = (index + 1) & this.mask;
      const cell = this.cells + usize(index) * CELL;
      if (load<u32>(cell, 8) == 0) break;
      const home = mix(load<u64>(cell)) & this.mask;
      const holeIndex = u32((hole - this.cells) / CELL);
      if (((index - home) & this.mask) >= ((index - holeIndex) & this.mask)) {
        memory.copy(hole, cell, CELL);
        hole = cell;
      }
    }
    store<u32>(hole, 0, 8);
    return value;
  }

  private find(key: u64): usize {
    let index = mix(key) & this.mask;
    let cell = this.cells + usize(index) * CELL;
    while (load<u32>(cell, 8) != 0 && load<u64>(cell) != key) {
      index = (index + 1) & this.mask;
      cell = this.cells + usize(index) * CELL;
    }
    return cell;
  }

  private grow(): void {
    const old = this.cells;
    const oldBytes = (usize(this.mask) + 1) * CELL;
    this.mask = this.mask * 2 + 1;
    this.cells = takeBlock(oldBytes * 2);
    memory.fill(this.cells, 0, oldBytes * 2);
    for (let cell = old; cell < old + oldBytes; cell += CELL) {
      if (load<u32>(cell, 8) != 0) memory.copy(this.find(load<u64>(cell)), cell, CELL);
    }
    giveBlock(old, oldBytes);
  }
}
