import { charge, correct } from "../../assembly/admission/charge.ts";
import { drain, retryAfter } from "../../assembly/admission/drain.ts";
import { anyoneBefore, join, leave, turn } from "../../assembly/admission/entries.ts";
import { flowCount } from "../../assembly/admission/flows.ts";
import { isFull } from "../../assembly/admission/limits.ts";
import { Entry, findQueue, forgetIdle, Queue, queueOf, waitingTotal } from "../../assembly/admission/queue.ts";
import {
  BAND_BYTES, BAND_MAX_REQUESTS, FAIRNESS_GLOBAL_STRICT, FAIRNESS_RECENT_TOKENS, FAIRNESS_ROUND_ROBIN, ORDER_EDF,
  ORDER_FCFS, ORDER_SLO_DEADLINE, PLAN_BYTES, PLAN_QUEUE_BYTES, PLAN_QUEUE_REQUESTS, PLAN_TTL,
} from "../../wire/layout.ts";
import { planOf } from "./band-plan.ts";

const SECOND: u64 = 1_000_000;

let nextKey: u64 = 1;
function fresh(): Queue {
  return queueOf(nextKey++, 0)!;
}

function add(queue: Queue, plan: usize, waiter: u32, priority: i32 = 0, flow: u64 = 0, slo: f64 = 0, now: u64 = 0): Entry {
  return join(queue, plan, waiter, priority, flow, slo, 10, now)!;
}

// Who goes next, and is charged for 100 tokens of prompt.
function next(queue: Queue, plan: usize, priority: i32, now: u64 = 0): u32 {
  const entry = turn(queue);
  if (entry === null) return 0;
  const waiter = u32(entry.waiter);
  const flow = entry.flow.id;
  leave(entry);
  charge(queue, plan, priority, flow, 100, 0, now);
  return waiter;
}

describe("a queue", () => {
  it("lets higher priorities go first, and the oldest of a priority", () => {
    const plan = planOf(FAIRNESS_GLOBAL_STRICT, ORDER_FCFS);
    const queue = fresh();
    add(queue, plan, 1, 0, 7);
    add(queue, plan, 2, -3, 8);
    add(queue, plan, 3, 5, 9);
    add(queue, plan, 4, 0, 9);
    add(queue, plan, 5, 2, 9);
    expect(anyoneBefore(queue, 6)).toBe(false);
    expect(anyoneBefore(queue, 5)).toBe(true);
    const order: u32[] = [3, 5, 1, 4, 2, 0];
    for (let i = 0; i < 6; i++) expect(next(queue, plan, 0)).toBe(order[i]);
    expect(queue.requests).toBe(0);
    expect(queue.bytes).toBe(0);
    expect(anyoneBefore(queue, -100)).toBe(false);
  });

  it("orders by deadline of objectives, those without one last", () => {
    const plan = planOf(FAIRNESS_GLOBAL_STRICT, ORDER_SLO_DEADLINE);
    const queue = fresh();
    add(queue, plan, 1);
    add(queue, plan, 2, 0, 0, 5000);
    add(queue, plan, 3, 0, 0, 100, SECOND); // due at 1.1 s
    add(queue, plan, 4, 0, 0, 4100, SECOND); // due at 5.1 s
    const order: u32[] = [3, 2, 4, 1];
    for (let i = 0; i < 4; i++) expect(next(queue, plan, 0)).toBe(order[i]);
  });

  it("orders by the end of the time to live", () => {
    const plan = planOf(FAIRNESS_GLOBAL_STRICT, ORDER_EDF);
    const queue = fresh();
    add(queue, plan, 1);
    store<u32>(plan, 1000, PLAN_TTL);
    add(queue, plan, 2, 0, 0, 0, SECOND); // ends at 2 s, the first at 60 s
    store<u32>(plan, 0, PLAN_TTL);
    add(queue, plan, 3);
    const order: u32[] = [2, 1, 3];
    for (let i = 0; i < 3; i++) expect(next(queue, plan, 0)).toBe(order[i]);
  });

  it("takes turns among flows", () => {
    const plan = planOf(FAIRNESS_ROUND_ROBIN, ORDER_FCFS);
    const queue = fresh();
    for (let i: u32 = 1; i <= 4; i++) add(queue, plan, i, 0, 1);
    add(queue, plan, 11, 0, 2);
    add(queue, plan, 12, 0, 2);
    const order: u32[] = [1, 11, 2, 12, 3, 4];
    for (let i = 0; i < 6; i++) expect(next(queue, plan, 0)).toBe(order[i]);
  });

  it("counts output tokens twice, and what of them turns out otherwise", () => {
    const plan = planOf(FAIRNESS_RECENT_TOKENS, ORDER_FCFS);
    const queue = fresh();
    charge(queue, plan, 0, 1, 100, 50, 0); // 200
    charge(queue, plan, 0, 2, 150, 10, 0); // 170
    for (let flow: u32 = 2; flow >= 1; flow--) add(queue, plan, flow, 0, flow);
    expect(turn(queue)!.waiter).toBe(2);
    correct(queue, plan, 0, 2, 16, 0); // 202
    expect(turn(queue)!.waiter).toBe(1);
    correct(queue, plan, 0, 2, -2, 0); // 198
    expect(turn(queue)!.waiter).toBe(2);
    leave(turn(queue)!);
    leave(turn(queue)!);
  });

  it("forgets what was given by half every half-life", () => {
    const plan = planOf(FAIRNESS_RECENT_TOKENS, ORDER_FCFS, 1);
    const queue = fresh();
    charge(queue, plan, 0, 1, 800, 0, 0);
    charge(queue, plan, 0, 2, 90, 0, 3 * SECOND); // the first's 800 are worth 100 by now
    add(queue, plan, 2, 0, 2, 0, 3 * SECOND);
    add(queue, plan, 1, 0, 1, 0, 3 * SECOND);
    expect(turn(queue)!.waiter).toBe(2);
    charge(queue, plan, 0, 2, 20, 0, 3 * SECOND);
    expect(turn(queue)!.waiter).toBe(1);
    leave(turn(queue)!);
    leave(turn(queue)!);
  });

  it("lets nobody save up for later", () => {
    const plan = planOf(FAIRNESS_ROUND_ROBIN, ORDER_FCFS);
    const queue = fresh();
    for (let i: u32 = 1; i <= 20; i++) add(queue, plan, i, 0, 1);
    for (let i = 0; i < 10; i++) next(queue, plan, 0);
    for (let i: u32 = 101; i <= 110; i++) add(queue, plan, i, 0, 2);
    let newcomers = 0;
    for (let i = 0; i < 10; i++) newcomers += next(queue, plan, 0) > 100 ? 1 : 0;
    expect(newcomers).toBe(5);
    while (turn(queue) !== null) leave(turn(queue)!);
  });

  it("has limits for a band and for all", () => {
    const plan = planOf(FAIRNESS_GLOBAL_STRICT, ORDER_FCFS);
    const queue = fresh();
    for (let i: u32 = 1; i <= 3; i++) {
      expect(isFull(queue, plan, 5, 10)).toBe(false);
      add(queue, plan, i, 5);
    }
    expect(isFull(queue, plan, 5, 10)).toBe(true);
    expect(isFull(queue, plan, 4, 10)).toBe(false);
    expect(isFull(queue, plan, -1, 100)).toBe(false);
    expect(isFull(queue, plan, -1, 101)).toBe(true);
    store<u32>(plan, 3, PLAN_QUEUE_REQUESTS);
    expect(isFull(queue, plan, 4, 10)).toBe(true);
    store<u32>(plan, 0, PLAN_QUEUE_REQUESTS);
    store<u64>(plan, 40, PLAN_QUEUE_BYTES);
    expect(isFull(queue, plan, 4, 10)).toBe(false);
    expect(isFull(queue, plan, 4, 11)).toBe(true);
    while (turn(queue) !== null) leave(turn(queue)!);
  });

  it("says when to come again, by how fast it drains", () => {
    const plan = planOf(FAIRNESS_GLOBAL_STRICT, ORDER_FCFS);
    const queue = fresh();
    expect(retryAfter(queue, 0)).toBe(60); // the only one that waited has just been told to go
    for (let i: u32 = 1; i <= 100; i++) add(queue, plan, i);
    expect(retryAfter(queue, 0)).toBe(60); // nothing has gone on yet
    for (let i: u64 = 1; i <= 500; i++) drain(queue, i * (SECOND / 10)); // ten a second, for long
    expect(retryAfter(queue, 50 * SECOND)).toBe(10);
    while (turn(queue) !== null) leave(turn(queue)!);
    expect(retryAfter(queue, 50 * SECOND)).toBe(1);
  });
});

// The model: everyone who waits in a list, every sum looked up and decayed anew.
class Waiting {
  constructor(readonly entry: Entry, readonly band: i32, readonly flow: i32, readonly order: f64, readonly tie: u32) {}
}

const BANDS: i32[] = [5, 0, -2];
const FLOWS = 6;

function modelTurn(all: Waiting[], sums: f64[]): i32 {
  let best = -1;
  for (let i = 0; i < all.length; i++) {
    if (isHead(all, i) && (best < 0 || goesBefore(all, sums, i, best))) best = i;
  }
  return best;
}

function isHead(all: Waiting[], index: i32): bool {
  const one = all[index];
  for (let i = 0; i < all.length; i++) {
    const other = all[i];
    if (other.band != one.band || other.flow != one.flow) continue;
    if (other.order < one.order || (other.order == one.order && other.tie < one.tie)) return false;
  }
  return true;
}

function goesBefore(all: Waiting[], sums: f64[], a: i32, b: i32): bool {
  const one = all[a];
  const other = all[b];
  if (one.band != other.band) return one.band < other.band;
  const mine = sums[one.band * FLOWS + one.flow];
  const others = sums[other.band * FLOWS + other.flow];
  return mine < others || (mine == others && one.tie < other.tie);
}

let seed: u32 = 7;
function random(below: u32): u32 {
  seed = seed * 1664525 + 1013904223;
  return (seed >> 8) % below;
}

// Random joins, turns and departures. Time stands still within a round, so that equal sums are equal in both.
function differential(order: i32, rounds: i32): void {
  const plan = planOf(FAIRNESS_ROUND_ROBIN, order, 2);
  store<u32>(plan + PLAN_BYTES + 2 * BAND_BYTES, 5000, BAND_MAX_REQUESTS);
  const queue = fresh();
  const all: Waiting[] = [];
  const sums = new Array<f64>(BANDS.length * FLOWS).fill(0);
  let tie: u32 = 0;
  for (let round = 0; round < rounds; round++) {
    const now = 1000 * SECOND;
    const what = random(10);
    if (what < 5) {
      const band = i32(random(3));
      const flow = i32(random(FLOWS));
      const slo = f64(random(4) * 100);
      let active = false;
      let least = Infinity;
      for (let i = 0; i < all.length; i++) {
        if (all[i].band != band) continue;
        least = min(least, sums[band * FLOWS + all[i].flow]);
        if (all[i].flow == flow) active = true;
      }
      if (!active && least != Infinity) sums[band * FLOWS + flow] = max(sums[band * FLOWS + flow], least);
      const entry = add(queue, plan, ++tie, BANDS[band], u64(flow + 1), slo, now);
      const place = order == ORDER_SLO_DEADLINE && slo != 0 ? slo : order == ORDER_SLO_DEADLINE ? Infinity : 0;
      all.push(new Waiting(entry, band, flow, place, tie));
    } else if (all.length != 0 && what < 7) {
      const gone = all.splice(i32(random(all.length)), 1)[0];
      leave(gone.entry);
    } else {
      const expected = modelTurn(all, sums);
      const entry = turn(queue);
      expect(entry === null).toBe(expected < 0);
      if (expected < 0 || entry === null) continue;
      const one = all[expected];
      expect(entry.waiter).toBe(one.tie);
      if (entry.waiter != one.tie) return;
      all.splice(expected, 1);
      leave(entry);
      charge(queue, plan, BANDS[one.band], u64(one.flow + 1), 1, 0, now);
      sums[one.band * FLOWS + one.flow] += 1;
    }
    expect(queue.requests).toBe(all.length);
  }
  while (turn(queue) !== null) leave(turn(queue)!);
}

describe("whose turn it is", () => {
  it("is what a plain list says, first come first served", () => {
    differential(ORDER_FCFS, 3000);
  });

  it("is what a plain list says, by deadlines", () => {
    differential(ORDER_SLO_DEADLINE, 3000);
  });
});

describe("memory", () => {
  it("does not grow with millions of requests and with new flows all the time", () => {
    const plan = planOf(FAIRNESS_ROUND_ROBIN, ORDER_FCFS, 0.01);
    const key = nextKey++;
    let now: u64 = 5000 * SECOND;
    let pages = 0;
    for (let i: u32 = 0; i < 1_000_000; i++) {
      const queue = queueOf(key, now)!;
      now += 100;
      add(queue, plan, i + 1, i32(i % 3), u64(i / 8) + 1, 0, now);
      if (queue.requests > 200) next(queue, plan, 2, now);
      if (i % 50 == 0) forgetIdle(now);
      if (i == 300_000) pages = memory.size();
    }
    expect(memory.size()).toBe(pages);
    const queue = findQueue(key)!;
    while (turn(queue) !== null) leave(turn(queue)!);
    expect(waitingTotal).toBe(0);
    for (let i = 0; i < 5000; i++) forgetIdle(now + 600 * SECOND);
    expect(flowCount()).toBe(0);
    expect(findQueue(key) === null).toBe(true);
  });
});
