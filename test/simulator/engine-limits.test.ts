import assert from "node:assert/strict";
import { test } from "node:test";
import { createBench } from "./engine-support.ts";

test("blocks of running sequences are pinned: what has no room waits, and so do those behind it", () => {
  const { clock, engine, submit } = createBench({ numGpuBlocks: 10 });
  const large = submit("large", { promptTokens: 96, outputTokens: 4 });
  assert.equal(engine.kvCacheUsage, 0.7);
  const next = submit("next", { promptTokens: 64, outputTokens: 4 });
  const small = submit("small", { promptTokens: 8 });
  assert.deepEqual([engine.running, engine.waiting], [1, 2]);
  clock.runAll();
  assert.equal(next.startedAt, large.finishedAt);
  assert.equal(small.startedAt, large.finishedAt);
});

test("a prompt whose blocks are held by another starts where its own would not fit", () => {
  const { engine, submit } = createBench({ numGpuBlocks: 10 });
  submit("a", { promptTokens: 96, outputTokens: 4, firstHash: 1 });
  const twin = submit("b", { promptTokens: 96, outputTokens: 4, firstHash: 1 });
  assert.equal(twin.phase, "running");
  assert.equal(engine.kvCacheUsage, 0.8);
});

test("a sequence that could never start is refused", () => {
  const { submit } = createBench({ numGpuBlocks: 10 });
  assert.throws(() => submit("a", { promptTokens: 160, outputTokens: 1 }), /needs 11 KV cache blocks of 10/);
});

test("a further adapter waits for a running one to end; others pass it by", () => {
  const { clock, engine, submit } = createBench({ maxLoras: 1 });
  const first = submit("a", { adapter: "a", outputTokens: 3 });
  const other = submit("b", { adapter: "b" });
  const same = submit("a", { adapter: "a" });
  const base = submit("base");
  assert.deepEqual([same.phase, base.phase, other.phase], ["running", "running", "waiting"]);
  assert.deepEqual(engine.runningAdapters(), ["a"]);
  assert.deepEqual(engine.waitingAdapters(), ["b"]);
  clock.runAll();
  assert.equal(other.startedAt, Math.max(first.finishedAt, same.finishedAt));
  assert.deepEqual(engine.runningAdapters(), []);
});

test("several adapters run at once up to the limit", () => {
  const { engine, submit } = createBench({ maxLoras: 2 });
  for (const adapter of ["a", "b", "c", "c"]) submit(adapter, { adapter });
  assert.deepEqual(engine.runningAdapters(), ["a", "b"]);
  assert.deepEqual(engine.waitingAdapters(), ["c"]);
});

test("a cancelled sequence frees its slot, blocks and adapter at once", () => {
  const { clock, engine, log, submit } = createBench({ maxNumSeqs: 1 });
  const running = submit("running", { adapter: "a", outputTokens: 5 });
  const dropped = submit("dropped");
  const last = submit("last", { adapter: "b" });
  clock.advanceTo(3);
  engine.cancel(dropped);
  assert.equal(engine.waiting, 1);
  engine.cancel(running);
  assert.deepEqual([engine.running, engine.waiting, last.startedAt], [1, 0, 3]);
  assert.deepEqual(engine.runningAdapters(), ["b"]);
  engine.cancel(running);
  clock.runAll();
  assert.deepEqual(log, ["last:1@19"]);
  assert.deepEqual(engine.stats.finished, { stop: 0, length: 1, abort: 2 });
});

test("cancelling a queued sequence lets those behind it start that it held up", () => {
  const { engine, submit } = createBench({ numGpuBlocks: 10 });
  submit("running", { promptTokens: 96, outputTokens: 4 });
  const blocked = submit("blocked", { promptTokens: 64, outputTokens: 4 });
  const small = submit("small");
  engine.cancel(blocked);
  assert.equal(small.phase, "running");
});

test("a callback may cancel: the sequence's later tokens never come", () => {
  const { clock, engine, submit } = createBench();
  let tokens = 0;
  const sequence = submit("a", {
    outputTokens: 5,
    onTokens: (self) => {
      tokens++;
      engine.cancel(self);
    },
  });
  clock.runAll();
  assert.equal(tokens, 1);
  assert.equal(sequence.phase, "cancelled");
});

test("a paused engine starts and finishes nothing, and goes on where it stood", () => {
  const { clock, engine, log, submit } = createBench();
  submit("a", { outputTokens: 2 });
  clock.advanceTo(3);
  engine.pause();
  const queued = submit("b");
  clock.advanceTo(1003);
  assert.deepEqual([engine.running, engine.waiting, log.length], [1, 1, 0]);
  engine.resume();
  assert.equal(queued.startedAt, 1003);
  clock.runAll();
  assert.equal(log[0], "a:1@1008");
});

test("sequences can be cancelled while the engine is paused", () => {
  const { clock, engine, submit } = createBench({ maxNumSeqs: 1 });
  const running = submit("a");
  const queued = submit("b");
  engine.pause();
  engine.cancel(running);
  engine.cancel(queued);
  assert.deepEqual([engine.running, engine.waiting, engine.kvCacheUsage], [0, 0, 0]);
  engine.resume();
  clock.runAll();
  assert.equal(engine.stats.finished.abort, 2);
});

test("a slowdown and the time scale stretch the steps that begin under them", () => {
  const { clock, engine, log, submit } = createBench({ timeScale: 0.5 });
  submit("a", { outputTokens: 3 });
  clock.advanceTo(4);
  engine.setSlowdown(10);
  clock.advanceTo(5);
  clock.runAll();
  assert.deepEqual(log, ["a:1@4", "a:1@5", "a:1@15"]);
});
