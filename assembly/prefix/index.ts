// Which blocks of prompts are probably in which endpoint's KV cache. A block is known by a hash of the whole prompt up
// to and including it; an endpoint by its slot number, 0 to 65,534, small numbers preferred: state is kept in arrays.
// Higher ones hold nothing.
//
//   generations.ts   how old a slot's pairs are: least recently used, to an eighth of its capacity
//   cells.ts         the table of blocks
//   wide.ts          blocks that many slots hold
//   match.ts, record.ts

import { evicted, isMade, makeTable, sweep, usedShare } from "./cells.ts";
import { killSlot, limitPairs, MOST_SLOTS, pairsOf } from "./generations.ts";
import { anyMatched, matched, matchPrefix } from "./match.ts";
import { forgetFrom, recordPrefix } from "./record.ts";
import { limitWide } from "./wide.ts";

export { anyMatched, evicted, forgetFrom, matched, matchPrefix, recordPrefix };

const SMALLEST_TABLE: u32 = 128;
const LARGEST_TABLE: u32 = 1 << 29;
/** Part of the table's size that wide records may take beside it. */
const WIDE_PART: usize = 4;

/**
 * Makes the index: a table of `bytes`, rounded down to a power of two from 128 bytes to 512 MiB, and up to a quarter of
 * that, as it is needed, for blocks that many endpoints hold. The first call counts, others change nothing. Until then
 * nothing is recorded and nothing matches.
 */
export function configurePrefixIndex(bytes: u32): void {
  if (isMade()) return;
  const wanted = min<u32>(max<u32>(bytes, SMALLEST_TABLE), LARGEST_TABLE);
  const table: usize = 1 << (31 - clz<u32>(wanted));
  makeTable(table);
  limitWide(table / WIDE_PART);
}

/** Whether the index is there. */
export function prefixReady(): bool {
  return isMade();
}

/**
 * Sets how many blocks the slot's endpoint can hold; 31,250 where nobody says. What is too much is forgotten, the
 * longest untouched first.
 */
export function setCapacity(slot: u32, blocks: u32): void {
  if (slot < MOST_SLOTS) limitPairs(slot, blocks);
  sweep();
}

/** Forgets everything that the slot held, and its capacity: its endpoint is gone. */
export function dropEndpoint(slot: u32): void {
  killSlot(slot);
  sweep();
}

/** Blocks that the slot holds. */
export function heldBlocks(slot: u32): u32 {
  return pairsOf(slot);
}

/** Share of the table's cells in use, 0 to 1; cells of what is forgotten count until their place is taken. */
export function prefixUsage(): f64 {
  return usedShare();
}
