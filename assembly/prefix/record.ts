import {
  bucketOf,
  CELLS_PER_BLOCK,
  cellsOf,
  claimCell,
  clearHolder,
  evictHolder,
  firstCell,
  freeCell,
  hashAt,
  HOLDERS,
  holderOf,
  isLiveHolder,
  isMade,
  noteRefused,
  prune,
  reclaimWide,
  setHolder,
  setWide,
  slotPart,
  stamp,
  sweep,
  wideOf,
} from "./cells.ts";
import {
  currentGeneration,
  ensureSlot,
  enterPair,
  lastsFor,
  leavePair,
  MOST_SLOTS,
  renewPair,
  slotRoom,
} from "./generations.ts";
import {
  clearBit,
  generationIn,
  growWide,
  hasBit,
  hasRoom,
  refreshWide,
  setBit,
  takeWide,
  Wide,
  wideFits,
} from "./wide.ts";

/**
 * Notes that the slot holds the blocks [from, count) of the u64 hashes at `hashes`: new ones are entered, all are
 * touched. Returns the index of the first that was new, `count` where none was, as for slots from 65,535 on.
 *
 * The last block is touched first: what a prompt shares with others is then always the younger part, and a slot
 * that forgets part of a prompt keeps its beginning, without which the rest would match nothing.
 */
export function recordPrefix(slot: u32, hashes: usize, count: u32, from: u32): u32 {
  if (!isMade() || slot >= MOST_SLOTS) return count;
  ensureSlot(slot);
  let firstNew = count;
  for (let i = count; i > from; i--) if (hold(slot, hashAt(hashes, i - 1))) firstNew = i - 1;
  sweep();
  return firstNew;
}

/** Notes that the slot does not hold the blocks [from, count) of the u64 hashes at `hashes`. */
export function forgetFrom(slot: u32, hashes: usize, count: u32, from: u32): void {
  if (!isMade() || slot >= slotRoom) return;
  for (let i = from; i < count; i++) forget(slot, hashAt(hashes, i));
}

// Enters or touches a pair. Whether it is new.
function hold(slot: u32, hash: u64): bool {
  const bucket = bucketOf(hash);
  let cells: u32 = 0;
  let room: usize = 0; // a place for a holder among the block's cells,
  let roomCell: usize = 0; // and its cell
  for (let mask = cellsOf(bucket, hash); mask != 0; mask &= mask - 1) {
    const cell = firstCell(bucket, mask);
    const wide = wideOf(cell);
    if (wide !== null) return holdWide(slot, hash, wide);
    cells++;
    for (let entry = cell + HOLDERS; entry < cell + HOLDERS + 8; entry += 4) {
      const holder = load<u32>(entry);
      if (!isLiveHolder(holder)) {
        room = entry;
        roomCell = cell;
      } else if (slotPart(holder) == slot + 1) {
        setHolder(cell, entry, holderOf(slot, currentGeneration(slot)));
        renewPair(slot, holder >>> 16);
        return false;
      }
    }
  }
  if (room == 0 && cells < CELLS_PER_BLOCK) {
    roomCell = claimCell(bucket, hash);
    room = roomCell + HOLDERS;
  }
  if (room == 0) {
    if (!wideFits()) reclaimWide();
    if (wideFits()) return holdWide(slot, hash, widen(bucket, hash));
    room = nearestToDeath(bucket, hash);
    roomCell = (room - HOLDERS) & ~7;
    evictHolder(load<u32>(room));
  }
  setHolder(roomCell, room, holderOf(slot, currentGeneration(slot)));
  enterPair(slot);
  return true;
}

// The same where the block has a record. A slot that the record cannot be grown for is not entered, yet counts as new.
function holdWide(slot: u32, hash: u64, wide: Wide): bool {
  const cell: usize = wide.cell;
  refreshWide(wide);
  if (!hasRoom(wide, slot)) {
    if (!wideFits()) {
      reclaimWide();
      // It may have been this record that became inline.
      if (wideOf(cell) === null) return hold(slot, hash);
      if (!wideFits()) {
        noteRefused();
        return true;
      }
    }
    wide = growWide(wide);
    setWide(cell, wide);
  }
  stamp(cell);
  const isNew = !hasBit(wide, slot);
  const generation = isNew ? 0 : generationIn(wide, slot);
  setBit(wide, slot, currentGeneration(slot));
  if (isNew) enterPair(slot);
  else renewPair(slot, generation);
  return isNew;
}

// A record with the holders of all of the block's cells, in the first of them.
function widen(bucket: usize, hash: u64): Wide {
  let wide: Wide | null = null;
  for (let mask = cellsOf(bucket, hash); mask != 0; mask &= mask - 1) {
    const cell = firstCell(bucket, mask);
    const first = wide === null;
    const into = wide === null ? takeWide(cell) : wide;
    wide = into;
    for (let entry = cell + HOLDERS; entry < cell + HOLDERS + 8; entry += 4) {
      const holder = load<u32>(entry);
      if (isLiveHolder(holder)) setBit(into, slotPart(holder) - 1, holder >>> 16);
    }
    if (first) setWide(cell, into);
    else freeCell(cell);
  }
  return wide!;
}

// Where the block's holder stands that will die first by its slot's own order.
function nearestToDeath(bucket: usize, hash: u64): usize {
  let nearest: usize = 0;
  let life: u32 = 0;
  for (let mask = cellsOf(bucket, hash); mask != 0; mask &= mask - 1) {
    const cell = firstCell(bucket, mask);
    for (let entry = cell + HOLDERS; entry < cell + HOLDERS + 8; entry += 4) {
      const holder = load<u32>(entry);
      const lasts = lastsFor(slotPart(holder) - 1, holder >>> 16);
      if (nearest != 0 && lasts >= life) continue;
      nearest = entry;
      life = lasts;
    }
  }
  return nearest;
}

function forget(slot: u32, hash: u64): void {
  const bucket = bucketOf(hash);
  for (let mask = cellsOf(bucket, hash); mask != 0; mask &= mask - 1) {
    const cell = firstCell(bucket, mask);
    const wide = wideOf(cell);
    if (wide !== null) {
      refreshWide(wide);
      if (!hasBit(wide, slot)) return;
      leavePair(slot, generationIn(wide, slot));
      clearBit(wide, slot);
      if (wide.holders == 0) prune(cell);
      return;
    }
    for (let entry = cell + HOLDERS; entry < cell + HOLDERS + 8; entry += 4) {
      const holder = load<u32>(entry);
      if (slotPart(holder) != slot + 1) continue;
      if (isLiveHolder(holder)) leavePair(slot, holder >>> 16);
      clearHolder(cell, entry);
    }
  }
}
