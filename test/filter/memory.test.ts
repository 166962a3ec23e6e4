// The filter's memory settles at the largest state that it has seen, and stays there.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigurationRefused, type FilterVm } from "../../sidecar/wasm-host/vm.ts";
import { encodeGone, encodeSync } from "../../wire/encode.ts";
import { SAMPLER_PARENT } from "../../wire/layout.ts";
import { ask, bytesOf, completion, pickOf, serving, text, type Worker } from "./exchanges.ts";
import { configuration, connectedRig, endpoint, endpoints, FakePool, samples, servingRig } from "./pools.ts";
import { POST, picksOf, post, routed, zeros } from "./requests.ts";
import type { Rig } from "./rig.ts";
import { kvCache, latency, picker, prefix, profile, queue, SESSION_HEADER, session, tokenLoad } from "./steps.ts";

/** Requests through the filter, without what would slow the test down: half of them held, some failing. */
function requests(vm: FilterVm, root: number, count: number): void {
  const held = [];
  for (let i = 0; i < count; i++) {
    const stream = vm.createStream(root);
    stream.onRequestHeaders(POST, i % 16 === 0);
    stream.onRequestBody(zeros(100), true);
    if (i % 4 === 0) stream.onResponseHeaders(i % 64 === 0 ? "192.0.2.1:80" : "10.0.0.1:8000");
    if (i % 2 === 0) stream.close();
    else held.push(stream);
  }
  for (const stream of held) stream.close();
}

/** Everything that changes between requests: samples, endpoints, plans, other pools, damage, the stream itself. */
function change(rig: Rig, pool: FakePool, round: number): void {
  const size = 1 + (round % 50);
  if (rig.openStreams.length > 0) {
    rig.stream.message(pool.load(samples(3, { counter: round })));
    if (round % 3 === 0) rig.stream.message(...pool.start(endpoints(size)), new Uint8Array(round % 100));
    if (round % 3 === 0) rig.stream.message(...new FakePool(`other/${round}`).frames([endpoint(round & 255)]));
    if (round % 3 === 0) rig.stream.message(encodeGone(`other/${round}`), ...pool.start(endpoints(3)));
    if (round % 20 === 0) rig.stream.close();
  }
  rig.pass(50);
}

test("a million requests leave the memory unchanged", () => {
  const { rig, vm, root, pool } = servingRig(3);
  const round = (number: number) => {
    requests(vm, root, 1000);
    change(rig, pool, number);
  };
  // Blocks that many endpoints hold come late to their largest number.
  for (let i = 0; i < 700; i++) round(i);
  const bytes = vm.memoryBytes;
  for (let i = 0; i < 1000; i++) round(i);
  assert.equal(vm.memoryBytes, bytes);
  rig.pass(20);
  assert.equal(rig.metrics.value("inline_epp_in_flight"), 0);
});

test("requests that are traced, with batches that arrive and batches that are lost, leave the memory unchanged", () => {
  const settings = { sampling: { sampler: SAMPLER_PARENT, ratio: 0.5 } };
  const { rig, worker } = serving(8, [profile("default", queue(), prefix())], { settings });
  const round = (number: number) => {
    for (let i = 0; i < 100; i++) {
      const headers = i % 3 === 0 ? [["traceparent", `00-${"a".repeat(32)}-${"b".repeat(16)}-0${i % 2}`] as const] : [];
      const stream = ask(worker, completion(text(`${i}`, 2)), ...headers);
      if (i % 4 === 0) stream.onResponseHeaders(pickOf(stream), [[":status", "200"]]);
      stream.close();
    }
    rig.pass(300);
    for (const call of rig.calls.splice(0)) call.done(number % 5 === 0 ? 14 : new Uint8Array());
  };
  for (let i = 0; i < 20; i++) round(i);
  const bytes = worker.vm.memoryBytes;
  for (let i = 0; i < 100; i++) round(i);
  assert.equal(worker.vm.memoryBytes, bytes);
});

/** Requests of many pools, some by the names that Istio makes, some of none. */
function requestsOf(vm: FilterVm, root: number, names: readonly string[], count: number): void {
  for (let i = 0; i < count; i++) {
    const [namespace, name] = names[i % names.length]!.split("/");
    const istio = `outbound|54321||${name}-ip-01234567.${namespace}.svc.cluster.local`;
    const cluster = i % 16 === 7 ? "web" : i % 3 === 0 ? istio : `${namespace}/${name}`;
    const stream = routed(vm, root, { cluster });
    stream.onRequestHeaders(POST, i % 16 === 0);
    stream.onRequestBody(zeros(100), true);
    if (i % 4 === 0) stream.onResponseHeaders(i % 64 === 0 ? "192.0.2.1:80" : "10.0.0.1:8000");
    stream.close();
  }
}

test("half a million requests of many pools leave the memory unchanged, though their names come and go", () => {
  const { rig, vm, root } = connectedRig({ pool: undefined, poolFrom: "cluster" });
  const pools = Array.from({ length: 40 }, (_, index) => new FakePool(`team/pool-${index}`));
  const names = pools.map(({ pool }) => pool);
  const start = () => {
    for (const [index, pool] of pools.entries()) rig.stream.message(...pool.frames(endpoints(1 + (index % 5))));
    rig.stream.message(encodeSync());
  };
  start();
  const round = (number: number) => {
    requestsOf(vm, root, names, 500);
    const passing = Array.from({ length: 4 }, (_, index) => `passing/${"name-".repeat(number % 40)}${number}-${index}`);
    rig.stream.message(...new FakePool(passing[0]).frames([endpoint(number & 255)]));
    requestsOf(vm, root, passing, 16);
    rig.stream.message(encodeGone(passing[0]!));
    for (const [index, pool] of pools.entries()) {
      if (index % 4 === number % 4)
        rig.stream.message(pool.load(samples(1 + (index % 5), { counter: number & 0xffff })));
    }
    rig.pass(20);
    if (number % 50 !== 0) return;
    rig.now += 61_000_000n; // nothing has been asked for lately, and the sidecar has been silent
    rig.pass(2000);
    start();
  };
  for (let i = 0; i < 600; i++) round(i);
  const bytes = vm.memoryBytes;
  const keys = rig.shared.keys().filter((key) => (rig.shared.get(key)?.value.length ?? 0) > 0).length;
  for (let i = 600; i < 1000; i++) round(i);
  assert.equal(vm.memoryBytes, bytes);
  assert.equal(rig.shared.keys().filter((key) => (rig.shared.get(key)?.value.length ?? 0) > 0).length, keys);
  assert.ok(rig.metrics.value("inline_epp_picks_total") > 400_000);
  assert.equal(rig.metrics.value("inline_epp_in_flight"), 0);
});

test("configuration updates, accepted and refused, leave the memory unchanged", () => {
  const { rig, vm, root, pool } = servingRig(3);
  let current = root;
  const update = (number: number) => {
    const next = vm.createRoot(
      configuration({
        hold: number % 2 === 0 ? "self" : "buffer",
        staleAfter: `${number + 1}ms`,
        ...(number % 3 === 0
          ? { pool: undefined, poolFrom: "route", pools: { [`route-${number}`]: "default/base" } }
          : {}),
      }),
    );
    const old = post(vm, current);
    post(vm, next).close();
    old.close();
    vm.deleteRoot(current);
    current = next;
    assert.throws(() => vm.createRoot(configuration({ hold: "x".repeat(number) })), ConfigurationRefused);
    rig.pass(400);
    rig.stream.message(...pool.start(endpoints(3)));
  };
  for (let i = 0; i < 10; i++) update(i);
  const bytes = vm.memoryBytes;
  for (let i = 0; i < 1000; i++) update(i);
  assert.equal(vm.memoryBytes, bytes);
});

test("a hundred pools of fifty endpoints take a worker no more than 20 MiB", () => {
  const { rig, vm, root } = connectedRig({ pool: undefined, poolFrom: "cluster", prefixMemory: "64KiB" });
  const names = Array.from({ length: 100 }, (_, index) => `team/pool-${index}`);
  const holder = vm.memoryBytes;
  for (const [index, name] of names.entries()) {
    rig.stream.message(...new FakePool(name).frames(endpoints(5000).slice(50 * index, 50 * index + 50)));
  }
  requestsOf(vm, root, names, 1000);
  rig.pass(100);
  assert.ok(vm.memoryBytes - holder < 20 * 1024 * 1024, `${vm.memoryBytes - holder} bytes`);
});

test("a pool that was large once does not make memory grow again", () => {
  const { rig, vm, root, pool } = servingRig(4000);
  post(vm, root).close();
  const grow = () => {
    for (const size of [4000, 10, 2000, 1, 4000]) {
      rig.stream.message(...pool.start(endpoints(size)));
      requests(vm, root, 10);
      rig.pass(20);
    }
    rig.stream.message(encodeGone("default/base"), ...pool.start(endpoints(10)));
    requests(vm, root, 10);
  };
  grow();
  const bytes = vm.memoryBytes;
  for (let i = 0; i < 20; i++) grow();
  assert.equal(vm.memoryBytes, bytes);
  const index = 16 * 1024 * 1024; // prefixMemory's default, taken at once
  assert.ok(bytes - index < 20 * 1024 * 1024, `${bytes - index} bytes for 4,000 endpoints`);
});

test("rosters that never get their load do not make memory grow", () => {
  const { rig, vm, pool } = servingRig(4);
  const wait = () => {
    for (let i = 0; i < 10; i++) rig.stream.message(pool.roster(endpoints(1000)));
    rig.stream.close();
    rig.pass(100);
    rig.stream.message(pool.roster(endpoints(1000)), encodeGone("default/base"));
  };
  wait();
  const bytes = vm.memoryBytes;
  for (let i = 0; i < 50; i++) wait();
  assert.equal(vm.memoryBytes, bytes);
});

test("shared data holds no more keys after a day of changes than after an hour", () => {
  const { rig, vm, root, pool } = servingRig(3);
  const changes = (from: number, to: number) => {
    for (let i = from; i < to; i++) {
      rig.stream.message(pool.roster(endpoints(1 + (i % 9))), pool.plan(), pool.load(samples(1 + (i % 9))));
      post(vm, root).close();
      rig.pass(100);
    }
  };
  post(vm, root);
  changes(0, 20);
  const keys = rig.shared.keys().length;
  changes(20, 500);
  assert.equal(rig.shared.keys().length, keys);
});

const SMALL_INDEX = { prefixMemory: "256KiB" };
const CACHED = { prompt_tokens: 700, completion_tokens: 9, prompt_tokens_details: { cached_tokens: 1 } };
const ANSWER = bytesOf({ choices: [{ message: { content: "some text" } }], usage: CACHED });
const CHUNK = bytesOf(`data: ${JSON.stringify({ choices: [{ delta: { content: "text" } }] })}\n\n`.repeat(4));
const BRIEF = bytesOf(completion("hello", { stream: true }));
/** Prompts of 1 to 12 blocks, of which many share their beginning, a conversation among them, and what is no JSON. */
const BODIES = Array.from({ length: 997 }, (_, index) => {
  if (index % 50 === 49) return bytesOf(`{"model": "base", "prompt": "${text("broken", 2)}`);
  const prompt = `${text(`rules ${index % 7}`, index % 5)}.${text(`question ${index}`, 1 + (index % 8))}`;
  if (index % 3 !== 0) return bytesOf(completion(prompt, { stream: index % 2 === 1 }));
  return bytesOf({ model: `adapter-${index % 4}`, messages: [{ role: "user", content: prompt }], stream: true });
});

/**
 * Requests with real bodies, many at a time in flight, that end in every way: an answer, a stream of events, one that
 * breaks off, a refusal, a client that leaves before or amid its body. Some are explained, some are no JSON.
 */
function conversations(worker: Worker, count: number, round: number): void {
  const { vm, root } = worker;
  const open = [];
  for (let i = 0; i < count; i++) {
    const number = round * count + i;
    const stream = vm.createStream(root);
    const headers: [string, string][] = [...POST.map(([name, value]): [string, string] => [name, value])];
    if (number % 16 === 0) headers.push(["x-explain", `${1 + (number % 9)}`]);
    if (number % 8 === 0) headers.push([SESSION_HEADER, "ZGVmYXVsdC9wb2QtMQ=="]);
    stream.onRequestHeaders(headers, false);
    const body = BODIES[number % BODIES.length]!;
    if (number % 64 === 1) {
      stream.onRequestBody(body.subarray(0, 100), false);
      stream.close();
      continue;
    }
    if (number % 4 === 0) stream.onRequestBody(body.subarray(0, 300), false);
    stream.onRequestBody(number % 4 === 0 ? body.subarray(300) : body, true);
    open.push({ stream, number });
  }
  for (const { stream, number } of open) {
    if (number % 32 === 2) stream.onResponseHeaders(undefined);
    else if (number % 32 !== 3) stream.onResponseHeaders(number % 128 === 4 ? "192.0.2.1:80" : picksOf(stream)[0]);
    if (number % 2 === 0) stream.onResponseBody(ANSWER, true);
    else if (number % 32 !== 3) {
      for (let i = 0; i < 3; i++) stream.onResponseBody(CHUNK, i === 2 && number % 3 !== 0);
    }
    stream.close();
  }
}

// Many: what one leaves behind is small beside what memory grows by at a time.
function breakOff({ vm, root }: Worker): void {
  const stream = vm.createStream(root);
  stream.onRequestHeaders(POST, false);
  stream.onRequestBody(BRIEF, true);
  stream.onResponseHeaders("10.0.0.1:8000");
  stream.onResponseBody(CHUNK, false);
  stream.close();
}

test("hundreds of thousands of requests with bodies and answers leave the memory unchanged", () => {
  const plan = [
    profile("default", queue(2), kvCache(2), prefix(3), tokenLoad(4_194_304), latency(), session(), picker(2)),
  ];
  const { rig, pool, all } = serving(20, plan, { workers: 2, settings: { lruBlocks: 500 }, fields: SMALL_INDEX });
  let counter = 1;
  const round = (number: number) => {
    for (const worker of all) conversations(worker, 200, number);
    rig.pass(20);
    rig.stream.message(pool.load(samples(20, { counter: counter++ & 0xffff, running: number % 7 })));
    if (number % 50 === 0) rig.stream.message(pool.roster(endpoints(20)), pool.load(samples(20)), pool.plan(plan));
  };
  // Blocks that many endpoints hold come late to their largest number.
  for (let i = 0; i < 700; i++) round(i);
  const bytes = all.map(({ vm }) => vm.memoryBytes);
  for (let i = 700; i < 1100; i++) round(i);
  for (let i = 0; i < 100_000; i++) breakOff(all[i % 2]!);
  assert.deepEqual(
    all.map(({ vm }) => vm.memoryBytes),
    bytes,
  );
  rig.pass(50);
  assert.equal(rig.metrics.value("inline_epp_in_flight"), 0);
});

test("answers that last keep nothing of their prompts", () => {
  const { worker } = serving(1, [profile("default", queue(), prefix())], {
    settings: { blockTokens: 1, maxBlocks: 4096 },
  });
  const body = completion(text("story", 64)); // 4096 blocks of a token: 32 KiB of hashes
  const streams = Array.from({ length: 10 }, () => ask(worker, body));
  for (const stream of streams) stream.onResponseHeaders(pickOf(stream));
  const bytes = worker.vm.memoryBytes;
  for (let i = 0; i < 2000; i++) {
    const stream = ask(worker, body);
    stream.onResponseHeaders(pickOf(stream));
    stream.onResponseBody(bytesOf("data: {}"), false);
    streams.push(stream);
  }
  assert.equal(worker.vm.memoryBytes, bytes);
  for (const stream of streams) stream.close();
});
