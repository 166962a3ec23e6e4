// What may wait: the plan's limits, which are the gateway's. Each worker counts what waits in the others as it last
// heard.

import { Band } from "./flows.ts";
import { bandMaxBytes, bandMaxRequests, planQueueBytes, planQueueRequests } from "../wire/admission.ts";
import { bandRowOf } from "./band-row.ts";
import { findBand } from "./bands.ts";
import { Queue } from "./queue.ts";

/** Whether one more request of a priority would go past a limit of the plan. */
export function isFull(queue: Queue, plan: usize, priority: i32, bytes: u32): bool {
  return exceeds(queue, plan, priority, bytes, 1);
}

/** The same if each of so many other workers had let as many wait, and this one that came next: it is better asked. */
export function isTight(queue: Queue, plan: usize, priority: i32, bytes: u32, others: u32): bool {
  return exceeds(queue, plan, priority, bytes, u64(others) + 2);
}

function exceeds(queue: Queue, plan: usize, priority: i32, bytes: u32, times: u64): bool {
  const most = planQueueRequests(plan);
  if (most != 0 && times * (u64(queue.requests) + queue.requestsElsewhere + 1) > most) return true;
  const mostBytes = planQueueBytes(plan);
  if (mostBytes != 0 && times * (queue.bytes + queue.bytesElsewhere + bytes) > mostBytes) return true;
  const row = bandRowOf(plan, priority);
  const band = findBand(queue, priority);
  return times * (requestsIn(band) + 1) > bandMaxRequests(row) || times * (bytesIn(band) + bytes) > bandMaxBytes(row);
}

function requestsIn(band: Band | null): u64 {
  return band === null ? 0 : u64(band.requests) + band.requestsElsewhere;
}

function bytesIn(band: Band | null): u64 {
  return band === null ? 0 : band.bytes + band.bytesElsewhere;
}
