// The files of docs/examples/: all can be used as they stand, and do what their pages say.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { file, start } from "../cli/run.ts";
import { poolOf, snapshotText } from "../explain/snapshots.ts";

const FOLDER = new URL("../../../docs/examples/", import.meta.url);
const pathOf = (name: string) => fileURLToPath(new URL(name, FOLDER));
const LONG = "word ".repeat(2000);
const SHORT = "hello";
const PREFILLERS = ["10.0.0.1:8000", "10.0.0.2:8000"];
const DECODERS = ["10.0.0.3:8000", "10.0.0.4:8000"];

for (const name of readdirSync(FOLDER)) {
  test(`${name} passes inline-epp check without a warning`, async (t) => {
    const run = start(t, ["check", pathOf(name)]);
    assert.equal(await run.status, 0, run.error);
    assert.equal(run.error, "");
  });
}

test("the reference's default has its weights, and nothing of the newer group", async (t) => {
  const run = start(t, ["check", pathOf("reference-default.yaml")]);
  await run.status;
  const { apiVersion, schedulingProfiles } = parse(run.out);
  assert.equal(apiVersion, "inference.networking.x-k8s.io/v1alpha1");
  assert.deepEqual(schedulingProfiles[0].plugins.slice(0, 3), [
    { pluginRef: "queue-scorer", weight: 2 },
    { pluginRef: "kv-cache-utilization-scorer", weight: 2 },
    { pluginRef: "prefix-cache-scorer", weight: 3 },
  ]);
});

/** Where prompts go by the example, of its endpoints those that take requests. */
const CASES = [
  { prompt: LONG, ready: [...PREFILLERS, ...DECODERS], prefillers: PREFILLERS, ran: ["decode", "prefill"] },
  { prompt: SHORT, ready: [...PREFILLERS, ...DECODERS], prefillers: [], ran: ["decode"] },
  { prompt: LONG, ready: DECODERS, prefillers: [], ran: ["decode", "prefill"] },
];

async function explained(t: Parameters<typeof start>[0], prompt: string, ready: readonly string[]) {
  const { pools } = parse(readFileSync(pathOf("prefill-decode-endpoints.yaml"), "utf8"));
  const endpoints = pools[0].endpoints.map((one: { address: string }) => ({
    ...one,
    ready: ready.includes(one.address),
  }));
  const state = await file(t, snapshotText({ pools: [poolOf(endpoints)] }));
  const request = await file(t, JSON.stringify({ model: "base", prompt }));
  const config = pathOf("prefill-decode.yaml");
  const run = start(t, ["explain", request, "--state", state, "--config", config, "--output", "json"]);
  assert.equal(await run.status, 0, run.error);
  return JSON.parse(run.out);
}

for (const { prompt, ready, prefillers, ran } of CASES) {
  test(`a prompt of ${prompt.length} bytes, ${ready.length} endpoints ready: ${ran.join(" and ")} run`, async (t) => {
    const { profiles, decision } = await explained(t, prompt, ready);
    assert.deepEqual(
      profiles.map(({ name }: { name: string }) => name),
      ran,
    );
    assert.deepEqual(decision.destinations.toSorted(), DECODERS);
    if (prefillers.length === 0) assert.equal(decision.prefill ?? null, null);
    else assert.ok(prefillers.includes(decision.prefill), decision.prefill);
  });
}

test("where nobody decodes, the answer is 429", async (t) => {
  const { decision } = await explained(t, LONG, PREFILLERS);
  assert.equal(decision.status, 429);
});
