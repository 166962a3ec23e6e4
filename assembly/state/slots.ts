// What this VM knows of an endpoint beyond its samples: the requests in flight there. A slot belongs to an address,
// not to a pool or a roster: it outlives roster changes, and a pod in two pools has one. Its number is the endpoint's
// in the prefix index and among the latency models, which forget it together with the slot.

import { dropModel } from "../latency/model.ts";
import { Slab } from "../memory/slab.ts";
import { Table } from "../memory/table.ts";
import { dropEndpoint } from "../prefix/index.ts";
import { forgetSlot } from "../schedule/cold-picks.ts";

@unmanaged
@final
export class Slot {
  /** The slab's link while the slot is free. */
  link: u32;
  /** Dense number of the slot, below slotCount(); another endpoint's once this one is gone. */
  number: u32;
  /** Rosters that list the endpoint. */
  rosters: u32;
  /** xxh64 of the address. */
  key: u64;
  /** Requests that this worker has there, their tokens, and the uncached prompt tokens of those unanswered yet. */
  ownRequests: u32;
  ownTokens: u32;
  ownPrefill: u32;
  /** The same of all other workers and gateways, as last heard. */
  otherRequests: u32;
  otherTokens: u32;
  otherPrefill: u32;
  /** The part of these that sidecars have told of other gateways. */
  remoteRequests: u32;
  remoteTokens: u32;
  remotePrefill: u32;
  /** Requests in flight, own and others', when the present sample came. */
  baseline: u32;
  /** Counter of that sample. */
  counter: u16;
  sampled: bool;
  /** Share of its capacity for prompt blocks that the endpoint's own answers bear out: 1 until one disagrees. */
  trust: f32;

  /** Requests in flight there, as far as this worker knows. */
  @inline
  inFlight(): u32 {
    return this.ownRequests + this.otherRequests;
  }

  /** Tokens of the requests in flight there. */
  @inline
  tokensInFlight(): f64 {
    return f64(this.ownTokens) + f64(this.otherTokens);
  }

  /** Uncached prompt tokens there of requests that have no first token yet. */
  @inline
  prefillAhead(): f64 {
    return f64(this.ownPrefill) + f64(this.otherPrefill);
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
    changetype<Slot>(at).number = slab.indexOf(at);
    changetype<Slot>(at).trust = 1;
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

/** A request of this worker starts there, with its tokens and those of its prompt that still have to be computed. */
export function enter(slot: Slot, tokens: u32, prefill: u32): void {
  slot.ownRequests++;
  slot.ownTokens += tokens;
  slot.ownPrefill += prefill;
  ownTotal++;
  changed = true;
}

/**
 * A request of this worker has ended there; what it still counts for is what it entered with, less what was answered.
 */
export function leave(slot: Slot, tokens: u32, prefill: u32): void {
  slot.ownRequests--;
  slot.ownTokens -= tokens;
  slot.ownPrefill -= prefill;
  ownTotal--;
  changed = true;
  freeIfUnused(slot);
}

/** The first token of a request has come: its prompt has been computed. */
export function answered(slot: Slot, prefill: u32): void {
  slot.ownPrefill -= prefill;
  changed = true;
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
    slot.otherPrefill = 0;
    slot.remoteRequests = 0;
    slot.remoteTokens = 0;
    slot.remotePrefill = 0;
  }
}

/** Counts what other gateways have there; of several reports since clearOthers the largest of each figure. */
export function raiseRemote(slot: Slot, requests: u32, tokens: u32, prefill: u32): void {
  if (requests > slot.remoteRequests) {
    slot.otherRequests += requests - slot.remoteRequests;
    slot.remoteRequests = requests;
  }
  if (tokens > slot.remoteTokens) {
    slot.otherTokens += tokens - slot.remoteTokens;
    slot.remoteTokens = tokens;
  }
  if (prefill > slot.remotePrefill) {
    slot.otherPrefill += prefill - slot.remotePrefill;
    slot.remotePrefill = prefill;
  }
}

function freeIfUnused(slot: Slot): void {
  if (slot.rosters != 0 || slot.ownRequests != 0) return;
  byKey.remove(slot.key);
  dropEndpoint(slot.number);
  dropModel(slot.number);
  forgetSlot(slot.number);
  slab.give(changetype<usize>(slot));
}
