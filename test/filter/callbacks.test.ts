// Callbacks in orders that a gateway should not produce, and contexts that it should not name.

import assert from "node:assert/strict";
import { test } from "node:test";
import { DataStatus, HeadersStatus } from "../../sidecar/wasm-host/abi.ts";
import { configuration, connectedRig, samples, servingRig } from "./pools.ts";
import { callsDuring, DESTINATION, POST, pickOnce, picksOf, post, zeros } from "./requests.ts";

test("a stream may end before its headers came", () => {
  const { rig, vm, root } = servingRig(2);
  vm.createStream(root).close();
  rig.pass(20);
  assert.equal(rig.metrics.value("inline_epp_in_flight"), 0);
  assert.ok(pickOnce(vm, root));
});

test("a stream may end without being done", () => {
  const { rig, vm, root } = servingRig(2, { hold: "self" });
  const held = vm.createStream(root);
  held.onRequestHeaders(POST, false);
  vm.exports.proxy_on_delete(held.id);
  vm.forget(held.id);
  rig.pass(6000);
  assert.deepEqual(rig.logged(/hold is "self"/), [], "the watchdog has forgotten it");

  const inFlight = post(vm, root);
  vm.exports.proxy_on_delete(inFlight.id);
  vm.forget(inFlight.id);
  rig.pass(20);
  assert.equal(rig.metrics.value("inline_epp_in_flight"), 0);
});

test("a stream that is deleted twice counts once", () => {
  const { rig, vm, root } = servingRig(2);
  const stream = post(vm, root);
  post(vm, root);
  vm.exports.proxy_on_delete(stream.id);
  vm.exports.proxy_on_delete(stream.id);
  rig.pass(20);
  assert.equal(rig.metrics.value("inline_epp_in_flight"), 1);
});

test("answers after the end leave nothing in flight", () => {
  const { rig, vm, root } = servingRig(2);
  const stream = post(vm, root);
  vm.exports.proxy_on_delete(stream.id);
  stream.onResponseHeaders("10.0.0.1:8000");
  vm.exports.proxy_on_delete(stream.id);
  rig.pass(20);
  assert.equal(rig.metrics.value("inline_epp_in_flight"), 0);
});

test("headers of an answer may come several times", () => {
  const { rig, vm, root } = servingRig(2);
  const stream = post(vm, root);
  const [first, second] = picksOf(stream) as [string, string];
  for (const address of [undefined, first, second, first, first, undefined]) stream.onResponseHeaders(address);
  rig.pass(20);
  assert.equal(rig.metrics.value("inline_epp_in_flight"), 1);
  assert.equal(picksOf(post(vm, root))[0], second);
  stream.close();
});

test("a body behind a local reply decides nothing", () => {
  const { vm, root } = connectedRig();
  const stream = vm.createStream(root);
  stream.onRequestHeaders(POST, false);
  assert.equal(stream.onRequestBody(zeros(10), true), DataStatus.stopIterationNoBuffer);
  assert.deepEqual(
    callsDuring(vm, () => {
      stream.onRequestBody(zeros(10), true);
      stream.onRequestTrailers();
    }),
    [],
  );
});

test("a body without headers before it, and pieces behind the last one, do no harm", () => {
  const { rig, vm, root } = servingRig(2);
  const stream = vm.createStream(root);
  stream.onRequestBody(zeros(10), true);
  assert.equal(picksOf(stream).length, 2);
  stream.onRequestBody(zeros(10), false);
  stream.onRequestBody(zeros(10), true);
  stream.onRequestTrailers();
  rig.pass(20);
  assert.equal(rig.metrics.value("inline_epp_picks_total"), 1);
  stream.close();
});

test("contexts that the filter does not know pass, without the client's destination", () => {
  const { vm } = servingRig(2);
  const stream = vm.createStream(999_999); // under a root that there is not
  assert.equal(stream.onRequestHeaders([...POST, [DESTINATION, "10.9.9.9:1"]], false), HeadersStatus.continue);
  assert.equal(stream.headers?.has(DESTINATION), false);
  assert.equal(stream.onRequestBody(zeros(1), true), DataStatus.continue);
  assert.equal(stream.onRequestTrailers(), HeadersStatus.continue);
  assert.equal(stream.onResponseHeaders("10.0.0.1:8000"), HeadersStatus.continue);
  stream.close();
  vm.exports.proxy_on_tick(999_998);
  vm.exports.proxy_on_grpc_receive(999_998, 1, 10);
  vm.exports.proxy_on_grpc_close(999_998, 1, 0);
  assert.equal(vm.exports.proxy_on_configure(999_998, 10), 0);
});

test("a context id that is used again names the new stream", () => {
  const { rig, vm, root } = servingRig(2);
  const stream = post(vm, root);
  const { id } = stream;
  stream.close();
  vm.exports.proxy_on_context_create(id, root);
  vm.exports.proxy_on_request_headers(id, 0, 0);
  vm.exports.proxy_on_request_body(id, 1, 1);
  rig.pass(20);
  assert.equal(rig.metrics.value("inline_epp_in_flight"), 1);
  vm.exports.proxy_on_delete(id);
  rig.pass(20);
  assert.equal(rig.metrics.value("inline_epp_in_flight"), 0);
});

test("a root that was refused decides nothing, and neither does one whose streams outlive it", () => {
  const { rig, vm, root } = servingRig(2, { hold: "self", failureMode: "FailClose" });
  vm.exports.proxy_on_context_create(5000, 0);
  const orphan = vm.createStream(5000);
  orphan.onRequestHeaders(POST, true);
  assert.equal(orphan.localResponse?.details, "inline_epp_no_state");
  vm.exports.proxy_on_tick(5000);

  const survivor = vm.createStream(root);
  survivor.onRequestHeaders(POST, false);
  vm.deleteRoot(root);
  survivor.onRequestBody(zeros(1), true);
  assert.equal(survivor.localResponse?.details, "inline_epp_no_state");
  survivor.close();
  const next = vm.createRoot(configuration());
  rig.pass(300);
  assert.ok(pickOnce(vm, next));
});

test("a tick that comes late, or twice in one moment, is one tick", () => {
  const { rig, vm, root, pool } = servingRig(2);
  const stream = post(vm, root);
  rig.now += 4_000_000n;
  rig.stream.message(pool.load(samples(2)));
  for (let i = 0; i < 5; i++) vm.tick();
  assert.equal(rig.metrics.value("inline_epp_in_flight"), 1);
  assert.equal(rig.openStreams.length, 1);
  stream.close();
});
