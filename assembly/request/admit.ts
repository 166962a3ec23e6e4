// Whether a request goes on, waits or is turned away, before an endpoint is picked for it.

import * as host from "../abi/host.ts";
import { charge, correct } from "../admission/charge.ts";
import { retryAfter } from "../admission/drain.ts";
import { anyoneBefore, join, leave } from "../admission/entries.ts";
import { hear, hearings, lookForOthers, othersWait, tell } from "../admission/exchange.ts";
import { isFull, isTight } from "../admission/limits.ts";
import { Entry, findQueue, Queue, queueOf, waitingTotal } from "../admission/queue.ts";
import { anyReady, saturation } from "../admission/saturation.ts";
import { count, HELD, OVERFLOWED, SHED } from "../metrics.ts";
import { priorityOf } from "../policy/objectives.ts";
import { completionTokens, UsageScan } from "../response/usage.ts";
import { Root } from "../root.ts";
import { Pool } from "../state/pool.ts";
import { ownerCount, publishFlight } from "../sync/flight.ts";
import { Line } from "../text/line.ts";
import { text } from "../text/text.ts";
import { planFlowControl, planUsageLimit } from "../wire/admission.ts";
import { decide } from "./decide.ts";
import { clientModel } from "./model.ts";
import { refuse, REJECTED_SATURATED } from "./refuse.ts";
import { Request } from "./request.ts";

/** What becomes of a request. */
export const GOES_ON: i32 = 0;
export const ANSWERED: i32 = 1;
export const WAITS: i32 = 2;

const DETAILS_SHED = text("inline_epp_shed");
const DETAILS_QUEUE_FULL = text("inline_epp_queue_full");
const SHEDDABLE = new Line().add("system saturated, sheddable request dropped");
const FULL = new Line().add("system saturated, and no more requests may wait");

/** Decides over a request whose body is complete: GOES_ON with its destination, ANSWERED here, or WAITS in a queue. */
export function admit(root: Root, request: Request): i32 {
  const pool = root.knownPool(request.pool);
  if (pool === null) return decideNow(root, request);
  request.priority = priority(request, pool);
  if (planFlowControl(pool.plan)) return queueUp(root, request, pool);
  if (request.priority >= 0 || isBelowOne(root, pool)) return decideNow(root, request);
  request.decided = true;
  count(SHED);
  refuse(request, 429, DETAILS_SHED, SHEDDABLE, REJECTED_SATURATED);
  return ANSWERED;
}

/**
 * Whether the pool of a queue takes one more request than those that it has, those that may go on elsewhere, and so
 * many others of which this worker has not heard.
 */
export function hasRoom(queue: Queue, pool: Pool, now: u64, unheard: u32 = 0): bool {
  const promised = queue.promised + queue.promisedElsewhere + unheard;
  return anyReady(pool) && saturation(pool, now, queue.staleAfter, promised) < planUsageLimit(pool.plan);
}

/** A request goes on, having waited or not: its flow has been given what it takes. */
export function chargeFor(queue: Queue, request: Request, pool: Pool, now: u64): void {
  request.charged = true;
  const prompt = max<f64>(f64(request.promptTokens), 1);
  const output = f64(request.tokens) - f64(request.promptTokens);
  charge(queue, pool.plan, request.priority, request.fairness, prompt, output, now);
}

/** The answer is complete, and tells how many tokens the request has been given indeed. */
export function correctCharge(root: Root, request: Request, usage: UsageScan): void {
  if (!request.charged) return;
  const queue = queueFor(root, request);
  const pool = root.knownPool(request.pool);
  if (queue === null || pool === null) return;
  const more = f64(completionTokens(usage)) - (f64(request.tokens) - f64(request.promptTokens));
  correct(queue, pool.plan, request.priority, request.fairness, more, host.now());
}

/** The queue in which requests for the same pool wait; null where there is none. */
export function queueFor(root: Root, request: Request): Queue | null {
  return findQueue(queueKey(root, request));
}

/** The same, made if need be; null: there is no room. */
export function takeQueue(root: Root, request: Request, now: u64): Queue | null {
  const queue = queueOf(queueKey(root, request), now);
  if (queue === null) return null;
  queue.store = changetype<usize>(root.store);
  queue.pool = request.pool;
  queue.staleAfter = root.config.staleAfter;
  return queue;
}

/** A request waits no longer, whether it goes on, is answered or is gone. */
export function leaveQueue(request: Request): void {
  if (request.entry == 0) return;
  const entry = changetype<Entry>(request.entry);
  request.waitedFor = u32(min<u64>(max<u64>(host.now() - entry.since, 1), u64(u32.MAX_VALUE)));
  leave(entry);
  request.entry = 0;
}

function queueUp(root: Root, request: Request, pool: Pool): i32 {
  const now = host.now();
  const queue = takeQueue(root, request, now);
  if (queue === null) return decideNow(root, request);
  if (mayPass(queue, request, pool, now)) {
    const outcome = decideNow(root, request);
    if (outcome == GOES_ON) {
      chargeFor(queue, request, pool, now);
      queue.passed = passedSince(queue) + 1;
    }
    return outcome;
  }
  const others = max<u32>(ownerCount(), 1) - 1;
  const tight = others != 0 && isTight(queue, pool.plan, request.priority, request.bytes, others);
  if (others != 0) hear(now, tight); // what flows have been given everywhere decides where a new one begins
  if (isFull(queue, pool.plan, request.priority, request.bytes)) {
    request.decided = true;
    count(OVERFLOWED);
    refuse(request, 429, DETAILS_QUEUE_FULL, FULL, REJECTED_SATURATED, retryAfter(queue, now));
    return ANSWERED;
  }
  const entry = join(
    queue, pool.plan, changetype<usize>(request), request.priority, request.fairness, request.sloTtft, request.bytes,
    now,
  );
  if (entry === null) return decideNow(root, request);
  request.entry = changetype<usize>(entry);
  count(HELD);
  tell(now, tight || waitingTotal == 1);
  return WAITS;
}

// Whether a request goes on at once, as far as this worker knows. It asks the others before where they may know better:
// somebody waits there, or they, having let as many go since they were heard as this one has, have filled the pool.
function mayPass(queue: Queue, request: Request, pool: Pool, now: u64): bool {
  if (othersWait || waitingTotal != 0) hear(now, false);
  if (anyoneBefore(queue, request.priority) || !hasRoom(queue, pool, now)) return false;
  const others = max<u32>(ownerCount(), 1) - 1;
  if (others == 0) return true;
  const since = passedSince(queue);
  if (since == 0 || hasRoom(queue, pool, now, others * since)) {
    if (othersWait || !lookForOthers(now)) return true;
  }
  publishFlight(now);
  hear(now, true);
  return !anyoneBefore(queue, request.priority) && hasRoom(queue, pool, now);
}

// Requests that have gone on here without waiting since the others were heard.
function passedSince(queue: Queue): u32 {
  if (queue.passedAt != hearings) {
    queue.passedAt = hearings;
    queue.passed = 0;
  }
  return queue.passed;
}

function isBelowOne(root: Root, pool: Pool): bool {
  return saturation(pool, host.now(), root.config.staleAfter, 0) < 1;
}

function decideNow(root: Root, request: Request): i32 {
  return decide(root, request, true) ? GOES_ON : ANSWERED;
}

function priority(request: Request, pool: Pool): i32 {
  return priorityOf(pool.policy, request.objective, clientModel(request));
}

// Configurations that get a pool from the same sidecar share its queue, and so do workers.
function queueKey(root: Root, request: Request): u64 {
  const store = root.store;
  return store === null ? request.pool : request.pool ^ (store.identity * 0x9e3779b97f4a7c15);
}
