// Requests of one pool that wait in this worker: bands by priority, the highest first (bands.ts), and flows in each
// (flows.ts). Who waits is the caller's, an address. Times are microseconds.

import { HeapItem } from "../memory/heap.ts";
import { Slab } from "../memory/slab.ts";
import { Table } from "../memory/table.ts";
import { forgetBands } from "./bands.ts";
import { drainedBy } from "./drain.ts";
import { Flow, forgetFlows } from "./flows.ts";

/** What waits for a pool in this worker, and what it knows of others that wait for it. */
@unmanaged
@final
export class Queue {
  link: u32;
  /** The same in all workers. */
  key: u64;
  /** Address of the Store that has the pool's state, the pool's key there, how long that sidecar may be silent. */
  store: usize;
  pool: u64;
  staleAfter: i64;
  /** Addresses of the band with the highest priority, of the oldest and the newest that wait; 0: none. */
  bands: usize;
  oldest: usize;
  newest: usize;
  /** Address of the next queue; 0: none. */
  next: usize;
  /** What waits, here and in other workers. */
  requests: u32;
  requestsElsewhere: u32;
  bytes: u64;
  bytesElsewhere: u64;
  /** Requests that may go on in another worker and are not in flight yet, by this worker's word and by others'. */
  promised: u32;
  promisedElsewhere: u32;
  /** The lowest number of another worker in which something waits; u64.MAX_VALUE: of none. */
  lowest: u64;
  /** Requests that have gone on at once since the hearing of this number. */
  passed: u32;
  passedAt: u32;
  /** Tie of who joined last. */
  joined: u64;
  /** Dispatches, each counting less with time, as of `drainedAt`. */
  drained: f64;
  drainedAt: u64;
}

/** One that waits; the key is its place in the flow's order, the tie the time of its coming, of no two the same. */
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
const byKey = new Table();
/** Address of the first queue; 0: none. */
export let firstQueue: usize = 0;
/** Requests that wait in all queues. */
export let waitingTotal: u32 = 0;
/** Moves with whatever other workers are to hear of. */
export let changes: u32 = 0;

/** Something has changed that other workers are to hear of. */
export function noteChange(): void {
  changes++;
}

/** One request more waits (1), or one less (-1). */
export function countWaiting(by: i32): void {
  waitingTotal += by;
  changes++;
}

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
  queue.lowest = u64.MAX_VALUE;
  queue.drainedAt = now;
  queue.next = firstQueue;
  firstQueue = at;
  byKey.set(key, at);
  return queue;
}

/** Forgets flows, bands and queues that nothing is known of any more; for every tick. */
export function forgetIdle(now: u64): void {
  forgetFlows(now);
  let before: usize = 0;
  for (let at = firstQueue; at != 0; ) {
    const queue = changetype<Queue>(at);
    at = queue.next;
    forgetBands(queue);
    if (queue.bands != 0 || queue.promised != 0 || drainedBy(queue, now) > 0.01) {
      before = changetype<usize>(queue);
      continue;
    }
    if (before == 0) firstQueue = at;
    else changetype<Queue>(before).next = at;
    byKey.remove(queue.key);
    queues.give(changetype<usize>(queue));
  }
}
