// With hold "self" a host without allow_on_headers_stop_iteration never calls back for a body.

import assert from "node:assert/strict";
import { test } from "node:test";
import { DataStatus } from "../../sidecar/wasm-host/abi.ts";
import { configuration, servingRig } from "./pools.ts";
import { refused } from "./refusals.ts";
import { callsDuring, DESTINATION, POST, post, zeros } from "./requests.ts";

const ERROR =
  /^error inline-epp: hold is "self", but no request body reached the filter in time; .*allow_on_headers_stop_iteration/;

/** Requests whose headers have come and whose bodies never will. */
function hang(count: number, fields: Record<string, unknown> = {}) {
  const it = servingRig(3, { hold: "self", ...fields });
  const streams = Array.from({ length: count }, () => {
    const stream = it.vm.createStream(it.root);
    stream.onRequestHeaders([...POST, [DESTINATION, "10.9.9.9:1"]], false);
    return stream;
  });
  return { ...it, streams };
}

test("FailOpen: a hung request goes on without a decision when its wait is over", () => {
  const { rig, streams } = hang(3, { failureMode: "FailOpen", watchdog: "2s" });
  rig.pass(1990);
  for (const stream of streams) assert.equal(stream.continued, false);
  rig.pass(10);
  for (const stream of streams) {
    assert.equal(stream.continued, true);
    assert.equal(stream.localResponse, undefined);
    assert.equal(stream.headers?.has(DESTINATION), false);
  }
  assert.equal(rig.logged(ERROR).length, 1);
  rig.pass(20);
  assert.equal(rig.metrics.value("inline_epp_watchdog_total"), 3);
  assert.equal(rig.metrics.value("inline_epp_failed_open_total"), 3);
});

test("FailClose: it is answered 503", () => {
  const { rig, streams } = hang(2);
  rig.pass(5000);
  for (const stream of streams) {
    assert.equal(stream.continued, false);
    const message = "the gateway's wasm filter is misconfigured (allow_on_headers_stop_iteration)";
    assert.deepEqual(stream.localResponse, refused(503, "inline_epp_watchdog", message));
  }
  rig.pass(20);
  assert.equal(rig.metrics.value("inline_epp_watchdog_total"), 2);
  assert.equal(rig.metrics.value("inline_epp_failed_closed_total"), 2);
});

test("each request has its own wait", () => {
  const { rig, vm, root, streams } = hang(1, { failureMode: "FailOpen", watchdog: "1s" });
  rig.pass(500);
  const later = vm.createStream(root);
  later.onRequestHeaders(POST, false);
  rig.pass(500);
  assert.equal(streams[0]?.continued, true);
  assert.equal(later.continued, false);
  rig.pass(500);
  assert.equal(later.continued, true);
});

test("the log tells of it once a minute", () => {
  const { rig, vm, root } = hang(1, { watchdog: "10ms" });
  for (let second = 0; second < 61; second++) {
    rig.pass(1000);
    vm.createStream(root).onRequestHeaders(POST, false);
  }
  rig.pass(100);
  assert.equal(rig.logged(ERROR).length, 2);
});

test("requests that end while they hang are forgotten, wherever they stand in the row", () => {
  const { rig, streams } = hang(5, { failureMode: "FailOpen" });
  for (const index of [2, 0, 4]) streams[index]?.close();
  rig.pass(5000);
  assert.deepEqual(
    streams.map((stream) => stream.continued),
    [false, true, false, true, false],
  );
  rig.pass(20);
  assert.equal(rig.metrics.value("inline_epp_watchdog_total"), 2);
});

test("a body disarms it for all, those that still wait included", () => {
  const { rig, vm, root, streams } = hang(2);
  rig.pass(4000);
  const working = post(vm, root);
  assert.ok(working.headers?.has(DESTINATION));
  rig.pass(10_000);
  for (const stream of streams) {
    assert.equal(stream.localResponse, undefined, "a slow client's body may still come");
    assert.equal(stream.onRequestBody(zeros(10), true), DataStatus.continue);
    assert.ok(stream.headers?.has(DESTINATION));
  }
  const later = vm.createStream(root);
  later.onRequestHeaders(POST, false);
  rig.pass(10_000);
  assert.equal(later.localResponse, undefined);
  rig.pass(20);
  assert.equal(rig.metrics.value("inline_epp_watchdog_total"), 0);
});

test("another configuration begins with it armed", () => {
  const { rig, vm, root } = servingRig(3, { hold: "self" });
  post(vm, root).close();
  vm.deleteRoot(root);
  const next = vm.createRoot(configuration({ hold: "self" }));
  const stream = vm.createStream(next);
  stream.onRequestHeaders(POST, false);
  rig.pass(5000);
  assert.equal(stream.localResponse?.status, 503);
});

test("a body that comes after all, behind the watchdog, changes nothing", () => {
  const { rig, vm, streams } = hang(1, { failureMode: "FailOpen" });
  rig.pass(5000);
  const [stream] = streams;
  const calls = callsDuring(vm, () => {
    assert.equal(stream?.onRequestBody(zeros(10), true), DataStatus.continue);
  });
  assert.deepEqual(calls, []);
});

test("a stream that is gone, though nobody said so, is passed over", () => {
  const { rig, vm, streams } = hang(2, { failureMode: "FailOpen" });
  vm.forget(streams[0]?.id ?? 0);
  const calls = callsDuring(vm, () => rig.pass(5000));
  assert.equal(calls.filter((name) => name === "proxy_continue_stream").length, 1);
  assert.equal(streams[0]?.continued, false);
  assert.equal(streams[1]?.continued, true);
});

test("hold buffer has no watchdog: the buffer filter holds requests, and its limits apply", () => {
  const { rig, vm, root } = servingRig(3);
  const stream = vm.createStream(root);
  stream.onRequestHeaders(POST, false);
  rig.pass(60_000);
  assert.equal(stream.localResponse, undefined);
  assert.equal(stream.continued, false);
});
