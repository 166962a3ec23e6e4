// Where the models of the endpoints are. What a prediction reads lies close together, one cell per slot in one block;
// the sums behind it, six times as large and read only when an answer comes, lie in a slab.

import { giveBlock, takeBlock } from "../memory/blocks.ts";
import { Slab } from "../memory/slab.ts";
import { TPOT_FEATURES, TTFT_FEATURES } from "./features.ts";
import { fitBytes } from "./fit.ts";

/** Layout of a cell: f64[8] and f64[4] coefficients, f64 batch limit, u32 address of the fits, u32 of KNOWS_ flags. */
export const CELL_TTFT: usize = 0;
export const CELL_TPOT: usize = 64;
export const CELL_LIMIT: usize = 96;
const CELL_FITS: usize = 104;
export const CELL_KNOWS: usize = 108;
const CELL_SHIFT: usize = 7;

/** What a cell knows from observations: both kinds of coefficients, and the batch limit. */
export const KNOWS_TTFT: u32 = 1;
export const KNOWS_TPOT: u32 = 2;
export const KNOWS_LIMIT: u32 = 4;

/** Layout of an endpoint's fits. */
export const FITS_TTFT: usize = 0;
export const FITS_TPOT: usize = 608; // fitBytes(TTFT_FEATURES)

/** Slots that can have a model. */
export const MOST_SLOTS: u32 = 65535;
const FIRST_SLOTS: u32 = 64;

/** The cell of all endpoints together. Its batch limit is infinite until one is seen. */
export const POOL: usize = memory.data(128, 16);
const poolFits: usize = memory.data(800, 16);
store<f64>(POOL, Infinity, CELL_LIMIT);
store<u32>(POOL, u32(poolFits), CELL_FITS);

const slab = new Slab(u32(FITS_TPOT + fitBytes(TPOT_FEATURES)));
let cells: usize = 0;
let capacity: u32 = 0;

/** The cell whose figures hold for a slot: its own where it knows what the flag says, else the pool's. */
@inline
export function cellFor(slot: u32, knows: u32): usize {
  if (slot < capacity) {
    const cell = cells + (usize(slot) << CELL_SHIFT);
    if ((load<u32>(cell, CELL_KNOWS) & knows) != 0) return cell;
  }
  return POOL;
}

/** The fits behind a cell. */
@inline
export function fitsOf(cell: usize): usize {
  return load<u32>(cell, CELL_FITS);
}

/** The fits of a slot; 0 where it has none. */
export function findFits(slot: u32): usize {
  return slot < capacity ? fitsOf(cells + (usize(slot) << CELL_SHIFT)) : 0;
}

/** The cell of a slot below MOST_SLOTS, made if need be. Valid until the next call. */
export function takeCell(slot: u32): usize {
  if (slot >= capacity) grow(slot);
  const cell = cells + (usize(slot) << CELL_SHIFT);
  if (load<u32>(cell, CELL_FITS) == 0) store<u32>(cell, u32(slab.take()), CELL_FITS);
  return cell;
}

/** Forgets what is known of a slot. */
export function clearCell(slot: u32): void {
  if (slot >= capacity) return;
  const cell = cells + (usize(slot) << CELL_SHIFT);
  const fits = load<u32>(cell, CELL_FITS);
  if (fits != 0) slab.give(fits);
  memory.fill(cell, 0, usize(1) << CELL_SHIFT);
}

function grow(slot: u32): void {
  const oldBytes = usize(capacity) << CELL_SHIFT;
  let next = max<u32>(capacity, FIRST_SLOTS);
  while (next <= slot) next <<= 1;
  const bytes = usize(next) << CELL_SHIFT;
  const block = takeBlock(bytes);
  memory.copy(block, cells, oldBytes);
  memory.fill(block + oldBytes, 0, bytes - oldBytes);
  giveBlock(cells, oldBytes);
  cells = block;
  capacity = next;
}
