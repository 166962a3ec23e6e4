// The table of blocks: buckets of eight cells, each bucket two cache lines, keys in one and holders in the other.
//
//   bucket   u64 key x 8 | u64 holders x 8
//   key      upper 48 bits: the hash's upper 48, not 0; lower 16: when the cell was last touched, on a coarse clock
//   holders  0: the cell is free, and its key 0
//            two of u32 {u16 slot + 1, u16 generation}, 0: none
//            u32 WIDE, u32 address: a record of wide.ts
//
// A block has up to four cells of its bucket, then a wide record. A cell is named by its key's address; the holders lie
// 64 bytes on.

import { isAlive, leavePair, opened } from "./generations.ts";
import {
  clearBit,
  generationIn,
  leaveAll,
  nextBit,
  refreshWide,
  releaseWide,
  Wide,
  wideAt,
  wideCount,
} from "./wide.ts";

const BUCKET: usize = 128;
export const HOLDERS: usize = 64;
/** Where a bucket's keys end. */
const KEYS: usize = 64;
/** Lower half of the holders of a cell that points to a wide record: no slot, yet not 0. */
const WIDE: u32 = 0x10000;
/** Cells that a block may have before it goes to a wide record. */
export const CELLS_PER_BLOCK: u32 = 4;
/** Openings in which the sweep comes by every bucket. Below half of the 65,536 that a generation's number lives. */
const OPENINGS_PER_SWEEP: u32 = 4096;
/** Wide records looked at before one is refused. */
const WIDE_TRIES: u32 = 8;
/** Steps of the clock in which as many blocks are touched as there are cells. */
const TICKS_PER_TABLE: u32 = 1024;

let table: usize = 0;
let buckets: u32 = 0;
let used: u32 = 0;
let touches: u32 = 0;
let tickMask: u32 = 0;
let clock: u16 = 0;
let swept: u32 = 0; // `opened` when the sweep last went on
let sweepAt: u32 = 0;
let wideHand: u32 = 0;
/** Pairs given up for want of room, in the table or for wide records, while their slot had room for them. */
export let evicted: u64 = 0;

/** Makes the table: a power of two of bytes, at least a bucket. It is never given back. */
export function makeTable(bytes: usize): void {
  // Not a block of memory/blocks.ts: these are not aligned to cache lines. Fresh memory is zero, and stays untouched,
  // so that an idle worker's table costs address space only.
  table = (heap.alloc(bytes + 64) + 63) & ~63;
  buckets = u32(bytes / BUCKET);
  tickMask = max<u32>((buckets * 8) / TICKS_PER_TABLE, 1) - 1;
}

/** Whether there is a table. */
@inline
export function isMade(): bool {
  return table != 0;
}

/** Share of the cells that are not free. Cells whose holders have died count until somebody needs them. */
export function usedShare(): f64 {
  return buckets == 0 ? 0 : f64(used) / f64(buckets * 8);
}

/** A block's hash in a list of u64. One without upper bits is moved: the key of a free cell is 0. */
@inline
export function hashAt(hashes: usize, index: u32): u64 {
  const hash = load<u64>(hashes + (<usize>index << 3));
  return hash < 0x10000 ? hash | 0x10000 : hash;
}

/** The bucket where a block's cells are. */
@inline
export function bucketOf(hash: u64): usize {
  return table + usize(u32(hash) & (buckets - 1)) * BUCKET;
}

/**
 * A bit for each cell of the hash's bucket that is the hash's: four at most, and one where it points to a wide record.
 * Without branches, for which cell it is cannot be foretold.
 */
@inline
export function cellsOf(bucket: usize, hash: u64): u32 {
  const wanted = i64x2.splat(hash);
  return (
    areOf(bucket, 0, wanted) |
    (areOf(bucket, 16, wanted) << 2) |
    (areOf(bucket, 32, wanted) << 4) |
    (areOf(bucket, 48, wanted) << 6)
  );
}

// Bits 0 and 1: whether the two keys at the offset have the hash's upper 48 bits.
@inline
function areOf(bucket: usize, offset: usize, wanted: v128): u32 {
  const differences = i64x2.shr_u(v128.xor(v128.load(bucket + offset), wanted), 16);
  return i64x2.bitmask(i64x2.eq(differences, i64x2.splat(0)));
}

/** The first cell of a mask by cellsOf; `mask &= mask - 1` goes on to the next. */
@inline
export function firstCell(bucket: usize, mask: u32): usize {
  return bucket + (<usize>ctz(mask) << 3);
}

/** The wide record of a cell; null where it has inline holders or none. */
@inline
export function wideOf(cell: usize): Wide | null {
  return load<u32>(cell, HOLDERS) == WIDE ? changetype<Wide>(<usize>load<u32>(cell, HOLDERS + 4)) : null;
}

/** Points a cell that is not free to a record. */
export function setWide(cell: usize, wide: Wide): void {
  store<u32>(cell, WIDE, HOLDERS);
  store<u32>(cell, u32(changetype<usize>(wide)), HOLDERS + 4);
}

/** A holder's slot plus 1, 0 where there is none. */
@inline
export function slotPart(holder: u32): u32 {
  return holder & 0xffff;
}

@inline
export function holderOf(slot: u32, generation: u32): u32 {
  return (generation << 16) | (slot + 1);
}

/** Whether an inline holder is one, and lives. */
@inline
export function isLiveHolder(holder: u32): bool {
  return holder != 0 && isAlive(slotPart(holder) - 1, holder >>> 16);
}

/** Writes an inline holder of a cell: `entry` is its address. */
export function setHolder(cell: usize, entry: usize, holder: u32): void {
  store<u32>(entry, holder);
  stamp(cell);
}

/** Empties an inline holder, and frees the cell with its last one. */
export function clearHolder(cell: usize, entry: usize): void {
  store<u32>(entry, 0);
  if (load<u64>(cell, HOLDERS) == 0) freeCell(cell);
}

/** Frees a cell that is not free. */
export function freeCell(cell: usize): void {
  store<u64>(cell, 0);
  store<u64>(cell, 0, HOLDERS);
  used--;
}

/** Marks a cell as touched now. */
export function stamp(cell: usize): void {
  store<u16>(cell, clock);
  touches++;
  if ((touches & tickMask) == 0) clock++;
}

/** Clears what is dead in a cell; a wide record with two holders or fewer becomes inline. Whether the cell is free. */
export function prune(cell: usize): bool {
  if (load<u64>(cell, HOLDERS) == 0) return true;
  const wide = wideOf(cell);
  if (wide === null) {
    for (let entry = cell + HOLDERS; entry < cell + HOLDERS + 8; entry += 4) {
      const holder = load<u32>(entry);
      if (holder != 0 && !isLiveHolder(holder)) store<u32>(entry, 0);
    }
  } else {
    refreshWide(wide);
    if (wide.holders > 2) return false;
    store<u64>(cell, 0, HOLDERS);
    for (let entry = cell + HOLDERS; wide.holders > 0; entry += 4) {
      const slot = nextBit(wide, 0);
      store<u32>(entry, holderOf(slot, generationIn(wide, slot)));
      clearBit(wide, slot);
    }
    releaseWide(wide);
  }
  if (load<u64>(cell, HOLDERS) != 0) return false;
  freeCell(cell);
  return true;
}

/** A free cell for the hash in its bucket, with its key; the caller gives it a holder at once. */
export function claimCell(bucket: usize, hash: u64): usize {
  let cell = freeCellIn(bucket);
  if (cell == 0) {
    for (let each = bucket; each < bucket + KEYS; each += 8) if (prune(each)) cell = each;
  }
  if (cell == 0) cell = evictOldest(bucket, hash);
  store<u64>(cell, hash);
  used++;
  return cell;
}

function freeCellIn(bucket: usize): usize {
  for (let cell = bucket; cell < bucket + KEYS; cell += 8) if (load<u64>(cell, HOLDERS) == 0) return cell;
  return 0;
}

// Of another block, if it can be: four cells of the hash's own would make room by losing two holders for one.
function evictOldest(bucket: usize, hash: u64): usize {
  let oldest: usize = 0;
  let age: u32 = 0;
  for (let others = ~cellsOf(bucket, hash) & 0xff; others != 0; others &= others - 1) {
    const cell = firstCell(bucket, others);
    const its = u32(clock - load<u16>(cell)) & 0xffff;
    if (oldest != 0 && its <= age) continue;
    oldest = cell;
    age = its;
  }
  evict(oldest);
  return oldest;
}

function evict(cell: usize): void {
  const wide = wideOf(cell);
  if (wide !== null) {
    evicted += leaveAll(wide);
    releaseWide(wide);
  } else {
    for (let entry = cell + HOLDERS; entry < cell + HOLDERS + 8; entry += 4) evictHolder(load<u32>(entry));
  }
  freeCell(cell);
}

/** Takes an inline holder out of its slot's counts, if it is one and lives; the caller overwrites it. */
export function evictHolder(holder: u32): void {
  if (!isLiveHolder(holder)) return;
  leavePair(slotPart(holder) - 1, holder >>> 16);
  evicted++;
}

/** Counts a pair that found no room. */
export function noteRefused(): void {
  evicted++;
}

/** Looks at a few wide records for one that has become inline enough to give its memory back. */
export function reclaimWide(): void {
  for (let i: u32 = 0; i < WIDE_TRIES && wideCount() > 0; i++) {
    if (++wideHand >= wideCount()) wideHand = 0;
    prune(wideAt(wideHand).cell);
  }
}

/**
 * Prunes buckets, as many as generations have been opened: every bucket is seen before a generation's number can come
 * back to life, 65,536 openings of its slot after it was given.
 */
export function sweep(): void {
  let due = opened - swept;
  swept = opened;
  if (table == 0) return;
  due = min<u32>(due, OPENINGS_PER_SWEEP) * ((buckets + OPENINGS_PER_SWEEP - 1) / OPENINGS_PER_SWEEP);
  for (; due > 0; due--) {
    const bucket = table + usize(sweepAt) * BUCKET;
    for (let cell = bucket; cell < bucket + KEYS; cell += 8) prune(cell);
    sweepAt = (sweepAt + 1) & (buckets - 1);
  }
}
