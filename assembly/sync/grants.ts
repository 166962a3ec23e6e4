// Grants: leave for one request that waits in another worker to go on. Each worker has a shared queue of the host,
// named after its number, whose token it tells the others; the host calls proxy_on_queue_ready of the root that
// registered the queue last, on that worker's thread.
//
//   u64 key of the queue in which the request waits, u64 microseconds at which the grant was given

import * as host from "../abi/host.ts";
import { queueName, renumber } from "./keys.ts";

const BYTES: u32 = 16;
const message: usize = memory.data(16, 8);
const NAME = queueName(0);

/** This worker's token; 0: it cannot be reached. */
export let ownToken: u32 = 0;
/** Context id of the root that hears of grants; 0: none. */
export let hearing: u32 = 0;
/** The grant that was read last. */
export let grantedQueue: u64 = 0;
export let grantedAt: u64 = 0;

/** Makes the root `id`, in whose callback this is, hear of grants for the worker with this number. */
export function hearGrants(id: u32, owner: u64): void {
  renumber(NAME, owner);
  ownToken = host.registerQueue(NAME);
  if (ownToken != 0) hearing = id;
}

/** A root goes; another has to hear. */
export function stopHearing(id: u32): void {
  if (hearing == id) hearing = 0;
}

/** Gives a grant to a worker. False: its queue is gone. */
export function sendGrant(token: u32, queue: u64, now: u64): bool {
  store<u64>(message, queue);
  store<u64>(message, now, 8);
  return host.enqueue(token, message, BYTES);
}

/** Reads the next grant for this worker; false where there is none. */
export function nextGrant(): bool {
  while (ownToken != 0 && host.dequeue(ownToken)) {
    if (host.resultLength != BYTES) continue;
    grantedQueue = load<u64>(host.resultAt);
    grantedAt = load<u64>(host.resultAt, 8);
    return true;
  }
  return false;
}
