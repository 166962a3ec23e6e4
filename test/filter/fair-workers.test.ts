// Requests that wait in several workers of one gateway, whose ticks and messages come at different times.

import assert from "node:assert/strict";
import { test } from "node:test";
import { DataStatus } from "../../sidecar/wasm-host/abi.ts";
import type { FilterStream } from "../../sidecar/wasm-host/stream.ts";
import type { FilterVm } from "../../sidecar/wasm-host/vm.ts";
import * as L from "../../wire/layout.ts";
import type { PlanAdmission } from "../../wire/model.ts";
import { dice, OBJECTIVES, reasonOf, serve, waiting } from "./admission.ts";
import { bestOf, configuration, samples, servingRig } from "./pools.ts";
import { POST } from "./requests.ts";

const TICK_MS = 10;

interface Sent {
  readonly stream: FilterStream;
  readonly worker: number;
  readonly tenant: string;
  /** Milliseconds of the test's time. */
  readonly at: number;
}

/** A gateway of `count` workers, and the milliseconds of its life. */
class Gateway {
  readonly rig;
  readonly pool;
  readonly workers: { vm: FilterVm; root: number }[];
  readonly held = new Set<Sent>();
  /** Those that go on, and when they end. */
  readonly running = new Map<Sent, number>();
  readonly refused: Sent[] = [];
  /** Workers that do nothing at all. */
  readonly stalled = new Set<number>();
  now = 0;
  /** Milliseconds that a model server takes. */
  service = () => 100;
  /** Hears of each that goes on. */
  onStart: (sent: Sent) => void = () => {};
  onEnd: (sent: Sent) => void = () => {};

  constructor(count: number, endpoints: number, admission: PlanAdmission) {
    const { rig, vm, root, pool } = servingRig(endpoints);
    this.rig = rig;
    this.pool = pool;
    rig.stream.message(pool.plan(bestOf(1), { admission }), pool.policy(OBJECTIVES));
    this.workers = [{ vm, root }];
    while (this.workers.length < count) {
      const next = rig.vm();
      this.workers.push({ vm: next, root: next.createRoot(configuration()) });
    }
    // One request each makes every worker known to the others.
    for (let worker = 0; worker < count; worker++) {
      this.send(worker, "first");
      this.pass(130);
    }
    this.pass(200);
    assert.deepEqual([this.running.size, this.held.size], [0, 0]);
  }

  send(worker: number, tenant: string, objective = "none", bytes = 10): Sent {
    const { vm, root } = this.workers[worker]!;
    const stream = vm.createStream(root);
    const names = { "x-llm-d-inference-fairness-id": tenant, "x-llm-d-inference-objective": objective };
    stream.onRequestHeaders([...POST, ...Object.entries(names)], false);
    const sent = { stream, worker, tenant, at: this.now };
    const body = Buffer.from(JSON.stringify({ model: "m", prompt: "x".repeat(bytes) }));
    const status = stream.onRequestBody(body, true);
    if (status === DataStatus.continue) this.#start(sent);
    else if (status === DataStatus.stopIterationAndBuffer) this.held.add(sent);
    else this.#refuse(sent);
    this.settle();
    return sent;
  }

  stall(worker: number): void {
    if (this.stalled.has(worker)) return;
    this.stalled.add(worker);
    this.rig.stall(this.workers[worker]!.vm);
  }

  resume(): void {
    for (const worker of this.stalled) this.rig.resume(this.workers[worker]!.vm);
    this.stalled.clear();
  }

  /** The client hangs up. */
  leave(sent: Sent): void {
    this.held.delete(sent);
    this.running.delete(sent);
    sent.stream.close();
    this.settle();
  }

  /** What became of those that wait. */
  settle(): void {
    for (const sent of this.held) {
      const { continued, localResponse } = sent.stream;
      assert.ok(!(continued && localResponse), "both answered and let go");
      if (!continued && !localResponse) continue;
      this.held.delete(sent);
      if (continued) this.#start(sent);
      else this.#refuse(sent);
    }
  }

  /** So many milliseconds; workers tick one after the other. `each` runs in every one of them. */
  pass(milliseconds: number, each: () => void = () => {}): void {
    for (let passed = 0; passed < milliseconds; passed++) {
      this.now++;
      this.rig.now += 1000n;
      this.rig.deliver();
      this.settle();
      this.workers.forEach(({ vm }, index) => {
        if ((this.now + 3 * index) % TICK_MS === 0 && !this.stalled.has(index)) vm.tick();
      });
      this.settle();
      for (const [sent, end] of this.running) {
        if (end > this.now || this.stalled.has(sent.worker)) continue;
        this.running.delete(sent);
        serve(sent.stream);
        this.onEnd(sent);
        this.settle();
      }
      each();
    }
  }

  #start(sent: Sent): void {
    this.running.set(sent, this.now + this.service());
    this.onStart(sent);
  }

  #refuse(sent: Sent): void {
    this.refused.push(sent);
    sent.stream.close();
  }
}

const roundRobin = (most: number, fields: Partial<PlanAdmission> = {}, band = {}) =>
  waiting(most, fields, { fairness: L.FAIRNESS_ROUND_ROBIN, halfLife: 60, ...band });

test("a request that ends in one worker lets one go on in another, before any tick", () => {
  const gateway = new Gateway(2, 1, waiting(1));
  const first = gateway.send(0, "a");
  gateway.pass(20);
  const second = gateway.send(1, "a");
  assert.ok(gateway.held.has(second));
  gateway.pass(21);
  serve(first.stream);
  gateway.running.delete(first);
  assert.ok(gateway.held.has(second));
  gateway.rig.deliver();
  assert.ok(second.stream.continued);
});

test("over all workers the highest priority goes first, then who came first", () => {
  const gateway = new Gateway(3, 1, waiting(1));
  gateway.send(0, "a");
  gateway.pass(20);
  const order: Sent[] = [];
  gateway.onStart = (sent) => order.push(sent);
  const sent = [
    gateway.send(1, "a", "low"),
    gateway.send(2, "a"),
    gateway.send(0, "a"),
    gateway.send(2, "a", "high"),
    gateway.send(1, "a"),
    gateway.send(0, "a", "high"),
  ];
  gateway.pass(900);
  assert.deepEqual(
    order.map((each) => sent.indexOf(each)),
    [3, 5, 1, 2, 4, 0],
  );
});

test("nobody overtakes those that wait in another worker", () => {
  const gateway = new Gateway(2, 1, waiting(2));
  gateway.send(0, "a");
  gateway.send(0, "a");
  gateway.pass(20);
  const waits = gateway.send(0, "a", "high");
  // Room that the first worker does not know of yet.
  gateway.rig.stream.message(gateway.pool.plan(bestOf(1), { admission: waiting(3) }));
  const late = gateway.send(1, "a");
  const urgent = gateway.send(1, "a", "high");
  assert.deepEqual([gateway.held.has(late), gateway.held.has(urgent)], [true, true]);
  gateway.pass(25);
  assert.ok(waits.stream.continued);
});

for (const count of [2, 4]) {
  test(`tenants get equal shares from ${count} workers, whoever sends more and wherever`, () => {
    const gateway = new Gateway(count, 2, roundRobin(6));
    const roll = dice(count);
    gateway.service = () => 60 + roll(80);
    const served: Record<string, number> = { many: 0, few: 0 };
    const worker = { many: () => roll(count), few: () => (roll(8) === 0 ? 1 : 0) };
    const again: ("many" | "few")[] = [];
    gateway.onEnd = ({ tenant }) => {
      served[tenant]!++;
      again.push(tenant as "many" | "few");
    };
    for (let i = 0; i < 150; i++) again.push("many");
    for (let i = 0; i < 15; i++) again.push("few");
    const most = { inFlight: 0 };
    const refill = () => {
      for (const tenant of again.splice(0)) gateway.send(worker[tenant](), tenant);
      most.inFlight = Math.max(most.inFlight, gateway.running.size);
    };
    refill();
    gateway.pass(1000, refill);
    served.many = served.few = 0;
    most.inFlight = 0;
    let idle = 0;
    gateway.pass(10_000, () => {
      refill();
      idle += Math.max(12 - gateway.running.size, 0);
    });
    const share = served.few! / (served.few! + served.many!);
    assert.ok(Math.abs(share - 0.5) < 0.01, `${served.few} and ${served.many}`);
    assert.ok(most.inFlight <= 12, `${most.inFlight} in flight`);
    assert.ok(idle < 0.01 * 12 * 10_000, `${idle} ms of places were left empty`);
    assert.equal(gateway.refused.length, 0);
  });
}

test("under overload high priority waits for four workers hardly longer than for one", () => {
  const waits = [1, 4].map((count) => {
    const gateway = new Gateway(count, 2, roundRobin(10, { ttl: 1000 }));
    const roll = dice(5);
    gateway.service = () => 100 + roll(100);
    const waited: number[] = [];
    gateway.onStart = ({ tenant, at }) => {
      if (tenant === "high") waited.push(gateway.now - at);
    };
    gateway.pass(6000, () => {
      if (roll(2) === 0) gateway.send(roll(count), "low", "low");
      if (gateway.now > 1000 && roll(40) === 0) gateway.send(roll(count), "high", "high");
    });
    assert.ok(waited.length > 90);
    return waited.reduce((sum, wait) => sum + wait, 0) / waited.length;
  });
  const [one, four] = waits as [number, number];
  // A message to another thread takes a millisecond here.
  assert.ok(four < one + 3, `${one} and ${four} ms`);
});

test("a band's limit is the gateway's", () => {
  const gateway = new Gateway(4, 1, waiting(2, {}, { maxRequests: 10 }));
  for (let i = 0; i < 60; i++) gateway.send(i % 4, "a");
  assert.ok(gateway.held.size >= 10 && gateway.held.size <= 13, `${gateway.held.size} wait`);
  gateway.pass(20);
  const before = gateway.refused.length;
  const { stream } = gateway.send(2, "a");
  assert.equal(gateway.refused.length, before + 1);
  assert.deepEqual(reasonOf(stream), [429, "rejected-saturated"]);
});

test("what waits in all workers is shown, and shown no more when it goes", () => {
  const gateway = new Gateway(3, 1, waiting(1));
  for (let i = 0; i < 7; i++) gateway.send(i % 3, "a");
  gateway.pass(40);
  assert.equal(gateway.rig.metrics.value("inline_epp_waiting"), gateway.held.size);
  gateway.pass(1500);
  assert.equal(gateway.rig.metrics.value("inline_epp_waiting"), 0);
});

test("while nobody waits anywhere a request costs one small read more than without flow control", () => {
  const calls = (admission: PlanAdmission, count: number) => {
    const gateway = new Gateway(count, 1, admission);
    gateway.pass(100);
    const { vm } = gateway.workers[0]!;
    vm.calls = [];
    const sent = gateway.send(0, "a");
    const made = vm.calls.filter((name) => name.includes("shared")).length;
    vm.calls = [];
    gateway.running.delete(sent);
    serve(sent.stream);
    return [made, vm.calls.filter((name) => name.includes("shared")).length];
  };
  const [before, after] = calls({ ...waiting(10), flowControl: false }, 2);
  assert.deepEqual(calls(waiting(10), 2), [before! + 1, after]);
  assert.deepEqual(calls(waiting(10), 1), [before, after], "alone there is nobody to ask");
});

test("a worker that does nothing any more keeps nobody else from going on", () => {
  const gateway = new Gateway(3, 2, roundRobin(2));
  for (let i = 0; i < 30; i++) gateway.send(i % 3, "a");
  gateway.pass(50);
  gateway.stall(0);
  gateway.pass(3000);
  const left = [...gateway.held].filter(({ worker }) => worker !== 0);
  assert.equal(left.length, 0);
  gateway.resume();
  gateway.pass(3000);
  assert.equal(gateway.held.size, 0);
});

test("a new configuration's root takes over hearing of grants", () => {
  const gateway = new Gateway(2, 1, waiting(1));
  gateway.send(0, "a");
  gateway.pass(20);
  const second = gateway.send(1, "a");
  const { vm, root } = gateway.workers[1]!;
  vm.createRoot(configuration());
  gateway.pass(30);
  const third = gateway.send(1, "a");
  gateway.pass(400);
  assert.ok(second.stream.continued && third.stream.continued);
  vm.deleteRoot(root);
  gateway.pass(50);
  assert.ok(!gateway.rig.log.some((line) => line.startsWith("error")));
});

for (const seed of [1, 2, 3]) {
  test(`random schedules of three workers lose no request and answer none twice (${seed})`, () => {
    const roll = dice(seed);
    const gateway = new Gateway(3, 2, roundRobin(3, { ttl: 400 }, { maxRequests: 30 }));
    gateway.service = () => 10 + roll(60);
    const ends = { sent: 0, served: 0, gone: 0 };
    const refusedBefore = gateway.refused.length;
    gateway.onEnd = () => ends.served++;
    let memory: number[] = [];
    gateway.pass(6000, () => {
      if (gateway.now % 3000 === 0) memory = gateway.workers.map(({ vm }) => vm.memoryBytes);
      for (let i = roll(3); i > 0 && roll(4) === 0; i--) {
        ends.sent++;
        gateway.send(roll(3), `tenant-${roll(5)}`, ["high", "low", "none"][roll(3)]);
      }
      if (roll(40) === 0) {
        const all = [...gateway.held, ...gateway.running.keys()];
        const sent = all[roll(Math.max(all.length, 1))];
        if (sent) {
          ends.gone++;
          gateway.leave(sent);
        }
      }
      if (roll(500) === 0) gateway.stall(roll(3));
      if (roll(100) === 0) gateway.resume();
      if (roll(400) === 0) gateway.rig.stream.message(gateway.pool.load(samples(2, { ready: roll(3) !== 0 })));
    });
    gateway.resume();
    gateway.rig.stream.message(gateway.pool.load(samples(2)));
    gateway.pass(2000);
    assert.deepEqual([gateway.held.size, gateway.running.size], [0, 0]);
    assert.equal(ends.served + ends.gone + gateway.refused.length - refusedBefore, ends.sent);
    assert.ok(ends.served > 200 && ends.gone > 10 && gateway.refused.length > 10, JSON.stringify(ends));
    assert.equal(gateway.rig.metrics.value("inline_epp_in_flight") ?? 0, 0);
    assert.deepEqual(
      gateway.workers.map(({ vm }) => vm.memoryBytes),
      memory,
    );
  });
}
