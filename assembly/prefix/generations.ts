// How old a slot's pairs are, and how many it may have. A pair is a block that a slot holds. Pairs are not linked by
// age: each carries the number of the generation in which it was last touched, and a slot knows which of its
// generations live and how many pairs each has. The oldest generation dies as a whole, by moving the window past it;
// what still carries its number is dead wherever it stands, and is cleared when somebody comes by.

import { giveBlock, takeBlock } from "../memory/blocks.ts";

/** Blocks an endpoint holds where nobody has said: the reference picker's lruCapacityPerServer. */
const DEFAULT_CAPACITY: u32 = 31250;
/** A generation has at most this part of the capacity. */
const PARTS: u32 = 8;
/**
 * Generations that a slot can have alive at once. Touching the same blocks again and again opens generations without
 * need for room; what was not touched meanwhile dies after RING of them, eight capacities of touches.
 */
const RING: u32 = 64;
/** Slots from this number on hold nothing: their number + 1 would not fit 16 bits. */
export const MOST_SLOTS: u32 = 65535;
/** Deaths remembered, for readers that follow them. */
export const DEATHS_KEPT: u32 = 256;

@unmanaged
@final
class Ages {
  total: u32;
  capacity: u32;
  // then RING x u32: live pairs by generation modulo RING
}

const AGES_BYTES: usize = offsetof<Ages>() + (<usize>RING << 2);

let windows: usize = 0; // per slot: u16 oldest live generation, u16 how many live ones follow it
let ages: usize = 0; // per slot: Ages and its ring
const deathLog: usize = memory.data(512); // u16 slot of each of the last DEATHS_KEPT deaths

/** Slots that there is room for; every slot that holds or ever held anything is below it. */
export let slotRoom: u32 = 0;
/** Generations opened in all slots; wraps. */
export let opened: u32 = 0;
/** Times that some slot's pairs have died; wraps. */
export let deaths: u32 = 0;

@inline
function agesOf(slot: u32): Ages {
  return changetype<Ages>(ages + usize(slot) * AGES_BYTES);
}

@inline
function countAt(its: Ages, generation: u32): usize {
  return changetype<usize>(its) + offsetof<Ages>() + (<usize>(generation & (RING - 1)) << 2);
}

/** Whether a pair of the slot that was last touched in that generation lives. The slot is below slotRoom. */
@inline
export function isAlive(slot: u32, generation: u32): bool {
  const window = load<u32>(windows + (<usize>slot << 2));
  return ((generation - window) & 0xffff) <= window >>> 16;
}

/** The slot's generation for what is touched now. */
@inline
export function currentGeneration(slot: u32): u32 {
  const window = load<u32>(windows + (<usize>slot << 2));
  return (window + (window >>> 16)) & 0xffff;
}

/** How many of the slot's generations die before a live pair of this one. */
export function lastsFor(slot: u32, generation: u32): u32 {
  return (generation - load<u32>(windows + (<usize>slot << 2))) & 0xffff;
}

/** The slot in which the death of this number happened; only the last DEATHS_KEPT numbers below `deaths` are known. */
@inline
export function slotOfDeath(number: u32): u32 {
  return load<u16>(deathLog + (<usize>(number % DEATHS_KEPT) << 1));
}

/** Makes room for the slot's state. */
export function ensureSlot(slot: u32): void {
  if (slot < slotRoom) return;
  let room = max<u32>(slotRoom, 64);
  while (room <= slot) room *= 2;
  windows = grown(windows, sizeof<u32>(), room);
  ages = grown(ages, AGES_BYTES, room);
  for (let i = slotRoom; i < room; i++) agesOf(i).capacity = DEFAULT_CAPACITY;
  slotRoom = room;
}

// The table's slots copied into one for `room` slots, the new ones zeroed.
function grown(table: usize, bytesPerSlot: usize, room: u32): usize {
  const oldBytes = usize(slotRoom) * bytesPerSlot;
  const bytes = usize(room) * bytesPerSlot;
  const block = takeBlock(bytes);
  memory.copy(block, table, oldBytes);
  memory.fill(block + oldBytes, 0, bytes - oldBytes);
  giveBlock(table, oldBytes);
  return block;
}

/** Live pairs of a slot. */
export function pairsOf(slot: u32): u32 {
  return slot < slotRoom ? agesOf(slot).total : 0;
}

/** Sets how many pairs the slot may have. What is too much dies, oldest generations first. */
export function limitPairs(slot: u32, capacity: u32): void {
  ensureSlot(slot);
  agesOf(slot).capacity = capacity;
  shrink(slot);
}

/** Counts a pair that the slot has from now on, in its current generation. May kill old ones, or this at capacity 0. */
export function enterPair(slot: u32): void {
  const its = agesOf(slot);
  const count = countAt(its, currentGeneration(slot));
  const inGeneration = load<u32>(count) + 1;
  store<u32>(count, inGeneration);
  its.total++;
  if (inGeneration >= max<u32>(its.capacity / PARTS, 1)) open(slot);
  if (its.total > its.capacity) shrink(slot);
}

/** Moves a live pair's count from its generation to the current one. */
export function renewPair(slot: u32, generation: u32): void {
  if (generation == currentGeneration(slot)) return;
  leavePair(slot, generation);
  enterPair(slot);
}

/** Takes a live pair out of the counts. */
export function leavePair(slot: u32, generation: u32): void {
  const its = agesOf(slot);
  const count = countAt(its, generation);
  store<u32>(count, load<u32>(count) - 1);
  its.total--;
}

/** Kills all of the slot's pairs and gives it the default capacity. */
export function killSlot(slot: u32): void {
  if (slot >= slotRoom) return;
  open(slot);
  const its = agesOf(slot);
  store<u32>(windows + (<usize>slot << 2), currentGeneration(slot));
  memory.fill(countAt(its, 0), 0, <usize>RING << 2);
  its.total = 0;
  its.capacity = DEFAULT_CAPACITY;
  noteDeath(slot);
}

function shrink(slot: u32): void {
  const its = agesOf(slot);
  while (its.total > its.capacity) {
    if (load<u32>(windows + (<usize>slot << 2)) >>> 16 == 0) open(slot);
    killOldest(slot);
  }
}

// The only place where a slot's generation number goes up.
function open(slot: u32): void {
  const at = windows + (<usize>slot << 2);
  if (load<u16>(at, 2) == RING - 1) killOldest(slot);
  store<u16>(at, load<u16>(at, 2) + 1, 2);
  opened++;
}

// There is a younger generation.
function killOldest(slot: u32): void {
  const its = agesOf(slot);
  const at = windows + (<usize>slot << 2);
  const count = countAt(its, load<u16>(at));
  const dying = load<u32>(count);
  store<u16>(at, load<u16>(at) + 1);
  store<u16>(at, load<u16>(at, 2) - 1, 2);
  if (dying == 0) return;
  its.total -= dying;
  store<u32>(count, 0);
  noteDeath(slot);
}

function noteDeath(slot: u32): void {
  store<u16>(deathLog + (<usize>(deaths % DEATHS_KEPT) << 1), slot);
  deaths++;
}
