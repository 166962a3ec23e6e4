// Who waits in this worker: joining, leaving, and whose turn it is.

import { FAIRNESS_GLOBAL_STRICT } from "../../wire/layout.ts";
import { Slab } from "../memory/slab.ts";
import { bandFairness, bandHalfLife, bandOrder, planTtl } from "../wire/admission.ts";
import { takeBack } from "./aside.ts";
import { bandRowOf, placeInOrder } from "./band-row.ts";
import { bandOf } from "./bands.ts";
import { levelElsewhere } from "./elsewhere.ts";
import { addWaiting, Band, flowOf, removeWaiting, turnOf } from "./flows.ts";
import { countWaiting, Entry, Queue } from "./queue.ts";

const entries = new Slab(offsetof<Entry>());

/** Whether anyone waits of this priority or a higher one, here or, as last heard, in another worker. */
export function anyoneBefore(queue: Queue, priority: i32): bool {
  for (let at = queue.bands; at != 0; at = changetype<Band>(at).next) {
    const band = changetype<Band>(at);
    if (band.priority < priority) return false;
    if (band.requests + band.requestsElsewhere != 0) return true;
  }
  return false;
}

/**
 * Someone waits from now on. `fairness` is the flow's id, `slo` the milliseconds within which the first token is
 * wanted, 0: none. Null when there is no room.
 */
export function join(
  queue: Queue, plan: usize, waiter: usize, priority: i32, fairness: u64, slo: f64, bytes: u32, now: u64,
): Entry | null {
  const row = bandRowOf(plan, priority);
  const band = bandOf(queue, priority, bandHalfLife(row), now);
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
  queue.joined = max(queue.joined + 1, now);
  entry.tie = queue.joined;
  addWaiting(flow, entry, levelElsewhere(band));
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

/** Whose turn it is among those that wait here; null where nobody does. */
export function turn(queue: Queue): Entry | null {
  for (let at = queue.bands; at != 0; at = changetype<Band>(at).next) {
    const next = turnOf(changetype<Band>(at));
    if (next != 0) return changetype<Entry>(next);
  }
  return null;
}

function count(entry: Entry, band: Band, by: i32): void {
  const queue = entry.queue;
  queue.requests += by;
  queue.bytes += i64(by) * i64(entry.bytes);
  band.requests += by;
  band.bytes += i64(by) * i64(entry.bytes);
  countWaiting(by);
}
