// Lets waiting requests go, each in its worker. When a request ends, the one whose turn it is over all workers gets its
// place: from that very callback where it waits here, by a grant (granted.ts) where it waits in another worker. Ticks
// fill room that has appeared otherwise, and answer those whose time is over (expire.ts).

import * as host from "../abi/host.ts";
import { STREAM_REQUEST } from "../abi/values.ts";
import { firstAside, putAside } from "../admission/aside.ts";
import { drain } from "../admission/drain.ts";
import { isBefore, turnElsewhere } from "../admission/elsewhere.ts";
import { turn } from "../admission/entries.ts";
import { allots, grant, hear, othersWait, tell } from "../admission/exchange.ts";
import { Entry, firstQueue, forgetIdle, Queue, waitingTotal } from "../admission/queue.ts";
import { resetArena } from "../memory/arena.ts";
import { count, DISPATCHED, GRANTED } from "../metrics.ts";
import { Root } from "../root.ts";
import { Pool } from "../state/pool.ts";
import { Store } from "../sync/store.ts";
import { planFlowControl } from "../wire/admission.ts";
import { chargeFor, hasRoom, leaveQueue, takeQueue } from "./admit.ts";
import { decide } from "./decide.ts";
import { expire } from "./expire.ts";
import { forbidAnswers, postponed } from "./postpone.ts";
import { Request } from "./request.ts";

/** A request has ended, in whose callback this is: one that waits for the same pool may have its place. */
export function dispatchAfter(ended: Request): void {
  if (waitingTotal == 0 && !othersWait) return;
  const now = host.now();
  const queue = takeQueue(changetype<Root>(ended.root), ended, now);
  if (queue === null) return;
  hear(now, false);
  // One for one: the others may be about to do the same with what has ended there.
  fill(queue, false, allots(queue) ? u32.MAX_VALUE : 1);
  tell(host.now(), false);
  host.setContext(ended.id);
}

/** What time demands of all queues, in the callback of the context `id`. */
export function tickQueues(id: u32, now: u64): void {
  forgetIdle(now);
  if (waitingTotal == 0 && firstAside == 0) return;
  while (firstAside != 0) letGo(changetype<Entry>(firstAside), true);
  for (let at = firstQueue; at != 0; at = changetype<Queue>(at).next) {
    const queue = changetype<Queue>(at);
    expire(queue, now);
    fill(queue, true, allots(queue) ? u32.MAX_VALUE : 0);
  }
  host.setContext(id);
}

/** A grant for this worker, outside of streams' callbacks: its next one goes, or, where nobody is left, another's. */
export function dispatchGranted(queue: Queue): void {
  for (let entry = turn(queue); entry !== null; entry = turn(queue)) {
    if (!letGo(entry, true)) continue;
    count(GRANTED);
    return;
  }
  hear(host.now(), false);
  fill(queue, true, 1);
}

// Lets up to `most` go while there is room. Without a pool, or where its plan lets nobody wait any more, all that wait
// here go at the next tick: by failure mode, or as they come.
function fill(queue: Queue, ticking: bool, most: u32): void {
  for (let gone: u32 = 0; ; ) {
    const entry = turn(queue);
    const row = turnElsewhere(queue);
    if (entry === null && row === null) return;
    resetArena();
    const pool = poolOf(queue, ticking);
    if (pool === null || !planFlowControl(pool.plan)) {
      if (!ticking || entry === null) return;
      letGo(entry, true);
      continue;
    }
    const now = host.now();
    if (gone >= most || !hasRoom(queue, pool, now)) return;
    if (row !== null && (entry === null || !isBefore(entry, row))) {
      grant(queue, row, now);
      gone++;
    } else if (letGo(entry!, ticking)) {
      gone++;
    }
  }
}

function poolOf(queue: Queue, ticking: bool): Pool | null {
  const store = changetype<Store>(queue.store);
  return ticking ? store.freshPool(queue.pool) : store.knownPool(queue.pool);
}

// Whether the request has gone on: it may be gone, or be answered, or have to be answered later.
function letGo(entry: Entry, ticking: bool): bool {
  const queue = entry.queue;
  const request = changetype<Request>(entry.waiter);
  const root = changetype<Root>(request.root);
  if (!host.setContext(request.id)) {
    leaveQueue(request);
    return false;
  }
  resetArena();
  forbidAnswers(!ticking);
  const goes = decide(root, request, true);
  const later = postponed();
  forbidAnswers(false);
  if (later) {
    request.decided = false;
    putAside(entry);
    return false;
  }
  leaveQueue(request);
  if (!goes) return false;
  const now = host.now();
  const pool = root.knownPool(request.pool);
  if (pool !== null && planFlowControl(pool.plan)) chargeFor(queue, request, pool, now);
  drain(queue, now);
  count(DISPATCHED);
  host.continueStream(STREAM_REQUEST);
  return true;
}
