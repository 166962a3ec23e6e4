import { charge } from "../../assembly/admission/charge.ts";
import { DIGEST_LENGTH, isDigest, MAX_DIGEST, writeDigest } from "../../assembly/admission/digest.ts";
import {
  addElsewhere, emptyRow, forgetOthers, HEARS, isBefore, LIVES, takeOne, turnElsewhere, waitingElsewhere,
} from "../../assembly/admission/elsewhere.ts";
import { anyoneBefore, join, leave, turn } from "../../assembly/admission/entries.ts";
import { findBand } from "../../assembly/admission/bands.ts";
import { findFlow } from "../../assembly/admission/flows.ts";
import { isFull } from "../../assembly/admission/limits.ts";
import { Entry, forgetIdle, Queue, queueOf, waitingTotal } from "../../assembly/admission/queue.ts";
import { givenTo } from "../../assembly/admission/shares.ts";
import { FAIRNESS_ROUND_ROBIN, ORDER_FCFS } from "../../wire/layout.ts";
import { planOf } from "./band-plan.ts";

const SECOND: u64 = 1_000_000;
const KEY: u64 = 77;
const plan = planOf(FAIRNESS_ROUND_ROBIN, ORDER_FCFS);
let now: u64 = SECOND;

function queue(): Queue {
  return queueOf(KEY, now)!;
}

function add(flow: u64, priority: i32 = 0): Entry {
  return join(queue(), plan, 1, priority, flow, 0, 10, now++)!;
}

function give(flow: u64, times: i32, priority: i32 = 0): void {
  for (let i = 0; i < times; i++) charge(queue(), plan, priority, flow, 1, 0, now);
}

// What a worker in this state would tell.
function told(token: u32 = 4): usize {
  const digest = writeDigest(now, 0, token);
  const length = load<u32>(digest, DIGEST_LENGTH);
  const copy = heap.alloc(length);
  memory.copy(copy, digest, length);
  expect(isDigest(copy, length)).toBe(true);
  return copy;
}

// Nothing waits and nothing has been given: another worker's turn.
function reset(): void {
  forgetOthers();
  for (let entry = turn(queue()); entry !== null; entry = turn(queue())) leave(entry);
  now += 10_000 * SECOND;
  for (let i = 0; i < 200; i++) forgetIdle(now);
}

function totalOf(flow: u64): f64 {
  return givenTo(findFlow(findBand(queue(), 0)!, flow)!, now);
}

describe("what other workers tell", () => {
  it("counts for limits, and for who has to wait", () => {
    add(1);
    add(1, 5);
    const digest = told();
    reset();
    addElsewhere(digest, 9, LIVES | HEARS, now);
    expect(waitingElsewhere).toBe(2);
    expect(waitingTotal).toBe(0);
    expect(queue().requestsElsewhere).toBe(0); // nobody asks for this pool here
    queue();
    addElsewhere(digest, 9, LIVES | HEARS, now);
    addElsewhere(digest, 10, LIVES | HEARS, now);
    expect(queue().requestsElsewhere).toBe(4);
    expect(queue().bytesElsewhere).toBe(40);
    expect(queue().lowest).toBe(9);
    expect(anyoneBefore(queue(), 5)).toBe(true);
    expect(anyoneBefore(queue(), 6)).toBe(false);
    expect(isFull(queue(), plan, 5, 10)).toBe(false); // of three places two are taken
    addElsewhere(digest, 11, LIVES | HEARS, now);
    expect(isFull(queue(), plan, 5, 10)).toBe(true);
    forgetOthers();
    expect(queue().requestsElsewhere).toBe(0);
    expect(anyoneBefore(queue(), -100)).toBe(false);
    reset();
  });

  it("makes turns those of all: by priority, by what flows have been given anywhere, by who came first", () => {
    give(1, 3);
    give(2, 1);
    add(1);
    add(2);
    add(3, 5);
    const digest = told();
    reset();
    now -= 10_000 * SECOND;
    give(2, 5); // 6 in all, the first flow 3
    addElsewhere(digest, 9, LIVES | HEARS, now);
    const mine = add(2);
    const first = add(1);
    expect(turn(queue())!.flow.id).toBe(1);
    let row = turnElsewhere(queue())!;
    expect(row.flow.id).toBe(3); // of the higher priority
    expect(isBefore(first, row)).toBe(false);
    takeOne(row, now);
    row = turnElsewhere(queue())!;
    expect(row.flow.id).toBe(1); // the same flow as here, and came first
    expect(isBefore(first, row)).toBe(false);
    emptyRow(row);
    expect(turnElsewhere(queue())!.flow.id).toBe(2);
    expect(isBefore(first, turnElsewhere(queue())!)).toBe(true);
    expect(isBefore(mine, turnElsewhere(queue())!)).toBe(false);
    now += 10_000 * SECOND;
    reset();
  });

  it("lets a flow begin level with those that wait elsewhere, and counts that once", () => {
    give(1, 8);
    add(1);
    const digest = told();
    reset();
    now -= 10_000 * SECOND;
    queue();
    addElsewhere(digest, 9, LIVES | HEARS, now);
    add(2);
    expect(totalOf(2)).toBeCloseTo(8, 3);
    const again = told();
    addElsewhere(again, 10, LIVES | HEARS, now); // another worker in which the same flow begins at the same moment
    expect(totalOf(2)).toBeCloseTo(8, 3);
    now += 10_000 * SECOND;
    reset();
  });

  it("gives no turn to those that hear nothing", () => {
    add(1);
    const deaf = told();
    const mute = told(0);
    reset();
    queue();
    addElsewhere(deaf, 9, LIVES, now);
    addElsewhere(mute, 10, LIVES | HEARS, now);
    expect(queue().requestsElsewhere).toBe(2);
    expect(turnElsewhere(queue()) === null).toBe(true);
    expect(queue().lowest).toBe(u64.MAX_VALUE);
    reset();
  });

  it("counts what was given long ago, but not what waited then", () => {
    give(1, 8);
    add(1);
    const digest = told();
    reset();
    now -= 10_000 * SECOND;
    queue();
    addElsewhere(digest, 9, HEARS, now);
    expect(totalOf(1)).toBeCloseTo(8, 3);
    expect(queue().requestsElsewhere).toBe(0);
    expect(turnElsewhere(queue()) === null).toBe(true);
    now += 10_000 * SECOND;
    reset();
  });

  it("is short however many flows wait, and has those whose turn is next", () => {
    for (let flow: u64 = 1; flow <= 3000; flow++) {
      give(flow, 1, i32(flow % 40));
      add(flow, i32(flow % 40));
    }
    add(5000, 41);
    const digest = told();
    expect(load<u32>(digest, DIGEST_LENGTH) <= MAX_DIGEST).toBe(true);
    reset();
    queue();
    addElsewhere(digest, 9, LIVES | HEARS, now);
    expect(turnElsewhere(queue())!.flow.id).toBe(5000);
    reset();
  });

  it("is checked before it is read", () => {
    for (let flow: u64 = 1; flow <= 5; flow++) add(flow, i32(flow % 2));
    const digest = told();
    const length = load<u32>(digest, DIGEST_LENGTH);
    for (let short: u32 = 0; short < length; short++) expect(isDigest(digest, short)).toBe(false);
    const copy = heap.alloc(length);
    let seed: u32 = 5;
    let accepted = 0;
    for (let i = 0; i < 5000; i++) {
      memory.copy(copy, digest, length);
      seed = seed * 1664525 + 1013904223;
      store<u8>(copy + ((seed >> 8) % length), u8(seed >> 24));
      if (!isDigest(copy, length)) continue;
      accepted++;
      addElsewhere(copy, 9, LIVES | HEARS, now);
      const row = turnElsewhere(queue());
      if (row !== null) expect(row.flow.key >= 0).toBe(true);
      forgetOthers();
    }
    expect(accepted > 0).toBe(true);
    reset();
  });
});
