// How fast a queue drains.

import { powerOfTwo } from "./power-of-two.ts";
import { Queue } from "./queue.ts";

/** Seconds after which a dispatch counts half in the rate at which a queue drains. */
const RATE_HALF_LIFE: f64 = 5;
const LONGEST_RETRY: f64 = 60;

/** A request that waited here has gone on. */
export function drain(queue: Queue, now: u64): void {
  queue.drained = drainedBy(queue, now) + 1;
  queue.drainedAt = now;
}

/** Seconds, at least 1, in which as many go on from here as wait here now (at least one), by the rate of late. */
export function retryAfter(queue: Queue, now: u64): u32 {
  const rate = (drainedBy(queue, now) * Math.LN2) / RATE_HALF_LIFE;
  return u32(Math.ceil(min<f64>(max<f64>(f64(max<u32>(queue.requests, 1)) / rate, 1), LONGEST_RETRY)));
}

/** Dispatches of late, as they count now. */
export function drainedBy(queue: Queue, now: u64): f64 {
  return queue.drained * powerOfTwo(-f64(now - queue.drainedAt) / 1e6 / RATE_HALF_LIFE);
}
