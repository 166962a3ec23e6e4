// What the filter tells of requests that are over, call by call.

import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeObserved } from "../../wire/decode-observed.ts";
import { FINISH_STOP } from "../../wire/layout.ts";
import type { Observed } from "../../wire/model.ts";
import { xxh64 } from "../../wire/xxh64.ts";
import { OPENAI_JSON } from "../response/answers.ts";
import { ask, bytesOf, completion, pickOf, serving } from "./exchanges.ts";
import { CHAT } from "./requests.ts";
import { picker, profile } from "./steps.ts";
import { told } from "./told.ts";

const DROPPED = "inline_epp_observations_dropped_total";
/** Records that a batch has room for beside 64 rows each of running and waiting requests, 128 models and 16 KiB of their names. */
const MOST = Math.floor((65_536 - 72 - 64 * 16 - 64 * 24 - 128 * 16 - 16_384) / 72);
const OK = [[":status", "200"]] as const;

function observing({ workers = 1 } = {}) {
  const setting = serving(1, [profile("default", picker())], { workers });
  const { rig } = setting;
  rig.pass(300);
  for (const call of rig.calls.splice(0)) call.done(new Uint8Array());
  return setting;
}

test("a whole answer is told with its times, bytes, tokens and end, a quarter of a second later", () => {
  const { rig, worker } = observing();
  const body = completion("Hello", { stream: true });
  const stream = ask(worker, body);
  const upstream = pickOf(stream);
  rig.now += 40_000n;
  stream.onResponseHeaders(upstream, OK);
  const answer = `data: ${OPENAI_JSON}\n\n`;
  stream.onResponseBody(bytesOf(answer), false);
  rig.now += 20_000n;
  stream.onResponseBody(bytesOf(answer), true);
  stream.close();
  rig.pass(260);
  const [call, ...others] = rig.calls;
  assert.equal(others.length, 0);
  assert.equal(call!.path, "/inlineepp.v1.State/Observe");
  const base = { hash: xxh64("base"), name: "base" };
  assert.deepEqual(decodeObserved(call!.message).records, [
    {
      pool: xxh64("default/base"),
      endpoint: xxh64(upstream),
      model: base,
      target: base,
      priority: 0,
      status: 200,
      streamed: true,
      local: false,
      finish: FINISH_STOP,
      duration: 60_000,
      queued: 0,
      ttft: 40_000,
      itl: 20_000,
      chunks: 2,
      requestBytes: bytesOf(body).length,
      answerBytes: 2 * answer.length,
      prompt: 1234,
      output: 56,
      cached: 1024,
      cachedKnown: true,
    },
  ]);
});

test("a compressed answer is not read", () => {
  const { rig, worker } = observing();
  const stream = ask(worker, completion("Hello"));
  stream.onResponseHeaders(pickOf(stream), [...OK, ["content-encoding", "gzip"]]);
  stream.onResponseBody(bytesOf(OPENAI_JSON), true);
  stream.close();
  rig.pass(260);
  const [record] = decodeObserved(rig.calls[0]!.message).records;
  assert.deepEqual([record!.prompt, record!.finish, record!.answerBytes], [0, 0, OPENAI_JSON.length]);
});

test("one call at a time; what finds no room and what a failed call carried is dropped and counted", () => {
  const { rig, worker } = observing();
  const requests = (count: number) => {
    for (let i = 0; i < count; i++) ask(worker, completion("Hello")).close();
  };
  requests(10);
  rig.pass(300);
  requests(2000);
  rig.pass(1000);
  assert.equal(rig.calls.length, 1, "nothing more while a call is under way");
  assert.equal(rig.metrics.value(DROPPED), 2000 - MOST, "so many find room");
  rig.calls[0]!.done(14);
  rig.pass(10);
  assert.equal(rig.metrics.value(DROPPED), 2000 - MOST + 10);
  assert.equal(rig.calls.length, 2);
  assert.equal(decodeObserved(rig.calls[1]!.message).records.length, MOST);
  rig.calls[1]!.done(new Uint8Array());
  requests(5);
  rig.pass(6300);
  assert.equal(rig.calls.length, 3);
  requests(1);
  rig.pass(6100);
  assert.equal(rig.metrics.value(DROPPED), 2000 - MOST + 10 + 5 + 1, "a call of which nothing is heard is given up");
});

/** Rows as `requests of model`. */
function runningIn({ running }: Observed): string[] {
  return running.map(({ model, requests }) => `${requests} of ${model === "other" ? model : model.name}`);
}

const named = (model: string, fields = {}) => ({ ...completion("Hello", fields), model });

test("what runs is told when it changes, every 2 s while it lasts, and not where it does not", () => {
  const { rig, worker } = observing();
  const streams = ["base", "base", "tuned"].map((model) => ask(worker, named(model)));
  const [first, ...others] = told(rig, 300);
  assert.deepEqual([runningIn(first!), first!.records, others], [["2 of base", "1 of tuned"], [], []]);
  assert.deepEqual(
    first!.running.map(({ pool }) => pool),
    [xxh64("default/base"), xxh64("default/base")],
  );
  assert.deepEqual(told(rig, 4000).map(runningIn), [
    ["2 of base", "1 of tuned"],
    ["2 of base", "1 of tuned"],
  ]);
  streams[0]!.close();
  const [after] = told(rig, 260);
  assert.deepEqual([runningIn(after!), after!.records.length], [["1 of base", "1 of tuned"], 1]);
  for (const stream of streams.slice(1)) stream.close();
  assert.deepEqual(told(rig, 8000).map(runningIn), [[]], "once nothing runs, there is nothing to say");
});

test("a request runs from its decision on, under the name that its client gave", () => {
  const { rig, worker, pool } = observing();
  const rules = [{ models: ["chat"], targets: [{ model: "chat-v2", weight: 1 }] }];
  rig.stream.message(pool.policy({ rules }));
  rig.pass(20);
  const begun = worker.vm.createStream(worker.root);
  begun.onRequestHeaders(CHAT, false);
  begun.onRequestBody(bytesOf('{"model":"late",'), false);
  const unnamed = ask(worker, { prompt: "Hello" });
  ask(worker, named("chat"));
  const [batch] = told(rig, 260);
  assert.deepEqual(runningIn(batch!), ["1 of chat"]);
  begun.close();
  unnamed.close();
});

test("a replaced name is told as it is meant, however its client has spelled it, and cut where it is long", () => {
  const { rig, worker, pool } = observing();
  const long = "m".repeat(300);
  rig.stream.message(pool.policy({ rules: [{ models: [], targets: [{ model: "v2", weight: 1 }] }] }));
  rig.pass(20);
  const send = (body: string) => {
    const stream = worker.vm.createStream(worker.root);
    stream.onRequestHeaders(CHAT, false);
    stream.onRequestBody(bytesOf(body), true);
    return stream;
  };
  const streams = ["org/chat", "org\\/ch\\u0061t", long].map((name) => send(`{"model":"${name}","prompt":"Hello"}`));
  assert.deepEqual(runningIn(told(rig, 260)[0]!), ["2 of org/chat", `1 of ${"m".repeat(256)}`]);
  for (const stream of streams) stream.close();
  const names = told(rig, 260)[0]!.records.map(({ model, target }) => [model, target].map((one) => Object(one).name));
  assert.deepEqual(names, [
    ["org/chat", "v2"],
    ["org/chat", "v2"],
    ["m".repeat(256), "v2"],
  ]);
});

test("workers tell of themselves under numbers of their own", () => {
  const { rig, all } = observing({ workers: 2 });
  for (const worker of all) ask(worker, named("base"));
  const batches = told(rig, 260);
  assert.deepEqual(batches.map(runningIn), [["1 of base"], ["1 of base"]]);
  assert.equal(new Set(batches.map(({ worker }) => worker)).size, 2);
});

test("a batch names 63 models that run; what is beyond them is one row, and a free row serves the next model", () => {
  const { rig, worker } = observing();
  const streams = Array.from({ length: 100 }, (_, index) => ask(worker, named(`model-${index}`)));
  const [full] = told(rig, 260);
  const models = Array.from({ length: 63 }, (_, index) => `1 of model-${index}`);
  assert.deepEqual(runningIn(full!), ["37 of other", ...models]);
  assert.equal(full!.running[0]!.pool, 0n);
  for (const stream of streams) stream.close();
  told(rig, 260);
  ask(worker, named("m".repeat(300)));
  const [batch] = told(rig, 260);
  assert.deepEqual(runningIn(batch!), [`1 of ${"m".repeat(256)}`]);
});

test("a sidecar that comes back is told what runs with the next batch", () => {
  const { rig, worker } = observing();
  ask(worker, named("base"));
  rig.reachable = false;
  rig.pass(3000);
  assert.equal(rig.calls.length, 0);
  rig.reachable = true;
  assert.deepEqual(told(rig, 2000).map(runningIn), [["1 of base"]]);
  assert.equal(rig.metrics.value(DROPPED), 0, "nothing was there to be lost");
});

test("while the sidecar is away everything is dropped and counted, in no more memory however long that takes", () => {
  const { rig, worker } = observing();
  rig.reachable = false;
  const round = () => {
    for (let i = 0; i < 500; i++) ask(worker, completion("Hello")).close();
    rig.pass(300);
  };
  for (let i = 0; i < 10; i++) round();
  const memory = worker.vm.memoryBytes;
  for (let i = 10; i < 100; i++) round();
  assert.equal(worker.vm.memoryBytes, memory);
  assert.equal(rig.metrics.value(DROPPED), 50_000);
  rig.reachable = true;
  ask(worker, completion("Hello")).close();
  const [batch, ...others] = told(rig, 300);
  assert.deepEqual([batch!.records.length, others], [1, []], "nothing was kept for later");
});
