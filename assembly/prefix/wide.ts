// Records of the blocks that many slots hold: a bit per slot, and the generation of its last touch. The generations,
// which a match rarely needs, lie elsewhere, so that the bits of many records share few pages.
//
//   u16 words of the bitset | u16 bits set | u32 deaths seen | u32 cell | u32 place in the registry
//   u32 address of the generations: u16 x 64 x words | u32 unused | u64 x words: the bits
//
// A set bit may belong to a pair that has died meanwhile. Whoever reads bits calls refresh first, which follows the
// deaths that the record has not seen; so a death costs nothing by itself, however many records there are.

import { blockCapacity, giveBlock, takeBlock } from "../memory/blocks.ts";
import { DEATHS_KEPT, deaths, isAlive, leavePair, slotOfDeath, slotRoom } from "./generations.ts";

@unmanaged
@final
export class Wide {
  words: u16;
  /** Bits set. */
  holders: u16;
  /** `deaths` when refreshed. */
  seen: u32;
  /** The cell that points here. */
  cell: u32;
  place: u32;
  generations: u32;
}

const HEADER: usize = 24;
/** Bytes of the least record: 64 for one word of bits, 128 for its generations. */
const SMALLEST: usize = 192;

let budget: usize = 0;
let spent: usize = 0;
let registry: usize = 0; // u32 address of each record
let records: u32 = 0;

/** Sets how many bytes all records together may take. Once. */
export function limitWide(bytes: usize): void {
  budget = bytes;
  registry = takeBlock((bytes / SMALLEST) << 2);
}

/** How many records there are; wideAt takes places below it. */
export function wideCount(): u32 {
  return records;
}

/** The record at a place. Releasing one moves another there. */
export function wideAt(place: u32): Wide {
  return changetype<Wide>(load<u32>(registry + (<usize>place << 2)));
}

/** Address of the word with the slot's bit. */
@inline
function wordOf(wide: Wide, slot: u32): usize {
  return wideBits(wide) + (<usize>(slot >>> 6) << 3);
}

/** Address of the record's bits: u64 x words. */
@inline
export function wideBits(wide: Wide): usize {
  return changetype<usize>(wide) + HEADER;
}

/** Address of the slot's u16 generation. */
@inline
function generationOf(wide: Wide, slot: u32): usize {
  return usize(wide.generations) + (<usize>slot << 1);
}

/** Words with room for all slots known. */
@inline
function wordsWanted(): u32 {
  return slotRoom >>> 6;
}

function bytesFor(words: u32): usize {
  return blockCapacity(bitsBytes(words)) + blockCapacity(generationsBytes(words));
}

@inline
function bitsBytes(words: u32): usize {
  return HEADER + (<usize>words << 3);
}

@inline
function generationsBytes(words: u32): usize {
  return <usize>words << 7;
}

/** Whether there are bytes for one more record. */
export function wideFits(): bool {
  return spent + bytesFor(wordsWanted()) <= budget;
}

/** An empty record for a cell. wideFits has said yes. */
export function takeWide(cell: usize): Wide {
  const wide = takeSized(wordsWanted());
  wide.holders = 0;
  wide.seen = deaths;
  wide.cell = u32(cell);
  wide.place = records;
  store<u32>(registry + (<usize>records << 2), u32(changetype<usize>(wide)));
  records++;
  return wide;
}

function takeSized(words: u32): Wide {
  const wide = changetype<Wide>(takeBlock(bitsBytes(words)));
  wide.generations = u32(takeBlock(generationsBytes(words)));
  wide.words = u16(words);
  memory.fill(wideBits(wide), 0, <usize>words << 3);
  spent += bytesFor(words);
  return wide;
}

/** Gives a record's memory back. Its pairs, if it has any, are the caller's business. */
export function releaseWide(wide: Wide): void {
  records--;
  const last = wideAt(records);
  last.place = wide.place;
  store<u32>(registry + (<usize>wide.place << 2), u32(changetype<usize>(last)));
  giveSized(wide);
}

function giveSized(wide: Wide): void {
  const words: u32 = wide.words;
  spent -= bytesFor(words);
  giveBlock(wide.generations, generationsBytes(words));
  giveBlock(changetype<usize>(wide), bitsBytes(words));
}

/** Whether the slot has a place in the record. */
@inline
export function hasRoom(wide: Wide, slot: u32): bool {
  return slot >>> 6 < u32(wide.words);
}

/** The same record with room for all slots known; its address changes. wideFits has said yes. */
export function growWide(wide: Wide): Wide {
  const larger = takeSized(wordsWanted());
  larger.holders = wide.holders;
  larger.seen = wide.seen;
  larger.cell = wide.cell;
  larger.place = wide.place;
  memory.copy(wideBits(larger), wideBits(wide), <usize>wide.words << 3);
  memory.copy(larger.generations, wide.generations, generationsBytes(wide.words));
  store<u32>(registry + (<usize>wide.place << 2), u32(changetype<usize>(larger)));
  giveSized(wide);
  return larger;
}

/** Clears the bits of pairs that have died since the last refresh. */
@inline
export function refreshWide(wide: Wide): void {
  if (wide.seen != deaths) followDeaths(wide);
}

function followDeaths(wide: Wide): void {
  const missed = deaths - wide.seen;
  if (missed <= DEATHS_KEPT) {
    for (let number = wide.seen; number != deaths; number++) clearIfDead(wide, slotOfDeath(number));
  } else {
    const bits = wideBits(wide);
    for (let word: u32 = 0; word < u32(wide.words); word++) {
      for (let left = load<u64>(bits + (<usize>word << 3)); left != 0; left &= left - 1) {
        clearIfDead(wide, (word << 6) + u32(ctz(left)));
      }
    }
  }
  wide.seen = deaths;
}

function clearIfDead(wide: Wide, slot: u32): void {
  if (hasBit(wide, slot) && !isAlive(slot, generationIn(wide, slot))) clearBit(wide, slot);
}

/** Whether the slot's bit is set. */
@inline
export function hasBit(wide: Wide, slot: u32): bool {
  return hasRoom(wide, slot) && ((load<u64>(wordOf(wide, slot)) >> (slot & 63)) & 1) != 0;
}

/** The generation of a slot whose bit is set. */
@inline
export function generationIn(wide: Wide, slot: u32): u32 {
  return load<u16>(generationOf(wide, slot));
}

/** Sets the slot's generation, and its bit where it is not set. The record has room for the slot. */
export function setBit(wide: Wide, slot: u32, generation: u32): void {
  store<u16>(generationOf(wide, slot), generation);
  const at = wordOf(wide, slot);
  const bit = <u64>1 << (slot & 63);
  const word = load<u64>(at);
  if ((word & bit) != 0) return;
  store<u64>(at, word | bit);
  wide.holders++;
}

/** Clears the slot's bit, which is set. */
export function clearBit(wide: Wide, slot: u32): void {
  const at = wordOf(wide, slot);
  store<u64>(at, load<u64>(at) & ~(<u64>1 << (slot & 63)));
  wide.holders--;
}

/** The lowest slot from `from` on whose bit is set, or -1. */
export function nextBit(wide: Wide, from: u32): i32 {
  for (let word = from >>> 6; word < u32(wide.words); word++) {
    let bits = load<u64>(wideBits(wide) + (<usize>word << 3));
    if (word == from >>> 6) bits &= ~(<u64>0) << (from & 63);
    if (bits != 0) return i32((word << 6) + u32(ctz(bits)));
  }
  return -1;
}

/** Takes all of a refreshed record's pairs out of their slots' counts. Returns how many there were. */
export function leaveAll(wide: Wide): u32 {
  for (let slot = nextBit(wide, 0); slot >= 0; slot = nextBit(wide, slot + 1)) {
    leavePair(slot, generationIn(wide, slot));
  }
  return wide.holders;
}
