// Lets waiting requests go: from the callback of a request that ends, and from ticks, which also answer those whose
// time is over. Each request that goes changes the saturation, so that is asked anew for the next.

import * as host from "../abi/host.ts";
import { STREAM_REQUEST } from "../abi/values.ts";
import { firstAside, putAside } from "../admission/aside.ts";
import { drain, Entry, firstQueue, forgetIdle, Queue, retryAfter, turn, waitingTotal } from "../admission/queue.ts";
import { anyReady } from "../admission/saturation.ts";
import { resetArena } from "../memory/arena.ts";
import { count, DISPATCHED, EXPIRED } from "../metrics.ts";
import { Root } from "../root.ts";
import { Pool } from "../state/pool.ts";
import { Line } from "../text/line.ts";
import { text } from "../text/text.ts";
import { planFlowControl, planNoEndpointTtl, planTtl } from "../wire/admission.ts";
import { chargeFor, hasRoom, leaveQueue, queueFor } from "./admit.ts";
import { decide } from "./decide.ts";
import { forbidAnswers, postponed } from "./postpone.ts";
import { refuse, REJECTED_NO_ENDPOINTS, REJECTED_TTL_EXPIRED } from "./refuse.ts";
import { Request } from "./request.ts";

const DETAILS_EXPIRED = text("inline_epp_ttl_expired");
const TIMED_OUT = new Line().add("request timed out in queue");
const TIMED_OUT_WITHOUT = new Line().add("request timed out in queue and no endpoints are available");

@inline
function requestIn(entry: Entry): Request {
  return changetype<Request>(entry.waiter);
}

@inline
function rootOf(request: Request): Root {
  return changetype<Root>(request.root);
}

/** A request has ended, in whose callback this is: those that wait for the same pool may have room now. */
export function dispatchAfter(ended: Request): void {
  if (waitingTotal == 0) return;
  const queue = queueFor(rootOf(ended), ended);
  if (queue === null || queue.requests == 0) return;
  dispatch(queue, false);
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
    dispatch(queue, true);
  }
  host.setContext(id);
}

// Without a pool, or where its plan lets nobody wait any more, all go at the next tick: by failure mode, or as they come.
function dispatch(queue: Queue, ticking: bool): void {
  for (let entry = turn(queue); entry !== null; entry = turn(queue)) {
    const request = requestIn(entry);
    const root = rootOf(request);
    resetArena();
    const pool = ticking ? root.freshPool(request.pool) : root.knownPool(request.pool);
    if (pool === null || !planFlowControl(pool.plan)) {
      if (!ticking) return;
    } else if (!hasRoom(root, pool, host.now())) {
      return;
    }
    letGo(entry, ticking);
  }
}

function letGo(entry: Entry, ticking: bool): void {
  const queue = entry.queue;
  const request = requestIn(entry);
  const root = rootOf(request);
  if (!host.setContext(request.id)) {
    leaveQueue(request);
    return;
  }
  resetArena();
  forbidAnswers(!ticking);
  const goes = decide(root, request, true);
  const later = postponed();
  forbidAnswers(false);
  if (later) {
    request.decided = false;
    putAside(entry);
    return;
  }
  leaveQueue(request);
  if (!goes) return;
  const now = host.now();
  const pool = root.knownPool(request.pool);
  if (pool !== null && planFlowControl(pool.plan)) chargeFor(queue, request, pool, now);
  drain(queue, now);
  count(DISPATCHED);
  host.continueStream(STREAM_REQUEST);
}

// Answers those that have waited for as long as they may. How long that is, who is there now says.
function expire(queue: Queue, now: u64): void {
  if (queue.oldest == 0) return;
  const first = requestIn(changetype<Entry>(queue.oldest));
  const pool = rootOf(first).freshPool(first.pool);
  if (pool === null || !planFlowControl(pool.plan)) return;
  const ready = anyReady(pool);
  const most = u64(ready ? planTtl(pool.plan) : planNoEndpointTtl(pool.plan)) * 1000;
  if (most == 0) return;
  while (queue.oldest != 0) {
    const entry = changetype<Entry>(queue.oldest);
    if (now - entry.since < most) return;
    const request = requestIn(entry);
    leaveQueue(request);
    if (!host.setContext(request.id)) continue;
    request.decided = true;
    count(EXPIRED);
    answerExpired(request, queue, ready, now);
  }
}

function answerExpired(request: Request, queue: Queue, ready: bool, now: u64): void {
  if (ready) refuse(request, 429, DETAILS_EXPIRED, TIMED_OUT, REJECTED_TTL_EXPIRED, retryAfter(queue, now));
  else refuse(request, 503, DETAILS_EXPIRED, TIMED_OUT_WITHOUT, REJECTED_NO_ENDPOINTS);
}
