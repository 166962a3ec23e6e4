import assert from "node:assert/strict";
import { test } from "node:test";
import { compile } from "../../../sidecar/epp-config/compile.ts";
import { defaultConfig } from "../../../sidecar/epp-config/default-config.ts";
import { PLUGINS } from "../../../sidecar/epp-config/plugins/catalogue.ts";
import { elsewhereProblem } from "../../../sidecar/epp-config/plugins/elsewhere.ts";
import { readConfig } from "../../../sidecar/epp-config/read.ts";
import { encodePlan } from "../../../wire/encode.ts";
import * as L from "../../../wire/layout.ts";
import { PLAIN_ADMISSION } from "../../../wire/plan-settings.ts";

const HEAD = "apiVersion: llm-d.ai/v1alpha1\nkind: EndpointPickerConfig\n";

test("the default plan is the soonest expected answer, best three", () => {
  const { config, warnings } = defaultConfig();
  assert.deepEqual(warnings, []);
  const { profiles, settings } = compile(config);
  assert.deepEqual(profiles, [
    {
      name: "default",
      steps: [
        {
          stage: L.STAGE_SCORER,
          plugin: L.PLUGIN_EXPECTED_LATENCY_SCORER,
          name: "expected-latency-scorer",
          weight: 1,
          parameters: [],
        },
        {
          stage: L.STAGE_PICKER,
          plugin: L.PLUGIN_MAX_SCORE_PICKER,
          name: "max-score-picker",
          weight: 0,
          parameters: [3],
        },
      ],
    },
  ]);
  assert.deepEqual(settings, {
    handler: L.HANDLER_SINGLE,
    handlerParameters: [0],
    blockTokens: 64,
    maxBlocks: 2048,
    lruBlocks: 0,
    outputRatio: 0,
    outputMax: 0,
    admission: PLAIN_ADMISSION,
    limits: [],
  });
});

test("steps stand by stage, and within a stage as in the file", () => {
  const text = `${HEAD}plugins:
  - {type: random-picker, name: dice, parameters: {maxNumOfEndpoints: 2}}
  - {type: running-requests-size-scorer, name: running}
  - {type: queue-scorer, name: queue}
schedulingProfiles:
  - name: p
    plugins: [{pluginRef: dice}, {pluginRef: queue, weight: 0}, {pluginRef: running, weight: 1.5}]
`;
  const { profiles } = compile(readConfig(text, "f").config);
  assert.deepEqual(
    profiles[0]!.steps.map(({ name, plugin, weight }) => [name, plugin, weight]),
    [
      ["queue", L.PLUGIN_QUEUE_SCORER, 0],
      ["running", L.PLUGIN_RUNNING_REQUESTS_SIZE_SCORER, 1.5],
      ["dice", L.PLUGIN_RANDOM_PICKER, 0],
    ],
  );
});

test("equal configurations have equal epochs, others have others", () => {
  const plan = (weight: number, comment = "") =>
    compile(
      readConfig(
        `${HEAD}${comment}\nplugins: [{type: queue-scorer}]
schedulingProfiles: [{name: p, plugins: [{pluginRef: queue-scorer, weight: ${weight}}]}]\n`,
        "f",
      ).config,
    );
  assert.equal(plan(1).epoch, plan(1, "# a comment").epoch);
  assert.notEqual(plan(1).epoch, plan(2).epoch);
  assert.ok(plan(1).epoch > 0n);
});

test("what compiles also encodes", () => {
  const frame = encodePlan({ pool: "ns/pool", ...compile(defaultConfig().config) });
  const view = new DataView(frame.buffer);
  assert.equal(view.getUint32(L.PLAN_STEPS, true), 2);
});

test("the catalogue names each type once, and none that it refuses", () => {
  const types = PLUGINS.map(({ type }) => type);
  assert.deepEqual([...new Set(types)], types);
  assert.deepEqual(
    types.filter((type) => elsewhereProblem(type) !== undefined),
    [],
  );
});

test("what is advised in place of another picker's plugin is there", () => {
  const advised = (type: string) => /; (\S+) is what comes nearest to it$/.exec(elsewhereProblem(type) ?? "")?.[1];
  assert.equal(advised("precise-prefix-cache-scorer"), "prefix-cache-scorer");
  assert.equal(advised("precise-prefix-cache-producer"), "approx-prefix-cache-producer");
  assert.equal(advised("session-affinity-filter"), "session-affinity-scorer");
  assert.equal(advised("predicted-latency-scorer"), "latency-scorer");
  assert.equal(advised("topology-affinity-scorer"), undefined);
  const types = PLUGINS.map(({ type }) => type);
  for (const type of [
    "prefix-cache-scorer",
    "approx-prefix-cache-producer",
    "session-affinity-scorer",
    "latency-scorer",
  ]) {
    assert.ok(types.includes(type), type);
  }
});

test("plugins with steps, and no others, are filters, scorers and pickers", () => {
  for (const { type, stage, steps, handle, decide } of PLUGINS) {
    assert.equal(steps !== undefined, ["filter", "scorer", "picker"].includes(stage), type);
    assert.equal(handle !== undefined, stage === "profile handler", type);
    assert.equal(decide !== undefined, stage === "decider", type);
  }
});
