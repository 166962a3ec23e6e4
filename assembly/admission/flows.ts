// Who waits in a band: flows by fairness id, the one that has been given least (shares.ts) first, of equals the one
// whose head came first. A flow that begins to wait does so at no less than the smallest sum among those that wait
// anywhere in the gateway: having been away earns nothing.

import { giveHeap, Heap, HeapItem, heapAdd, heapMoved, heapRemove, heapTop, takeHeap } from "../memory/heap.ts";
import { Slab } from "../memory/slab.ts";
import { Table } from "../memory/table.ts";
import { FORGOTTEN, givenTo, settle } from "./shares.ts";

/** Clients may name as many flows as they like: of so many in all, the next ones are one flow of their band. */
const MAX_FLOWS: u32 = 65536;
/** Flows that a tick looks at, to forget them. */
const SWEPT: u32 = 64;

/** Requests of one priority in one queue. */
@unmanaged
@final
export class Band {
  link: u32;
  /** Address of its Queue. */
  queue: usize;
  priority: i32;
  /** Address of the band with the next lower priority; 0: none. */
  next: usize;
  /** What waits in it, here and in other workers. */
  requests: u32;
  requestsElsewhere: u32;
  bytes: u64;
  bytesElsewhere: u64;
  flows: u32;
  /** Seconds. */
  halfLife: f64;
  /** Microseconds: when sums are true. */
  base: u64;
  /** Its flows of which something waits here; the key is the sum. */
  active: Heap;
  /** Address of the flow that has been given something last, or begun to wait; 0: none has. */
  recent: usize;
  /** What a flow was given last for a request. */
  usual: f64;
  /** While rows of what waits are written (waits.ts): address of its own, until that says since when; else 0. */
  row: usize;
}

/** Requests of one fairness id in a band: the key is the sum, the tie its head's. */
@unmanaged
@final
export class Flow extends HeapItem {
  id: u64;
  band: Band;
  /** What waits of it here, in its order. */
  waiting: Heap;
  /** What it has been given here, and the level at which it began to wait here; the same of other workers. */
  given: f64;
  raised: f64;
  givenElsewhere: f64;
  raisedElsewhere: f64;
  /** How many workers have told of it, and how many of them have something of it that waits. */
  tellers: u32;
  waitsElsewhere: u32;
  /** Neighbours among the band's recent ones. */
  listed: bool;
  newer: usize;
  older: usize;
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

/** One more request of a flow waits. `level`: the least sum among flows that wait in other workers, Infinity: none. */
export function addWaiting(flow: Flow, item: HeapItem, level: f64): void {
  heapAdd(flow.waiting, item);
  const active = flow.band.active;
  flow.tie = changetype<HeapItem>(heapTop(flow.waiting)).tie;
  if (flow.place != 0) {
    heapMoved(active, flow);
    return;
  }
  touch(flow);
  const top = heapTop(active);
  const least = top == 0 ? level : min(level, changetype<HeapItem>(top).key);
  if (flow.waitsElsewhere == 0 && least > flow.key && least != Infinity) {
    flow.raised = least - flow.given - flow.givenElsewhere;
    settle(flow);
  }
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
    if (changetype<usize>(flow.band) == 0 || !isForgettable(flow, now)) continue;
    unlistRecent(flow);
    byName.remove(nameOf(flow.band, flow.id));
    flow.band.flows--;
    flows--;
    giveHeap(flow.waiting);
    slab.give(changetype<usize>(flow));
  }
}

/** How many flows have ever stood at once; flowAt takes indices below it. */
export function flowSlots(): u32 {
  return slab.size;
}

/** The flow at an index; one that is free has no band. */
export function flowAt(index: u32): Flow {
  return changetype<Flow>(slab.at(index));
}

/** Flows that are known, of all bands. */
export function flowCount(): u32 {
  return flows;
}

function isForgettable(flow: Flow, now: u64): bool {
  return flow.waiting.count == 0 && flow.tellers == 0 && givenTo(flow, now) < FORGOTTEN;
}

/** Puts a flow first among the band's recent ones. */
export function touch(flow: Flow): void {
  const band = flow.band;
  const at = changetype<usize>(flow);
  if (band.recent == at) return;
  unlistRecent(flow);
  flow.listed = true;
  flow.newer = 0;
  flow.older = band.recent;
  if (band.recent != 0) changetype<Flow>(band.recent).newer = at;
  band.recent = at;
}

function unlistRecent(flow: Flow): void {
  if (!flow.listed) return;
  flow.listed = false;
  if (flow.newer == 0) flow.band.recent = flow.older;
  else changetype<Flow>(flow.newer).older = flow.older;
  if (flow.older != 0) changetype<Flow>(flow.older).newer = flow.newer;
}

@inline
function nameOf(band: Band, id: u64): u64 {
  return id ^ (u64(changetype<usize>(band)) * 0x9e3779b97f4a7c15);
}
