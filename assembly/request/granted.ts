// Grants of other workers: what waits here may go on in a place that a request of theirs has left.

import * as host from "../abi/host.ts";
import { noteGrant, tell } from "../admission/exchange.ts";
import { findQueue } from "../admission/queue.ts";
import { grantedAt, grantedQueue, nextGrant } from "../sync/grants.ts";
import { dispatchGranted } from "./dispatch.ts";

/** Takes up all grants that have come, in the callback of the root `id`. */
export function onGrants(id: u32): void {
  while (nextGrant()) {
    noteGrant(grantedAt);
    const queue = findQueue(grantedQueue);
    if (queue !== null) dispatchGranted(queue);
  }
  tell(host.now(), false);
  host.setContext(id);
}
