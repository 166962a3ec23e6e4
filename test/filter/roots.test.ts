// A configuration update makes a new root context in the same VM, while the old one serves its streams to their end.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigurationRefused } from "../../sidecar/wasm-host/vm.ts";
import { configuration, endpoint, endpoints, FakePool, samples, servingRig } from "./pools.ts";
import { DESTINATION, POST, pickOnce, picksOf, post, zeros } from "./requests.ts";
import { sharedKeys } from "./rig.ts";

test("streams of the old and of the new root are in flight side by side", () => {
  const { rig, vm, root, pool } = servingRig(4);
  const old = post(vm, root);
  const next = vm.createRoot(configuration({ failureMode: "FailOpen" }));
  const streams = [post(vm, next), post(vm, root), post(vm, next)];
  assert.equal(new Set([old, ...streams].map((stream) => picksOf(stream)[0])).size, 4, "they know of each other");
  rig.pass(2000);
  rig.stream.message(pool.load(samples(4)));
  assert.equal(rig.streams.length, 1, "one stream for both");
  for (const stream of [old, streams[1]]) stream?.close();
  vm.deleteRoot(root);
  for (const stream of [streams[0], streams[2]]) stream?.close();
  assert.ok(pickOnce(vm, next));
  rig.pass(500);
  assert.equal(rig.openStreams.length, 1, "the new root has taken over");
  assert.equal(rig.metrics.value("inline_epp_in_flight"), 0);
});

test("the new root serves at once from the state there is", () => {
  const { rig, vm } = servingRig(2);
  rig.stream.close();
  rig.reachable = false;
  const next = vm.createRoot(configuration());
  assert.ok(pickOnce(vm, next));
});

test("each root has its own settings", () => {
  const { rig, vm, root } = servingRig(2);
  const other = new FakePool("default/other");
  rig.stream.message(...other.frames([endpoint(9)]));
  const next = vm.createRoot(configuration({ pool: "default/other", hold: "self" }));
  const stream = vm.createStream(next);
  stream.onRequestHeaders(POST, false);
  stream.onRequestBody(zeros(1), true);
  assert.equal(stream.headers?.get(DESTINATION), "10.0.0.9:8000");
  assert.match(pickOnce(vm, root) ?? "", /^10\.0\.0\.[12]:8000$/);
});

test("a refused update leaves the old configuration at work", () => {
  const { rig, vm, root } = servingRig(2);
  assert.throws(() => vm.createRoot(configuration({ hold: "no" })), ConfigurationRefused);
  assert.ok(pickOnce(vm, root));
  rig.pass(1000);
  assert.equal(rig.openStreams.length, 1);
});

test("an update to another sidecar has its own state and stream", () => {
  const { rig, vm, root } = servingRig(2);
  const next = vm.createRoot(configuration({ stateCluster: "other-sidecar" }));
  rig.pass(300);
  assert.equal(rig.openStreams.length, 2);
  assert.equal(pickOnce(vm, next), undefined);
  rig.stream.message(...new FakePool().start([endpoint(9)]));
  assert.equal(pickOnce(vm, next), "10.0.0.9:8000");
  assert.match(pickOnce(vm, root) ?? "", /^10\.0\.0\.[12]:8000$/);
  vm.deleteRoot(root);
  assert.equal(rig.openStreams.length, 1);
  assert.equal(pickOnce(vm, next), "10.0.0.9:8000");
});

test("the stream belongs to the root that opened it: the end of another leaves it alone", () => {
  const { rig, vm, root } = servingRig(2);
  const first = rig.stream;
  const next = vm.createRoot(configuration({ failureMode: "FailOpen" }));
  rig.pass(1000);
  vm.deleteRoot(next);
  assert.equal(first.cancelled, false);
  vm.deleteRoot(root);
  assert.equal(first.cancelled, true);
});

test("what a worker does once per tick is not done for each of its roots", () => {
  const { rig, vm, root } = servingRig(2);
  post(vm, root);
  rig.pass(20);
  for (let i = 0; i < 5; i++) vm.createRoot(configuration({ staleAfter: `${i + 1}s` }));
  let reads = 0;
  rig.shared.beforeGet = (key) => {
    if (key === sharedKeys.owners) reads++;
  };
  rig.pass(200);
  assert.equal(reads, 20);
});

test("a root that is announced twice is one root", () => {
  const { rig, vm, root } = servingRig(2, { hold: "self" });
  const stream = vm.createStream(root);
  stream.onRequestHeaders(POST, false);
  vm.exports.proxy_on_context_create(root, 0);
  assert.ok(vm.exports.proxy_on_vm_start(root, 0));
  rig.pass(5000);
  assert.equal(stream.localResponse?.status, 503, "the watchdog still knows of it");
  assert.equal(rig.openStreams.length, 1);
});

test("what was counted since the last tick is handed over when a root goes", () => {
  const { rig, vm, root } = servingRig(2);
  const held = post(vm, root);
  rig.pass(20);
  pickOnce(vm, root);
  held.close();
  vm.deleteRoot(root);
  assert.equal(rig.metrics.value("inline_epp_picks_total"), 2);
  assert.equal(rig.metrics.value("inline_epp_in_flight"), 0);
});

test("a hundred updates later one stream is open, and all that was counted adds up", () => {
  const { rig, vm, root, pool } = servingRig(3);
  let current = root;
  for (let i = 0; i < 100; i++) {
    const held = post(vm, current);
    const next = vm.createRoot(configuration({ staleAfter: `${i + 1}s` }));
    assert.ok(pickOnce(vm, next));
    held.close();
    vm.deleteRoot(current);
    current = next;
    rig.pass(400);
    rig.stream.message(...pool.start(endpoints(3)));
  }
  rig.pass(20);
  assert.equal(rig.openStreams.length, 1);
  assert.equal(rig.metrics.value("inline_epp_picks_total"), 200);
  assert.equal(rig.metrics.value("inline_epp_in_flight"), 0);
});
