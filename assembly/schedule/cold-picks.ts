// When each endpoint last got a cold request, one of whose prompt no endpoint held anything. A list of slots by
// number, linked from the latest to the earliest, for all pools together: what counts is the order among candidates.

import { blockCapacity, giveBlock, takeBlock } from "../memory/blocks.ts";

// A cell: u32 later, u32 earlier, u32 mark, u32 whether it is in the list. Links are a slot's number + 1; 0: none.
const CELL: usize = 16;
const EARLIER: usize = 4;
const MARK: usize = 8;
const LISTED: usize = 12;

let cells: usize = 0;
let capacity: u32 = 0;
let latest: u32 = 0; // number + 1

/** Whether a slot has ever got a cold request. */
export function hadColdPick(number: u32): bool {
  return number < capacity && load<u32>(cellOf(number), LISTED) != 0;
}

/** Notes that a slot gets a cold request now. */
export function noteColdPick(number: u32): void {
  if (number >= capacity) grow(number + 1);
  forgetSlot(number);
  const cell = cellOf(number);
  store<u32>(cell, 0);
  store<u32>(cell, latest, EARLIER);
  store<u32>(cell, 1, LISTED);
  if (latest != 0) store<u32>(cellOf(latest - 1), number + 1);
  latest = number + 1;
}

/** Another endpoint will have this slot: it has never got a cold request. */
export function forgetSlot(number: u32): void {
  if (!hadColdPick(number)) return;
  const cell = cellOf(number);
  const later = load<u32>(cell);
  const earlier = load<u32>(cell, EARLIER);
  if (later == 0) latest = earlier;
  else store<u32>(cellOf(later - 1), earlier, EARLIER);
  if (earlier != 0) store<u32>(cellOf(earlier - 1), later);
  store<u32>(cell, 0, LISTED);
}

/** The latest slot to get a cold request, as its number + 1; 0: none has. */
export function latestColdPick(): u32 {
  return latest;
}

/** The one before it, likewise. */
@inline
export function earlierColdPick(number: u32): u32 {
  return load<u32>(cellOf(number), EARLIER);
}

/** A note on a slot that had a cold pick, 0 between scorings. */
@inline
export function coldMark(number: u32): u32 {
  return load<u32>(cellOf(number), MARK);
}

@inline
export function setColdMark(number: u32, mark: u32): void {
  store<u32>(cellOf(number), mark, MARK);
}

@inline
function cellOf(number: u32): usize {
  return cells + usize(number) * CELL;
}

function grow(wanted: u32): void {
  const bytes = blockCapacity(usize(wanted) * CELL);
  const fresh = takeBlock(bytes);
  memory.copy(fresh, cells, usize(capacity) * CELL);
  memory.fill(fresh + usize(capacity) * CELL, 0, bytes - usize(capacity) * CELL);
  giveBlock(cells, usize(capacity) * CELL);
  cells = fresh;
  capacity = u32(bytes / CELL);
}
