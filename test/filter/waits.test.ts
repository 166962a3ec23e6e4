// What workers tell of the requests that wait in their queues.

import assert from "node:assert/strict";
import { test } from "node:test";
import { MAX_WAITING, ORDER_SLO_DEADLINE } from "../../wire/layout.ts";
import type { Observed, PlanAdmission } from "../../wire/model.ts";
import { PLAIN_ADMISSION } from "../../wire/plan-settings.ts";
import { xxh64 } from "../../wire/xxh64.ts";
import { serve, waiting } from "./admission.ts";
import { ask, completion, serving } from "./exchanges.ts";
import { configuration, endpoint, FakePool, samples } from "./pools.ts";
import { picker, profile } from "./steps.ts";
import { told } from "./told.ts";

const PRIORITIES = Array.from({ length: 70 }, (_, index) => ({ name: `p${index}`, priority: index }));
const OBJECTIVES = [{ name: "high", priority: 10 }, { name: "low", priority: -1 }, ...PRIORITIES];

/** Workers with one endpoint, of which each sends requests of an objective. */
function queueing(admission: PlanAdmission = waiting(1), workers = 1) {
  const setting = serving(1, [profile("default", picker())], { settings: { admission }, workers });
  const { rig, pool, all } = setting;
  rig.stream.message(pool.policy({ objectives: OBJECTIVES }));
  told(rig, 300);
  const send = (objective = "", worker = all[0]!) =>
    ask(worker, completion("Hello"), ["x-llm-d-inference-objective", objective]);
  return { ...setting, send };
}

/** Rows as `requests of priority, milliseconds`. */
function rowsOf({ waiting }: Observed): string[] {
  return waiting.map(({ requests, priority, oldest }) => `${requests} of ${priority}, ${oldest} ms`);
}

test("what waits is told by priority with the first one's wait, the highest priority first", () => {
  const { rig, send } = queueing();
  send();
  told(rig, 300);
  for (const objective of ["low", "low", "", "high"]) {
    send(objective);
    told(rig, 20);
  }
  const [first, ...others] = told(rig, 240);
  assert.deepEqual(others, [], "one call in 250 ms, whoever came meanwhile");
  assert.deepEqual(new Set(first!.waiting.map(({ pool }) => pool)), new Set([xxh64("default/base")]));
  const [high, plain, low] = first!.waiting;
  assert.deepEqual(
    first!.waiting.map(({ requests, priority }) => [requests, priority]),
    [
      [1, 10],
      [1, 0],
      [2, -1],
    ],
  );
  assert.deepEqual([plain!.oldest - high!.oldest, low!.oldest - plain!.oldest], [20, 40]);
});

test("it is told when it changes, every 2 s while anything waits, and once more when nothing does", () => {
  const { rig, send } = queueing();
  const running = send();
  const [second, third] = [send(), send()];
  const before = told(rig, 260).map(({ waiting }) => waiting);
  assert.deepEqual(
    before.map((rows) => rows.map(({ requests }) => requests)),
    [[2]],
  );
  const again = told(rig, 4010).map(({ waiting }) => waiting[0]!);
  assert.deepEqual(
    again.map(({ requests, oldest }) => [requests, oldest - before[0]![0]!.oldest]),
    [
      [2, 2000],
      [2, 4000],
    ],
  );
  third.close();
  assert.deepEqual(
    told(rig, 260).map(({ waiting }) => waiting[0]!.requests),
    [1],
  );
  serve(running);
  assert.deepEqual(told(rig, 260).map(rowsOf), [[]]);
  serve(second);
  assert.deepEqual(told(rig, 8000).map(rowsOf), [[]], "that the second one is over is all that is left to say");
});

test("one that waits in another's place is news: the first one's wait is another", () => {
  const { rig, send } = queueing();
  send();
  const first = send();
  told(rig, 1000);
  first.close();
  send();
  const [batch, ...others] = told(rig, 260);
  assert.deepEqual([batch!.waiting[0]!.requests, others], [1, []]);
  assert.ok(batch!.waiting[0]!.oldest < 260, String(batch!.waiting[0]!.oldest));
});

test("the first one is that which came first, whatever its band goes by", () => {
  const { rig, all, send } = queueing(waiting(1, {}, { order: ORDER_SLO_DEADLINE }));
  send();
  ask(all[0]!, completion("Hello"), ["x-llm-d-slo-ttft-ms", "60000"]);
  told(rig, 100);
  ask(all[0]!, completion("Hello"), ["x-llm-d-slo-ttft-ms", "10"]);
  const [batch] = told(rig, 260);
  assert.equal(batch!.waiting[0]!.requests, 2);
  assert.ok(batch!.waiting[0]!.oldest >= 100, String(batch!.waiting[0]!.oldest));
});

test("what has waited for too long waits no more", () => {
  const { rig, send } = queueing(waiting(1, { ttl: 500 }));
  send();
  send();
  send("low");
  assert.deepEqual(
    told(rig, 260).map(({ waiting }) => waiting.map(({ requests }) => requests)),
    [[1, 1]],
  );
  assert.deepEqual(told(rig, 500).map(rowsOf), [[]]);
});

test("where queues are off, or nothing waits in them, there is nothing to tell", () => {
  for (const admission of [PLAIN_ADMISSION, waiting(100)]) {
    const { rig, pool, send } = queueing(admission);
    rig.stream.message(pool.load(samples(1, { waiting: 100 })));
    rig.pass(10);
    const streams = Array.from({ length: 10 }, () => send());
    const batches = told(rig, 5000);
    assert.ok(batches.length > 0);
    assert.ok(batches.every((batch) => batch.waiting.length === 0));
    for (const stream of streams) stream.close();
    told(rig, 300);
    assert.deepEqual(told(rig, 5000), []);
  }
});

test("each sidecar is told what waits for its own pools", () => {
  const { rig, worker, send } = queueing();
  const root = worker.vm.createRoot(configuration({ stateCluster: "other-sidecar", pool: "default/other" }));
  rig.pass(300);
  const other = new FakePool("default/other");
  rig.stream.message(...other.start([endpoint(9)]), other.plan(undefined, { admission: waiting(1) }));
  const aside = { vm: worker.vm, root };
  send();
  send();
  ask(aside, completion("Hello"));
  ask(aside, completion("Hello"));
  ask(aside, completion("Hello"));
  told(rig, 600);
  const latest = new Map(told(rig, 3000).map(({ worker, waiting }) => [worker, waiting]));
  assert.deepEqual([...latest.values()].map((rows) => rows.map(({ requests }) => requests)).toSorted(), [[1], [2]]);
});

test("each worker tells of its own", () => {
  const { rig, all, send } = queueing(waiting(1), 2);
  send();
  told(rig, 300);
  for (const worker of [all[0]!, all[1]!, all[1]!]) send("low", worker);
  const batches = told(rig, 260);
  assert.deepEqual(
    batches.map(({ waiting }) => waiting.map(({ requests, priority }) => [requests, priority])),
    [[[1, -1]], [[2, -1]]],
  );
});

test("a batch has so many rows; what is beyond them is one row of several priorities", () => {
  const { rig, send } = queueing();
  send();
  send("p0");
  told(rig, 50);
  for (const { name } of PRIORITIES) send(name);
  const [batch] = told(rig, 260);
  assert.equal(batch!.waiting.length, MAX_WAITING);
  assert.deepEqual(
    batch!.waiting.map(({ priority }) => priority),
    [...Array.from({ length: MAX_WAITING - 1 }, (_, index) => 69 - index), 0],
  );
  const rest = batch!.waiting.at(-1)!;
  // Priorities 6 to 0, one request each, and one more of 0 that came 50 ms before.
  assert.deepEqual([rest.pool, rest.requests, rest.oldest - batch!.waiting[0]!.oldest], [0n, 8, 50]);
});

test("a sidecar that comes back is told what waits with the next batch", () => {
  const { rig, send } = queueing();
  send();
  send();
  rig.reachable = false;
  rig.pass(3000);
  rig.reachable = true;
  const [batch] = told(rig, 2000);
  assert.equal(batch!.waiting[0]!.requests, 1);
  assert.ok(batch!.waiting[0]!.oldest >= 3000);
});
