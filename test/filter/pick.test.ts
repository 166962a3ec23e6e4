import assert from "node:assert/strict";
import { test } from "node:test";
import { DataStatus, HeadersStatus } from "../../sidecar/wasm-host/abi.ts";
import { PLUGIN_MAX_SCORE_PICKER, PLUGIN_RANDOM_PICKER } from "../../wire/layout.ts";
import { pickerOnly, sample, servingRig } from "./pools.ts";
import { POST, picksOf, post, spread, zeros } from "./requests.ts";

test("a request with a body is decided at the body's end and leaves as filter state", () => {
  const { vm, root } = servingRig(3);
  const stream = vm.createStream(root);
  assert.equal(stream.onRequestHeaders(POST, false), HeadersStatus.continue);
  assert.equal(stream.onRequestBody(zeros(100), false), DataStatus.continue);
  assert.equal(stream.state.get("dest"), undefined);
  assert.equal(stream.onRequestBody(zeros(100), true), DataStatus.continue);
  const picked = picksOf(stream);
  assert.equal(new Set(picked).size, 3);
  for (const address of picked) assert.match(address, /^10\.0\.0\.[123]:8000$/);
  stream.close();
});

test("requests in flight spread a burst evenly", () => {
  const { rig, vm, root } = servingRig(3);
  const counts = new Map<string, number>();
  const streams = Array.from({ length: 60 }, () => {
    const stream = post(vm, root);
    const first = picksOf(stream)[0] ?? "none";
    counts.set(first, (counts.get(first) ?? 0) + 1);
    return stream;
  });
  assert.deepEqual([...counts.values()], [20, 20, 20]);
  rig.pass(20);
  assert.equal(rig.metrics.value("inline_epp_picks_total"), 60);
  assert.equal(rig.metrics.value("inline_epp_in_flight"), 60);
  for (const stream of streams) stream.close();
  rig.pass(20);
  assert.equal(rig.metrics.value("inline_epp_in_flight"), 0);
});

test("a saturated endpoint gets nothing, and gets its share again when it recovers", () => {
  const { rig, vm, root, pool } = servingRig(3);
  rig.stream.message(pool.load([sample(), sample({ waiting: 50, kvUsage: 0.99, counter: 2 }), sample()]));
  assert.equal(spread(vm, root, 300).get("10.0.0.2:8000"), undefined);
  rig.stream.message(pool.load([sample(), sample({ counter: 3 }), sample()]));
  const picks = spread(vm, root, 300).get("10.0.0.2:8000") ?? 0;
  assert.ok(picks > 60 && picks < 140, `${picks} of 300`);
});

test("ties fall evenly", () => {
  const { vm, root } = servingRig(10);
  const counts = spread(vm, root, 10_000);
  assert.equal(counts.size, 10);
  for (const [address, count] of counts) assert.ok(Math.abs(count - 1000) < 150, `${address}: ${count}`);
});

test("a list has as many destinations as the plan asks for", () => {
  for (const [most, length] of [
    [1, 1],
    [3, 3],
    [16, 16],
    [1000, 16],
  ] as const) {
    const { rig, vm, root, pool } = servingRig(20);
    rig.stream.message(pool.plan(pickerOnly(PLUGIN_MAX_SCORE_PICKER, most)));
    const picked = picksOf(post(vm, root));
    assert.equal(picked.length, length);
    assert.equal(new Set(picked).size, length);
  }
});

test("a plan takes effect with the next request", () => {
  const { rig, vm, root, pool } = servingRig(3);
  rig.stream.message(pool.load([sample(), sample({ waiting: 50 }), sample({ waiting: 50 })]));
  assert.deepEqual([...spread(vm, root, 100).keys()], ["10.0.0.1:8000"]);
  rig.stream.message(pool.plan(pickerOnly(PLUGIN_RANDOM_PICKER, 1)));
  const counts = spread(vm, root, 3000);
  for (const count of counts.values()) assert.ok(Math.abs(count - 1000) < 120, `${[...counts]}`);
  assert.equal(counts.size, 3);
});
