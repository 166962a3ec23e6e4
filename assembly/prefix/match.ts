// How much of a prompt every slot holds. While all of the slots that are left hold a block in wide records, they are a
// bitset, and a block costs one pass over it; from the first block that few hold they are a list of at most eight.

import { bucketOf, cellsOf, firstCell, hashAt, HOLDERS, isLiveHolder, isMade, slotPart, wideOf } from "./cells.ts";
import { isAlive, MOST_SLOTS, slotRoom } from "./generations.ts";
import { generationIn, hasBit, refreshWide, Wide, wideBits } from "./wide.ts";

/** As many as a block can have inline: four cells of two. */
const FEW: u32 = 8;
const column: usize = memory.data(131072, 16); // u16 per slot: blocks matched
const left: usize = memory.data(8192, 16); // bitset: the slots that hold every block so far
const few: usize = memory.data(32); // u32 x FEW: these slots' numbers, when they are a list
// What the holders of the last block said of the list: for each of up to 4 cells u64 holders, u32 a bit for each place.
// Blocks that follow each other mostly have the same holders, in the same order.
const seen: usize = memory.data(64);
const SEEN_BYTES: usize = 64;

let words: u32 = 0; // of `left`
let listed: u32 = 0; // in `few`
/** Whether the last match found a slot that holds the first block. */
export let anyMatched: bool = false;

/** Leading blocks that the slot holds, by the last matchPrefix; of 65,535 at most. */
@inline
export function matched(slot: u32): u32 {
  return slot < MOST_SLOTS ? load<u16>(column + (<usize>slot << 1)) : 0;
}

/** Finds for every slot how many leading blocks it holds of the `count` u64 hashes at `hashes`. */
export function matchPrefix(hashes: usize, count: u32): void {
  if (anyMatched) memory.fill(column, 0, <usize>slotRoom << 1);
  anyMatched = false;
  if (!isMade() || count == 0) return;
  count = min<u32>(count, 0xffff);
  const wide = findWide(hashAt(hashes, 0));
  if (wide !== null) {
    anyMatched = startMany(wide);
    if (anyMatched) matchMany(hashes, count);
  } else {
    listHolders(hashAt(hashes, 0));
    anyMatched = listed > 0;
    matchFew(hashes, 1, count);
  }
}

// The refreshed record of a block that has one.
function findWide(hash: u64): Wide | null {
  const bucket = bucketOf(hash);
  // A block that has a record has one cell.
  const mask = cellsOf(bucket, hash);
  if (mask == 0) return null;
  const wide = wideOf(firstCell(bucket, mask));
  if (wide !== null) refreshWide(wide);
  return wide;
}

// The record's slots become those left. Whether there are any.
function startMany(wide: Wide): bool {
  words = wide.words;
  const bits = wideBits(wide);
  while (words > 0 && load<u64>(bits + (<usize>(words - 1) << 3)) == 0) words--;
  memory.copy(left, bits, <usize>words << 3);
  return words > 0;
}

// From the second block on, with the slots left as a bitset.
function matchMany(hashes: usize, count: u32): void {
  for (let i: u32 = 1; i < count; i++) {
    const hash = hashAt(hashes, i);
    const wide = findWide(hash);
    if (wide === null) {
      listHolders(hash);
      keepListed();
      settleMany(i);
      matchFew(hashes, i + 1, count);
      return;
    }
    if (holdsAllLeft(wide)) continue;
    if (dropMissing(wide, i) > FEW) continue;
    listLeft();
    matchFew(hashes, i + 1, count);
    return;
  }
  settleMany(count);
}

function holdsAllLeft(wide: Wide): bool {
  if (words > u32(wide.words)) return false;
  let lost: u64 = 0;
  const bits = wideBits(wide);
  const bytes = <usize>words << 3;
  let at: usize = 0;
  for (; at + 32 <= bytes; at += 32) {
    lost |= load<u64>(left + at) & ~load<u64>(bits + at);
    lost |= load<u64>(left + at, 8) & ~load<u64>(bits + at, 8);
    lost |= load<u64>(left + at, 16) & ~load<u64>(bits + at, 16);
    lost |= load<u64>(left + at, 24) & ~load<u64>(bits + at, 24);
  }
  for (; at < bytes; at += 8) lost |= load<u64>(left + at) & ~load<u64>(bits + at);
  return lost == 0;
}

// Takes those that the record lacks out of the bitset, with `blocks` matched. Returns how many are left.
function dropMissing(wide: Wide, blocks: u32): u32 {
  const bits = wideBits(wide);
  let remaining: u32 = 0;
  let end: u32 = 0;
  for (let word: u32 = 0; word < words; word++) {
    const at = left + (<usize>word << 3);
    const before = load<u64>(at);
    const after = word < u32(wide.words) ? before & load<u64>(bits + (<usize>word << 3)) : 0;
    if (before != after) {
      store<u64>(at, after);
      setMatched(word, before & ~after, blocks);
    }
    if (after != 0) end = word + 1;
    remaining += u32(popcnt(after));
  }
  words = end;
  return remaining;
}

// All that are left in the bitset have matched that many blocks.
function settleMany(blocks: u32): void {
  for (let word: u32 = 0; word < words; word++) setMatched(word, load<u64>(left + (<usize>word << 3)), blocks);
}

function setMatched(word: u32, bits: u64, blocks: u32): void {
  const at = column + (<usize>word << 7);
  if (bits == ~(<u64>0)) {
    const four = u64(blocks) * 0x0001000100010001;
    for (let quad: usize = 0; quad < 128; quad += 8) store<u64>(at + quad, four);
    return;
  }
  for (; bits != 0; bits &= bits - 1) store<u16>(at + (<usize>ctz(bits) << 1), blocks);
}

// The inline holders of a block become the list.
function listHolders(hash: u64): void {
  listed = 0;
  const bucket = bucketOf(hash);
  for (let mask = cellsOf(bucket, hash); mask != 0; mask &= mask - 1) {
    const cell = firstCell(bucket, mask);
    for (let entry = cell + HOLDERS; entry < cell + HOLDERS + 8; entry += 4) {
      const holder = load<u32>(entry);
      if (isLiveHolder(holder)) list(slotPart(holder) - 1);
    }
  }
}

@inline
function list(slot: u32): void {
  store<u32>(few + (<usize>listed << 2), slot);
  listed++;
}

// Who is not in the bitset leaves the list. Who stays gets a figure of the bitset first, then the list's.
function keepListed(): void {
  const count = listed;
  listed = 0;
  for (let i: u32 = 0; i < count; i++) {
    const slot = load<u32>(few + (<usize>i << 2));
    if (slot >>> 6 >= words) continue;
    const word = load<u64>(left + (<usize>(slot >>> 6) << 3));
    if (((word >> (slot & 63)) & 1) != 0) list(slot);
  }
}

// The bitset, of FEW at most, becomes the list.
function listLeft(): void {
  listed = 0;
  for (let word: u32 = 0; word < words; word++) {
    let bits = load<u64>(left + (<usize>word << 3));
    for (; bits != 0; bits &= bits - 1) list((word << 6) + u32(ctz(bits)));
  }
}

// From block `from` on, with the slots left as a list.
function matchFew(hashes: usize, from: u32, count: u32): void {
  memory.fill(seen, 0, SEEN_BYTES);
  let places: u32 = (1 << listed) - 1; // a bit for each place of the list that still holds every block
  for (let i = from; i < count && places != 0; i++) {
    const holding = whichHold(hashAt(hashes, i));
    setListed(places & ~holding, i);
    places &= holding;
  }
  setListed(places, count);
}

// A bit for each place of the list: whether the slot there holds the block.
@inline
function whichHold(hash: u64): u32 {
  const bucket = bucketOf(hash);
  let holding: u32 = 0;
  let memo = seen;
  for (let mask = cellsOf(bucket, hash); mask != 0; mask &= mask - 1) {
    const cell = firstCell(bucket, mask);
    const holders = load<u64>(cell, HOLDERS);
    if (holders != load<u64>(memo)) {
      const wide = wideOf(cell);
      if (wide !== null) return whichBits(wide);
      store<u64>(memo, holders);
      store<u32>(memo, placeOf(u32(holders)) | placeOf(u32(holders >> 32)), 8);
    }
    holding |= load<u32>(memo, 8);
    memo += 16;
  }
  return holding;
}

function whichBits(wide: Wide): u32 {
  let holding: u32 = 0;
  for (let i: u32 = 0; i < listed; i++) {
    const slot = load<u32>(few + (<usize>i << 2));
    if (hasBit(wide, slot) && isAlive(slot, generationIn(wide, slot))) holding |= 1 << i;
  }
  return holding;
}

// The bit of a live holder's place in the list; 0 where it has none.
function placeOf(holder: u32): u32 {
  if (!isLiveHolder(holder)) return 0;
  for (let i: u32 = 0; i < listed; i++) {
    if (load<u32>(few + (<usize>i << 2)) == slotPart(holder) - 1) return 1 << i;
  }
  return 0;
}

// Those at the places have matched that many blocks.
@inline
function setListed(places: u32, blocks: u32): void {
  for (; places != 0; places &= places - 1) {
    store<u16>(column + (<usize>load<u32>(few + (<usize>ctz(places) << 2)) << 1), blocks);
  }
}
