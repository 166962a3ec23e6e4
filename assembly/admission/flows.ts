// Whose turn it is among the flows of one priority. Each flow has a sum of what it has been given, which loses half
// every half-life; the flow with the smallest sum is next, of equals the one whose head came first. A flow that begins
// to wait does so at no less than the smallest sum among those that wait: having been away earns nothing.
//
// So that time passing changes no order, sums are kept as they would be worth at the band's `base`: what is given at t
// counts 2^((t - base) / half-life).

import { giveHeap, Heap, HeapItem, heapAdd, heapMoved, heapMovedAll, heapRemove, heapTop, takeHeap } from "../memory/heap.ts";
import { Slab } from "../memory/slab.ts";
import { Table } from "../memory/table.ts";

/** A sum below this is as good as none: the flow is forgotten once nothing of it waits. */
const FORGOTTEN: f64 = 0.01;
/** Half-lives after which a band's base is moved, long before its sums leave their type's range. */
const REBASED: f64 = 200;
/** Clients may name as many flows as they like: of so many in all, the next ones are one flow of their band. */
const MAX_FLOWS: u32 = 65536;
/** Flows that a tick looks at, to forget them. */
const SWEPT: u32 = 64;

/** Requests of one priority in one queue. */
@unmanaged
@final
export class Band {
  link: u32;
  priority: i32;
  /** Address of the band with the next lower priority; 0: none. */
  next: usize;
  /** What waits in it. */
  requests: u32;
  bytes: u64;
  flows: u32;
  /** Seconds. */
  halfLife: f64;
  /** Microseconds: when sums are true. */
  base: u64;
  /** Its flows of which something waits; the key is the sum. */
  active: Heap;
}

/** Requests of one fairness id in a band: the key is the sum, the tie its head's. */
@unmanaged
@final
export class Flow extends HeapItem {
  id: u64;
  band: Band;
  /** What waits of it, in its order. */
  waiting: Heap;
}

const bands = new Slab(offsetof<Band>());
const slab = new Slab(offsetof<Flow>());
const byName = new Table();
let flows: u32 = 0;
let swept: u32 = 0;

/** A band without flows. Null when there is no room. */
export function takeBand(priority: i32, halfLife: f64, now: u64): Band | null {
  const heap = takeHeap();
  if (heap === null) return null;
  const at = bands.take();
  if (at == 0) {
    giveHeap(heap);
    return null;
  }
  const band = changetype<Band>(at);
  band.priority = priority;
  band.halfLife = halfLife;
  band.base = now;
  band.active = heap;
  return band;
}

/** Gives a band back that has no flows. */
export function giveBand(band: Band): void {
  giveHeap(band.active);
  bands.give(changetype<usize>(band));
}

/** Makes the band's sums lose half in so many seconds from now on. */
export function setHalfLife(band: Band, halfLife: f64, now: u64): void {
  if (band.halfLife == halfLife) return;
  rebase(band, now);
  band.halfLife = halfLife;
}

/** The band's flow with this id; null where nothing is known of it. */
export function findFlow(band: Band, id: u64): Flow | null {
  const at = byName.get(nameOf(band, id));
  return at == 0 ? null : changetype<Flow>(at);
}

/** The band's flow with this id, made if need be; where there are too many, the one with id 0. Null: no room. */
export function flowOf(band: Band, id: u64): Flow | null {
  const found = findFlow(band, id);
  if (found !== null) return found;
  if (flows >= MAX_FLOWS && id != 0) return flowOf(band, 0);
  const heap = takeHeap();
  if (heap === null) return null;
  const at = slab.take();
  if (at == 0) {
    giveHeap(heap);
    return null;
  }
  const flow = changetype<Flow>(at);
  flow.id = id;
  flow.band = band;
  flow.waiting = heap;
  band.flows++;
  flows++;
  byName.set(nameOf(band, id), at);
  return flow;
}

/** What a flow has been given, as it counts now. */
export function givenTo(flow: Flow, now: u64): f64 {
  const unit = worth(flow.band, now); // may move the base, and all sums with it
  return flow.key / unit;
}

/** A flow has been given something, or, below 0, less than was said. */
export function give(flow: Flow, amount: f64, now: u64): void {
  const band = flow.band;
  const unit = worth(band, now);
  flow.key = max<f64>(flow.key + amount * unit, 0);
  if (flow.place != 0) heapMoved(band.active, flow);
}

/** One more request of a flow waits. */
export function addWaiting(flow: Flow, item: HeapItem): void {
  heapAdd(flow.waiting, item);
  const active = flow.band.active;
  flow.tie = changetype<HeapItem>(heapTop(flow.waiting)).tie;
  if (flow.place != 0) {
    heapMoved(active, flow);
    return;
  }
  const least = heapTop(active);
  if (least != 0) flow.key = max<f64>(flow.key, changetype<HeapItem>(least).key);
  heapAdd(active, flow);
}

/** A request of a flow waits no longer. */
export function removeWaiting(flow: Flow, item: HeapItem): void {
  heapRemove(flow.waiting, item);
  const active = flow.band.active;
  const head = heapTop(flow.waiting);
  if (head == 0) {
    heapRemove(active, flow);
    return;
  }
  flow.tie = changetype<HeapItem>(head).tie;
  heapMoved(active, flow);
}

/** Address of the item of the band whose turn it is; 0 where nothing waits. */
export function turnOf(band: Band): usize {
  const flow = heapTop(band.active);
  return flow == 0 ? 0 : heapTop(changetype<Flow>(flow).waiting);
}

/** Forgets some of the flows of which nothing waits and that have been given nothing lately. */
export function forgetFlows(now: u64): void {
  const size = slab.size;
  for (let looked: u32 = min(SWEPT, size); looked > 0; looked--) {
    swept = swept + 1 < size ? swept + 1 : 0;
    const flow = changetype<Flow>(slab.at(swept));
    if (changetype<usize>(flow.band) == 0 || flow.waiting.count != 0 || givenTo(flow, now) >= FORGOTTEN) continue;
    byName.remove(nameOf(flow.band, flow.id));
    flow.band.flows--;
    flows--;
    giveHeap(flow.waiting);
    slab.give(changetype<usize>(flow));
  }
}

/** Flows that are known, of all bands. */
export function flowCount(): u32 {
  return flows;
}

// How much one given now counts at the band's base.
function worth(band: Band, now: u64): f64 {
  const halfLives = f64(now - band.base) / 1e6 / band.halfLife;
  if (halfLives <= REBASED) return Math.pow(2, halfLives);
  rebase(band, now);
  return 1;
}

// Sums that have become equal by vanishing may stand in another order than before.
function rebase(band: Band, now: u64): void {
  const left = Math.pow(2, -f64(now - band.base) / 1e6 / band.halfLife);
  for (let i: u32 = 0; i < slab.size; i++) {
    const flow = changetype<Flow>(slab.at(i));
    if (changetype<usize>(flow.band) == changetype<usize>(band)) flow.key *= left;
  }
  band.base = now;
  heapMovedAll(band.active);
}

@inline
function nameOf(band: Band, id: u64): u64 {
  return id ^ (u64(changetype<usize>(band)) * 0x9e3779b97f4a7c15);
}
