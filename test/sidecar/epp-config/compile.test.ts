import assert from "node:assert/strict";
import { test } from "node:test";
import { compile } from "../../../sidecar/epp-config/compile.ts";
import { defaultConfig } from "../../../sidecar/epp-config/default-config.ts";
import { PLUGINS } from "../../../sidecar/epp-config/plugins/catalogue.ts";
import { knownElsewhere } from "../../../sidecar/epp-config/plugins/elsewhere.ts";
import { readConfig } from "../../../sidecar/epp-config/read.ts";
import { encodePlan } from "../../../wire/encode.ts";
import * as L from "../../../wire/layout.ts";

const HEAD = "apiVersion: llm-d.ai/v1alpha1\nkind: EndpointPickerConfig\n";

test("the default plan is queue 2, KV cache 2, best three", () => {
  assert.deepEqual(compile(defaultConfig().config).profiles, [
    {
      name: "default",
      steps: [
        { stage: L.STAGE_SCORER, plugin: L.PLUGIN_QUEUE_SCORER, name: "queue-scorer", weight: 2, parameters: [] },
        {
          stage: L.STAGE_SCORER,
          plugin: L.PLUGIN_KV_CACHE_UTILIZATION_SCORER,
          name: "kv-cache-utilization-scorer",
          weight: 2,
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
  assert.equal(view.getUint32(L.PLAN_STEPS, true), 3);
});

test("the catalogue fits the wire", () => {
  const constants = new Set<number>();
  for (const { type, stage, wire, parameters } of PLUGINS) {
    assert.ok(parameters.length <= 4, type);
    assert.equal(wire === undefined, stage === "profile handler", type);
    assert.ok(!knownElsewhere(type), `${type} is here`);
    if (wire === undefined) continue;
    assert.ok(!constants.has(wire), type);
    constants.add(wire);
  }
});
