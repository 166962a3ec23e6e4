// The filter's memory settles at the largest state that it has seen, and stays there.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigurationRefused, type FilterVm } from "../../sidecar/wasm-host/vm.ts";
import { encodeGone } from "../../wire/encode.ts";
import { configuration, endpoint, endpoints, FakePool, samples, servingRig } from "./pools.ts";
import { POST, post } from "./requests.ts";
import type { Rig } from "./rig.ts";

/** Requests through the filter, without what would slow the test down: half of them held, some failing. */
function requests(vm: FilterVm, root: number, count: number): void {
  const held = [];
  for (let i = 0; i < count; i++) {
    const stream = vm.createStream(root);
    stream.onRequestHeaders(POST, i % 16 === 0);
    stream.onRequestBody(100, true);
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
  for (let i = 0; i < 100; i++) round(i);
  const bytes = vm.memoryBytes;
  for (let i = 0; i < 1000; i++) round(i);
  assert.equal(vm.memoryBytes, bytes);
  rig.pass(20);
  assert.equal(rig.metrics.value("inline_epp_in_flight"), 0);
});

test("configuration updates, accepted and refused, leave the memory unchanged", () => {
  const { rig, vm, root, pool } = servingRig(3);
  let current = root;
  const update = (number: number) => {
    const next = vm.createRoot(
      configuration({ hold: number % 2 === 0 ? "self" : "buffer", staleAfter: `${number + 1}ms` }),
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
  assert.ok(bytes < 16 * 1024 * 1024, `${bytes} bytes for 4,000 endpoints`);
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
