// What clients say in headers, and what of it reaches the model server.

import assert from "node:assert/strict";
import { test } from "node:test";
import { MODEL_NAME_MAX } from "../../wire/layout.ts";
import { explained, serving } from "./exchanges.ts";
import { servingRig } from "./pools.ts";
import { CHAT, callsDuring, DESTINATION, picksOf } from "./requests.ts";
import { profile, queue } from "./steps.ts";

const CONTROLS = [
  "x-llm-d-inference-objective",
  "x-gateway-inference-objective",
  "x-llm-d-inference-fairness-id",
  "x-gateway-inference-fairness-id",
  "x-llm-d-model-name-rewrite",
  "x-gateway-model-name-rewrite",
];

for (const hold of ["buffer", "self"]) {
  test(`hold ${hold}: objective, fairness id and model rewrite do not reach the model server, the rest does`, () => {
    const { vm, root } = servingRig(2, { hold });
    const stream = vm.createStream(root);
    const others = [
      ["content-type", "application/json"],
      ["authorization", "Bearer x"],
      ["x-llm-d-slo-ttft-ms", "100"],
      ["x-gateway-inference-objectives", "y"],
    ] as const;
    const controls = CONTROLS.map((name) => [name, "gold"] as [string, string]);
    // Behind the buffer filter the length goes too, since the model that is demanded changes it.
    const removed = CONTROLS.length + (hold === "buffer" ? 1 : 0);
    const calls = callsDuring(vm, () => stream.onRequestHeaders([...CHAT, ...others, ...controls], false));
    assert.deepEqual([...(stream.headers ?? [])], [...CHAT, ...others]);
    assert.equal(calls.filter((name) => name === "proxy_get_header_map_pairs").length, 1);
    assert.equal(calls.filter((name) => name === "proxy_remove_header_map_value").length, removed);
    stream.close();
  });
}

test("a request with many and huge headers is read like any other, and takes no memory for good", () => {
  const { vm, root } = servingRig(2);
  const many = Array.from({ length: 600 }, (_, i) => [`x-many-${i}`, "v".repeat(100)] as [string, string]);
  const huge: [string, string][] = [["cookie", "c".repeat(70_000)], ...many, [DESTINATION, "10.9.9.9:9"]];
  const once = () => {
    const stream = vm.createStream(root);
    stream.onRequestHeaders([...huge, ...CHAT], true);
    assert.equal(stream.headers?.has(DESTINATION), false);
    assert.equal(stream.localResponse?.status, 400, "the path stands behind them all");
    stream.close();
  };
  once();
  const before = vm.exports.memory.buffer.byteLength;
  for (let i = 0; i < 200; i++) once();
  assert.equal(vm.exports.memory.buffer.byteLength, before);
});

test("models that headers force, of any length, leave nothing behind", () => {
  const { vm, root } = servingRig(2);
  const once = (length: number) => {
    const stream = vm.createStream(root);
    stream.onRequestHeaders([...CHAT, ["x-llm-d-model-name-rewrite", "m".repeat(length)]], false);
    stream.onRequestBody(new TextEncoder().encode("{}"), true);
    const named = length > 0 && length <= MODEL_NAME_MAX;
    assert.equal(picksOf(stream).length, named ? 2 : 0, "it stands for the body's own, where it names one");
    stream.close();
  };
  for (const length of [0, 1, 4096, 5000]) once(length);
  const before = vm.exports.memory.buffer.byteLength;
  for (let i = 0; i < 2000; i++) once(i % 5000);
  assert.equal(vm.exports.memory.buffer.byteLength, before);
});

test("the explanation is asked for under the configured name alone", () => {
  const { worker } = serving(3, [profile("default", queue())]);
  assert.ok(explained(worker, { model: "base" }).responseHeaders?.has("x-explain"));
  const other = worker.vm.createStream(worker.root);
  other.onRequestHeaders([...CHAT, ["x-explai", "1"], ["x-explain2", "1"]], false);
  other.onRequestBody(new TextEncoder().encode('{"model":"base"}'), true);
  other.onResponseHeaders(undefined);
  assert.equal(other.responseHeaders?.has("x-explain"), false);
});
