import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeTime, loadFactor, prefillTime } from "../../simulator/timing.ts";
import { CONFIG, createBench } from "./engine-support.ts";

test("a step costs half for a sequence alone and all at a full batch", () => {
  assert.equal(loadFactor(1, 16), 0.5);
  assert.equal(loadFactor(16, 16), 1);
  assert.equal(loadFactor(3, 5), 0.75);
  assert.equal(loadFactor(1, 1), 1);
  assert.equal(prefillTime(CONFIG, 10, 5), 18);
  assert.equal(prefillTime(CONFIG, 10, 1), 9);
  assert.equal(decodeTime(CONFIG, 1), 2);
  assert.equal(decodeTime(CONFIG, 5), 4);
});

test("a sequence alone: prefill gives the first token, a decode step each further one", () => {
  const { clock, engine, log, submit } = createBench();
  clock.advanceTo(100);
  const sequence = submit("a", { promptTokens: 8, outputTokens: 3 });
  assert.equal(engine.running, 1);
  clock.runAll();
  assert.deepEqual(log, ["a:1@108", "a:1@110", "a:1@112"]);
  assert.equal(sequence.phase, "finished");
  assert.deepEqual([sequence.arrivedAt, sequence.startedAt, sequence.firstTokenAt], [100, 100, 108]);
  assert.equal(sequence.finishedAt, 112);
  assert.equal(engine.running, 0);
  assert.equal(engine.kvCacheUsage, 0);
});

test("sequences run together, each step priced by the batch in which it begins", () => {
  const { clock, log, submit } = createBench();
  submit("a", { promptTokens: 8, outputTokens: 3 });
  clock.advanceTo(2);
  submit("b", { promptTokens: 8, outputTokens: 2 });
  clock.runAll();
  // a alone: 16 x 0.5 = 8. b joins as second: 2 + 16 x 0.625 = 12. a's steps beside b: 4 x 0.625 = 2.5.
  assert.deepEqual(log, ["a:1@8", "a:1@10.5", "b:1@12", "a:1@13", "b:1@14.5"]);
});

test("a full batch queues the rest, which start in order as soon as a slot is free", () => {
  const { clock, engine, submit } = createBench({ maxNumSeqs: 2 });
  const sequences = ["a", "b", "c", "d"].map((name, i) => submit(name, { outputTokens: i === 0 ? 5 : 1 }));
  assert.deepEqual([engine.running, engine.waiting], [2, 2]);
  clock.runAll();
  const [a, b, c, d] = sequences;
  assert.equal(b!.finishedAt, c!.startedAt);
  assert.equal(a!.finishedAt, d!.startedAt);
  assert.ok(c!.startedAt < d!.startedAt);
});

test("a batch of one has no load factor", () => {
  const { clock, log, submit } = createBench({ maxNumSeqs: 1 });
  submit("a", { outputTokens: 2 });
  clock.runAll();
  assert.deepEqual(log, ["a:1@16", "a:1@20"]);
});

test("a repeated prefix is found in the cache and makes the prefill faster, by the formula", () => {
  const { clock, engine, submit } = createBench();
  const first = submit("a", { promptTokens: 100, firstHash: 1 });
  clock.runAll();
  const again = submit("b", { promptTokens: 100, firstHash: 1 });
  clock.runAll();
  const [cold, warm] = [first, again].map((sequence) => sequence.firstTokenAt - sequence.startedAt);
  assert.equal(first.cachedTokens, 0);
  assert.equal(again.cachedTokens, 96);
  assert.equal(cold, prefillTime(CONFIG, 100, 1));
  assert.equal(warm, prefillTime(CONFIG, 4, 1));
  assert.deepEqual([engine.stats.prefixQueries, engine.stats.prefixHits], [200, 96]);
});

test("the last prompt token is always computed, even where all blocks are cached", () => {
  const { clock, submit } = createBench();
  submit("a", { promptTokens: 32, firstHash: 1 });
  clock.runAll();
  const again = submit("b", { promptTokens: 32, firstHash: 1 });
  assert.equal(again.cachedTokens, 16);
});

test("the least recently used prefix is evicted when space is needed", () => {
  const { clock, engine, submit } = createBench({ numGpuBlocks: 8 });
  const cachedOf = (firstHash: number): number => {
    const { cachedTokens } = submit("x", { promptTokens: 40, firstHash });
    clock.runAll();
    return cachedTokens;
  };
  // Each takes two blocks that stay and one for the prompt's end and the output.
  for (const firstHash of [100, 200, 300]) assert.equal(cachedOf(firstHash), 0);
  assert.equal(cachedOf(100), 32);
  assert.equal(cachedOf(400), 0);
  assert.equal(engine.cachedBlocks, 7);
  assert.equal(cachedOf(100), 32, "used since, so it stayed");
  assert.equal(cachedOf(200), 16, "the oldest gave one block up, its last");
});

test("without latencies everything is done on submit, with no timer", () => {
  const { clock, engine, log, submit } = createBench({ timeScale: 0 });
  clock.at = () => assert.fail("a timer was set");
  const sequence = submit("a", { outputTokens: 16 });
  assert.equal(sequence.phase, "finished");
  assert.deepEqual(log, ["a:16@0"]);
  assert.equal(engine.stats.generationTokens, 16);
});

test("a late clock delays the news of tokens, not the tokens", () => {
  const { clock, engine, submit } = createBench();
  const exact = submit("a", { outputTokens: 10 });
  clock.runAll();
  const late = createBench();
  let wake: (() => void) | null = null;
  late.clock.at = (_, callback) => {
    wake = callback;
    return () => {};
  };
  const sequence = late.submit("a", { outputTokens: 10 });
  late.clock.advanceTo(1000);
  wake!();
  assert.equal(sequence.finishedAt, exact.finishedAt);
  assert.equal(engine.stats.endToEnd.sum, late.engine.stats.endToEnd.sum);
});

test("a callback may submit the next sequence: it starts at that very time", () => {
  const { clock, submit } = createBench({ maxNumSeqs: 1 });
  let next = Number.NaN;
  submit("a", {
    onTokens: () => {
      next = submit("b").order;
    },
  });
  const queued = submit("c");
  clock.runAll();
  assert.equal(next, 2);
  assert.equal(queued.startedAt, 16);
});

test("the engine counts tokens, latencies and endings", () => {
  const { clock, engine, submit } = createBench();
  submit("a", { promptTokens: 20, outputTokens: 4, finishReason: "stop" });
  submit("b", { promptTokens: 30, outputTokens: 2 });
  engine.cancel(submit("c", { promptTokens: 40 }));
  clock.runAll();
  const { stats } = engine;
  assert.deepEqual([stats.promptTokens, stats.generationTokens], [50, 6]);
  assert.deepEqual(stats.finished, { stop: 1, length: 1, abort: 1 });
  assert.equal(stats.timeToFirstToken.count, 2);
  assert.equal(stats.endToEnd.count, 2);
  assert.deepEqual(stats.endToEnd.cumulative().slice(0, 1), [2], "both took less than 0.3 s");
});
