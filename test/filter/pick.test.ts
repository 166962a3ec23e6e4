import assert from "node:assert/strict";
import { test } from "node:test";
import { DataStatus, HeadersStatus } from "../../sidecar/wasm-host/abi.ts";
import { sample, servingRig } from "./rig.ts";

const POST = [
  [":method", "POST"],
  [":path", "/v1/chat/completions"],
] as const;

test("a request with a body is decided at the body's end and leaves as filter state", () => {
  const { vm, root } = servingRig(3);
  const stream = vm.createStream(root);
  assert.equal(stream.onRequestHeaders(POST, false), HeadersStatus.continue);
  assert.equal(stream.onRequestBody(100, false), DataStatus.continue);
  assert.equal(stream.state.get("dest"), undefined);
  assert.equal(stream.onRequestBody(100, true), DataStatus.continue);
  const picked = stream.state.get("dest")?.split(",") ?? [];
  assert.equal(new Set(picked).size, 3);
  for (const address of picked) assert.match(address, /^10\.0\.0\.[123]:8000$/);
  stream.close();
});

test("requests in flight spread a burst evenly", () => {
  const { rig, vm, root } = servingRig(3);
  const counts = new Map<string, number>();
  const streams = Array.from({ length: 60 }, () => {
    const stream = vm.createStream(root);
    stream.onRequestHeaders(POST, false);
    stream.onRequestBody(10, true);
    const first = stream.state.get("dest")?.split(",")[0] ?? "";
    counts.set(first, (counts.get(first) ?? 0) + 1);
    return stream;
  });
  assert.deepEqual([...counts.values()], [20, 20, 20]);
  rig.pass(20);
  assert.equal(rig.metrics.value("inline_epp_in_flight"), 60);
  for (const stream of streams) stream.close();
  rig.pass(20);
  assert.equal(rig.metrics.value("inline_epp_in_flight"), 0);
});

test("a saturated endpoint gets nothing, and gets its share again when it recovers", () => {
  const { rig, vm, root, pool } = servingRig(3);
  const pick = () => {
    const stream = vm.createStream(root);
    stream.onRequestHeaders(POST, false);
    stream.onRequestBody(10, true);
    stream.close();
    return stream.state.get("dest")?.split(",")[0];
  };
  rig.stream.message(pool.load([sample(), sample({ waiting: 50, kvUsage: 0.99, counter: 2 }), sample()]));
  for (let i = 0; i < 300; i++) assert.notEqual(pick(), "10.0.0.2:8000");
  rig.stream.message(pool.load([sample(), sample({ counter: 3 }), sample()]));
  const picks = Array.from({ length: 300 }, pick).filter((address) => address === "10.0.0.2:8000").length;
  assert.ok(picks > 60 && picks < 140, `${picks} of 300`);
});
