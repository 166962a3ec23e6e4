// Requests of one pool that wait in this worker: bands by priority, the highest first, and flows in each (flows.ts).
// Who waits is the caller's, an address. Times are microseconds.

import { FAIRNESS_GLOBAL_STRICT, FAIRNESS_RECENT_TOKENS } from "../../wire/layout.ts";
import { HeapItem } from "../memory/heap.ts";
import { Slab } from "../memory/slab.ts";
import { Table } from "../memory/table.ts";
import {
  bandFairness, bandHalfLife, bandMaxBytes, bandMaxRequests, bandOrder, planQueueBytes, planQueueRequests, planTtl,
} from "../wire/admission.ts";
import { takeBack } from "./aside.ts";
import { bandRowOf, placeInOrder } from "./band-row.ts";
import {
  addWaiting, Band, findFlow, Flow, flowOf, forgetFlows, give, giveBand, removeWaiting, setHalfLife, takeBand, turnOf,
} from "./flows.ts";

/** Seconds after which a dispatch counts half in the rate at which a queue drains. */
const RATE_HALF_LIFE: f64 = 5;
const LONGEST_RETRY: f64 = 60;
/** An output token takes the engine about as long as many of a prompt; the reference's weights. */
const OUTPUT_WEIGHT: f64 = 2;

/** What waits for a pool in this worker. */
@unmanaged
@final
export class Queue {
  link: u32;
  key: u64;
  /** Addresses of the band with the highest priority, of the oldest and the newest that wait; 0: none. */
  bands: usize;
  oldest: usize;
  newest: usize;
  /** Address of the next queue; 0: none. */
  next: usize;
  /** What waits. */
  requests: u32;
  bytes: u64;
  /** Joins so far. */
  joined: u64;
  /** Dispatches, each counting half after RATE_HALF_LIFE, as of `drainedAt`. */
  drained: f64;
  drainedAt: u64;
}

/** One that waits; the key is its place in the flow's order, the tie that of its coming. */
@unmanaged
@final
export class Entry extends HeapItem {
  /** Who waits. */
  waiter: usize;
  queue: Queue;
  flow: Flow;
  since: u64;
  bytes: u32;
  older: usize;
  newer: usize;
}

const queues = new Slab(offsetof<Queue>());
const entries = new Slab(offsetof<Entry>());
const byKey = new Table();
/** Address of the first queue; 0: none. */
export let firstQueue: usize = 0;
/** Requests that wait in all queues. */
export let waitingTotal: u32 = 0;

/** The queue with this key; null where there is none. */
export function findQueue(key: u64): Queue | null {
  const at = byKey.get(key);
  return at == 0 ? null : changetype<Queue>(at);
}

/** The queue with this key, made if need be. Null when there is no room. */
export function queueOf(key: u64, now: u64): Queue | null {
  const found = findQueue(key);
  if (found !== null) return found;
  const at = queues.take();
  if (at == 0) return null;
  const queue = changetype<Queue>(at);
  queue.key = key;
  queue.drainedAt = now;
  queue.next = firstQueue;
  firstQueue = at;
  byKey.set(key, at);
  return queue;
}

/** Whether one more request of a priority would go past a limit of the plan. */
export function isFull(queue: Queue, plan: usize, priority: i32, bytes: u32): bool {
  const most = planQueueRequests(plan);
  if (most != 0 && queue.requests >= most) return true;
  const mostBytes = planQueueBytes(plan);
  if (mostBytes != 0 && queue.bytes + bytes > mostBytes) return true;
  const row = bandRowOf(plan, priority);
  const band = findBand(queue, priority);
  if (band === null) return bytes > bandMaxBytes(row);
  return band.requests >= bandMaxRequests(row) || band.bytes + bytes > bandMaxBytes(row);
}

/** Whether anyone waits of this priority or a higher one. */
export function anyoneBefore(queue: Queue, priority: i32): bool {
  for (let at = queue.bands; at != 0; at = changetype<Band>(at).next) {
    const band = changetype<Band>(at);
    if (band.priority < priority) return false;
    if (band.requests != 0) return true;
  }
  return false;
}

/**
 * Someone waits from now on. `fairness` is the flow's id, `slo` the milliseconds within which the first token is wanted,
 * 0: none. Null when there is no room.
 */
export function join(
  queue: Queue, plan: usize, waiter: usize, priority: i32, fairness: u64, slo: f64, bytes: u32, now: u64,
): Entry | null {
  const row = bandRowOf(plan, priority);
  const band = bandOf(queue, priority, row, now);
  if (band === null) return null;
  const flow = flowOf(band, bandFairness(row) == u32(FAIRNESS_GLOBAL_STRICT) ? 0 : fairness);
  if (flow === null) return null;
  const at = entries.take();
  if (at == 0) return null;
  const entry = changetype<Entry>(at);
  entry.waiter = waiter;
  entry.queue = queue;
  entry.flow = flow;
  entry.since = now;
  entry.bytes = bytes;
  entry.key = placeInOrder(bandOrder(row), now, planTtl(plan), slo);
  entry.tie = ++queue.joined;
  addWaiting(flow, entry);
  count(entry, band, 1);
  entry.older = queue.newest;
  if (queue.newest == 0) queue.oldest = at;
  else changetype<Entry>(queue.newest).newer = at;
  queue.newest = at;
  return entry;
}

/** Someone waits no longer; the record is gone. */
export function leave(entry: Entry): void {
  if (entry.place != 0) unlist(entry);
  else takeBack(entry);
  entries.give(changetype<usize>(entry));
}

/** Takes someone out of the queue whose record stays. */
export function unlist(entry: Entry): void {
  const queue = entry.queue;
  const flow = entry.flow;
  removeWaiting(flow, entry);
  count(entry, flow.band, -1);
  if (entry.older == 0) queue.oldest = entry.newer;
  else changetype<Entry>(entry.older).newer = entry.newer;
  if (entry.newer == 0) queue.newest = entry.older;
  else changetype<Entry>(entry.newer).older = entry.older;
}

/** Whose turn it is; null where nobody waits. */
export function turn(queue: Queue): Entry | null {
  for (let at = queue.bands; at != 0; at = changetype<Band>(at).next) {
    const next = turnOf(changetype<Band>(at));
    if (next != 0) return changetype<Entry>(next);
  }
  return null;
}

/**
 * A request goes on, having waited or not: its flow has been given so many tokens of a prompt and, as far as can be
 * said, of an output.
 */
export function charge(
  queue: Queue, plan: usize, priority: i32, fairness: u64, prompt: f64, output: f64, now: u64,
): void {
  const row = bandRowOf(plan, priority);
  const kind = bandFairness(row);
  if (kind == u32(FAIRNESS_GLOBAL_STRICT)) return;
  const band = bandOf(queue, priority, row, now);
  if (band === null) return;
  const flow = flowOf(band, fairness);
  if (flow === null) return;
  give(flow, kind == u32(FAIRNESS_RECENT_TOKENS) ? prompt + OUTPUT_WEIGHT * output : 1, now);
}

/** The output of a request that was charged has turned out to have so many more tokens than was said, or fewer. */
export function correct(queue: Queue, plan: usize, priority: i32, fairness: u64, more: f64, now: u64): void {
  if (bandFairness(bandRowOf(plan, priority)) != u32(FAIRNESS_RECENT_TOKENS)) return;
  const band = findBand(queue, priority);
  if (band === null) return;
  const flow = findFlow(band, fairness);
  if (flow !== null) give(flow, OUTPUT_WEIGHT * more, now);
}

/** A request that waited has gone on. */
export function drain(queue: Queue, now: u64): void {
  queue.drained = drainedBy(queue, now) + 1;
  queue.drainedAt = now;
}

/** Seconds, at least 1, in which as many go on as wait now (at least one), by the rate of late. */
export function retryAfter(queue: Queue, now: u64): u32 {
  const rate = (drainedBy(queue, now) * Math.LN2) / RATE_HALF_LIFE;
  return u32(Math.ceil(min<f64>(max<f64>(f64(max<u32>(queue.requests, 1)) / rate, 1), LONGEST_RETRY)));
}

/** Forgets flows, bands and queues that nothing is known of any more; for every tick. */
export function forgetIdle(now: u64): void {
  forgetFlows(now);
  let before: usize = 0;
  for (let at = firstQueue; at != 0; ) {
    const queue = changetype<Queue>(at);
    at = queue.next;
    forgetBands(queue);
    if (queue.bands != 0 || drainedBy(queue, now) > 0.01) {
      before = changetype<usize>(queue);
      continue;
    }
    if (before == 0) firstQueue = at;
    else changetype<Queue>(before).next = at;
    byKey.remove(queue.key);
    queues.give(changetype<usize>(queue));
  }
}

function forgetBands(queue: Queue): void {
  let before: usize = 0;
  for (let at = queue.bands; at != 0; ) {
    const band = changetype<Band>(at);
    at = band.next;
    if (band.flows != 0) {
      before = changetype<usize>(band);
      continue;
    }
    if (before == 0) queue.bands = at;
    else changetype<Band>(before).next = at;
    giveBand(band);
  }
}

function findBand(queue: Queue, priority: i32): Band | null {
  for (let at = queue.bands; at != 0; at = changetype<Band>(at).next) {
    const band = changetype<Band>(at);
    if (band.priority == priority) return band;
    if (band.priority < priority) return null;
  }
  return null;
}

// The queue's band of a priority as the plan's row has it, made if need be.
function bandOf(queue: Queue, priority: i32, row: usize, now: u64): Band | null {
  let before: usize = 0;
  let at = queue.bands;
  while (at != 0 && changetype<Band>(at).priority > priority) {
    before = at;
    at = changetype<Band>(at).next;
  }
  if (at != 0 && changetype<Band>(at).priority == priority) {
    setHalfLife(changetype<Band>(at), bandHalfLife(row), now);
    return changetype<Band>(at);
  }
  const band = takeBand(priority, bandHalfLife(row), now);
  if (band === null) return null;
  band.next = at;
  if (before == 0) queue.bands = changetype<usize>(band);
  else changetype<Band>(before).next = changetype<usize>(band);
  return band;
}

function count(entry: Entry, band: Band, by: i32): void {
  const queue = entry.queue;
  queue.requests += by;
  queue.bytes += i64(by) * i64(entry.bytes);
  band.requests += by;
  band.bytes += i64(by) * i64(entry.bytes);
  waitingTotal += by;
}

function drainedBy(queue: Queue, now: u64): f64 {
  return queue.drained * Math.pow(2, -f64(now - queue.drainedAt) / 1e6 / RATE_HALF_LIFE);
}
