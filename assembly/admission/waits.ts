// What waits in this worker for the pools of one sidecar, as it is told to that sidecar. Queues have their sidecar's
// store as its address.

import {
  MAX_WAITING, WAITING_BYTES, WAITING_OLDEST, WAITING_POOL, WAITING_PRIORITY, WAITING_REQUESTS,
} from "../../wire/layout.ts";
import { Band } from "./flows.ts";
import { Entry, firstQueue, Queue, waitingTotal } from "./queue.ts";

/** Whether any request waits for a pool of the store. */
export function anyWaits(store: usize): bool {
  if (waitingTotal == 0) return false;
  for (let at = firstQueue; at != 0; at = changetype<Queue>(at).next) {
    const queue = changetype<Queue>(at);
    if (queue.store == store && queue.requests != 0) return true;
  }
  return false;
}

/** Writes a row for each pool and priority of the store, MAX_WAITING at most, from `at` on; returns where they end. */
export function writeWaits(store: usize, at: usize, now: u64): usize {
  const end = at + usize(MAX_WAITING) * usize(WAITING_BYTES);
  for (let next = firstQueue; next != 0; next = changetype<Queue>(next).next) {
    const queue = changetype<Queue>(next);
    if (queue.store == store && queue.requests != 0) at = writeQueue(queue, at, end, now);
  }
  return at;
}

function writeQueue(queue: Queue, at: usize, end: usize, now: u64): usize {
  let bands: u32 = 0;
  for (let next = queue.bands; next != 0; next = changetype<Band>(next).next) {
    const band = changetype<Band>(next);
    if (band.requests == 0) continue;
    bands++;
    const isRest = at == end;
    if (!isRest) at += usize(WAITING_BYTES);
    const row = at - usize(WAITING_BYTES);
    if (!isRest) memory.fill(row, 0, usize(WAITING_BYTES));
    store<u64>(row, isRest ? 0 : queue.pool, WAITING_POOL);
    store<i32>(row, isRest ? 0 : band.priority, WAITING_PRIORITY);
    store<u32>(row, load<u32>(row, WAITING_REQUESTS) + band.requests, WAITING_REQUESTS);
    band.row = row;
  }
  // A band orders by more than age, so its first one is looked for among all, who stand in the order of their coming.
  for (let next = queue.oldest; bands != 0; next = changetype<Entry>(next).newer) {
    const entry = changetype<Entry>(next);
    const row = entry.flow.band.row;
    if (row == 0) continue;
    const waited = u32(min<u64>((now - entry.since) / 1000, u64(u32.MAX_VALUE)));
    store<u32>(row, max(load<u32>(row, WAITING_OLDEST), waited), WAITING_OLDEST);
    entry.flow.band.row = 0;
    bands--;
  }
  return at;
}
