// Flow control through a real Envoy: four times more requests than the pool takes, of two tenants and two priorities.

import assert from "node:assert/strict";
import { test } from "node:test";
import { waitUntil } from "../../scripts/stack/ready.ts";
import { complete } from "../harness/completions.ts";
import { onePool, startStack } from "../harness/stack.ts";

const CONFIG = {
  apiVersion: "llm-d.ai/v1alpha1",
  kind: "EndpointPickerConfig",
  featureGates: ["flowControl"],
  plugins: [
    { type: "queue-scorer" },
    { type: "round-robin-fairness-policy" },
    { type: "concurrency-detector", parameters: { maxConcurrency: 4 } },
  ],
  schedulingProfiles: [{ name: "default", plugins: [{ pluginRef: "queue-scorer" }] }],
  flowControl: {
    saturationDetector: { pluginRef: "concurrency-detector" },
    defaultPriorityBand: { fairnessPolicyRef: "round-robin-fairness-policy" },
  },
};
const SIMULATOR = { maxNumSeqs: 4, prefillBaseMs: 100, decodePerTokenMs: 20 };
const PATIENCE_MS = 30_000;

for (const hold of ["buffer", "self"] as const) {
  test(`hold ${hold}: tenants get equal shares, whoever sends more, and nothing is lost`, async (t) => {
    const options = {
      simulators: [SIMULATOR, SIMULATOR],
      sidecar: { config: CONFIG },
      envoy: { hold, concurrency: 1 },
    };
    const stack = await startStack(options, t);
    const order: string[] = [];
    const ask = async (tenant: string) => {
      const headers = { "x-llm-d-inference-fairness-id": tenant };
      await complete(stack.url, { prompt: "Hello", outputTokens: 8, headers });
      order.push(tenant);
    };
    const many = Array.from({ length: 100 }, () => ask("many"));
    const known = async () => {
      const stats = await stack.envoy.stats(/inline_epp_(waiting|in_flight)$/);
      return [...stats.values()].reduce((sum, value) => sum + value, order.length);
    };
    await waitUntil("all have come", async () => (await known()) >= many.length, PATIENCE_MS);
    const before = order.length;
    const few = Array.from({ length: 10 }, () => ask("few"));
    await Promise.all([...many, ...few]);
    assert.equal(order.length, 110);
    // Eight were being served and up to a few more had gone by when the small tenant came; then they take turns.
    const last = order.lastIndexOf("few");
    t.diagnostic(`the small tenant's ten came after ${before} and were done after ${last + 1} of 110`);
    assert.ok(last < before + 50, `its last was number ${last + 1}, ${before} were done when it came`);
  });
}

test("while requests wait, the sidecar's metrics say how many of each priority, in all workers", async (t) => {
  const stack = await startStack(
    { simulators: [SIMULATOR], sidecar: { config: CONFIG }, envoy: { concurrency: 2 } },
    t,
  );
  const [pool] = onePool(stack.simulators);
  stack.sidecar.setPools([{ ...pool!, objectives: [{ name: "high", priority: 10 }] }]);
  const gauge = async () => {
    const found = (await stack.sidecar.metrics()).matchAll(/^llm_d_epp_flow_control_queue_size\{(.*)\} (\d+)$/gm);
    return Object.fromEntries([...found].map(([, labels, value]) => [/priority="(.+?)"/.exec(labels!)![1], value]));
  };
  const all = new AbortController();
  const ask = (objective: string) => {
    const headers = { "x-llm-d-inference-objective": objective };
    // Of four that run none ends before the test does.
    complete(stack.url, { prompt: "Hello", outputTokens: 4000, headers, signal: all.signal }).catch(() => undefined);
  };
  await complete(stack.url, { prompt: "Hello", headers: { "x-llm-d-inference-objective": "high" } });
  assert.deepEqual(await gauge(), {});
  for (let i = 0; i < 4; i++) ask("");
  const runs = /^llm_d_epp_request_running\{.*\} 4$/m;
  await waitUntil("four run", async () => runs.test(await stack.sidecar.metrics()), PATIENCE_MS);
  for (let i = 0; i < 5; i++) ask("");
  await waitUntil("five wait", async () => (await gauge())["0"] === "5", PATIENCE_MS);
  for (let i = 0; i < 3; i++) ask("high");
  await waitUntil("three more wait", async () => (await gauge())["10"] === "3", PATIENCE_MS);
  assert.deepEqual(await gauge(), { "0": "5", "10": "3" });
  all.abort();
  await waitUntil("nobody waits", async () => Object.values(await gauge()).every((one) => one === "0"), PATIENCE_MS);
});
