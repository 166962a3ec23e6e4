// What this VM knows of an endpoint beyond its samples: the requests in flight there. A slot belongs to an address,
// not to a pool or a roster: it outlives roster changes, and a pod in two pools has one.

import { Slab } from "../memory/slab.ts";
import { Table } from "../memory/table.ts";

@unmanaged
@final
export class Slot {
  /** The slab's link while the slot is free. */
  link: u32;
  /** Rosters that list the endpoint. */
  rosters: u32;
  /** xxh64 of the address. */
  key: u64;
  /** Requests, and their tokens, that this worker has there. */
  ownRequests: u32;
  ownTokens: u32;
  /** The same of all other workers, as last heard. */
  otherRequests: u32;
  otherTokens: u32;
  /** Requests in flight, own and others', when the present sample came. */
  baseline: u32;
  /** Counter of that sample. */
  counter: u16;
  sampled: bool;

  /** Requests in flight there, as far as this worker knows. */
  @inline
  inFlight(): u32 {
    return this.ownRequests + this.otherRequests;
  }
}

const slab = new Slab(offsetof<Slot>());
const byKey = new Table();

/** Whether own counts have changed since the last clearChanged. */
export let changed: bool = false;
/** Requests that this worker has in flight anywhere. */
export let ownTotal: u32 = 0;

export function clearChanged(): void {
  changed = false;
}

/** How many slots have ever stood at once; slotAt takes indices below it. */
export function slotCount(): u32 {
  return slab.size;
}

/** The slot at an index. A free one has no requests in flight. */
export function slotAt(index: u32): Slot {
  return changetype<Slot>(slab.at(index));
}

/** The slot of an address; null where none is listed. */
export function findSlot(key: u64): Slot | null {
  const at = byKey.get(key);
  return at == 0 ? null : changetype<Slot>(at);
}

/** The slot of an address, made if need be, with one roster more. Traps when a million stand. */
export function listSlot(key: u64): Slot {
  let at = byKey.get(key);
  if (at == 0) {
    at = slab.take();
    if (at == 0) throw new RangeError("too many endpoints");
    changetype<Slot>(at).key = key;
    byKey.set(key, at);
  }
  const slot = changetype<Slot>(at);
  slot.rosters++;
  return slot;
}

/** One roster less. The slot goes with its last roster and its last request. */
export function unlistSlot(slot: Slot): void {
  slot.rosters--;
  freeIfUnused(slot);
}

/** A request of this worker starts there. */
export function enter(slot: Slot): void {
  slot.ownRequests++;
  ownTotal++;
  changed = true;
}

/** A request of this worker has ended there. */
export function leave(slot: Slot): void {
  slot.ownRequests--;
  ownTotal--;
  changed = true;
  freeIfUnused(slot);
}

/** Notes which sample the estimates now build on. */
export function rebase(slot: Slot, counter: u16): void {
  if (slot.sampled && slot.counter == counter) return;
  slot.sampled = true;
  slot.counter = counter;
  slot.baseline = slot.inFlight();
}

/** Forgets what other workers reported, before it is summed anew. */
export function clearOthers(): void {
  for (let i: u32 = 0; i < slab.size; i++) {
    const slot = slotAt(i);
    slot.otherRequests = 0;
    slot.otherTokens = 0;
  }
}

function freeIfUnused(slot: Slot): void {
  if (slot.rosters != 0 || slot.ownRequests != 0) return;
  byKey.remove(slot.key);
  slab.give(changetype<usize>(slot));
}
