import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { file, start } from "./run.ts";

const CONFIG = `apiVersion: inference.networking.x-k8s.io/v1alpha1
kind: EndpointPickerConfig
featureGates: [flowControl]
plugins:
  - type: queue-scorer
`;

const BAND = {
  maxBytes: "1G",
  maxRequests: 5000,
  fairnessPolicyRef: "global-strict-fairness-policy",
  orderingPolicyRef: "fcfs-ordering-policy",
};

const EFFECTIVE = {
  apiVersion: "inference.networking.x-k8s.io/v1alpha1",
  kind: "EndpointPickerConfig",
  featureGates: ["flowControl"],
  plugins: [
    { name: "queue-scorer", type: "queue-scorer" },
    { name: "max-score-picker", type: "max-score-picker", parameters: { maxNumOfEndpoints: 3 } },
    { name: "single-profile-handler", type: "single-profile-handler" },
    { name: "fcfs-ordering-policy", type: "fcfs-ordering-policy" },
    { name: "global-strict-fairness-policy", type: "global-strict-fairness-policy" },
    { name: "static-usage-limit-policy", type: "static-usage-limit-policy", parameters: { threshold: 1 } },
    { name: "openai-parser", type: "openai-parser" },
    {
      name: "utilization-detector",
      type: "utilization-detector",
      parameters: {
        queueDepthThreshold: 5,
        kvCacheUtilThreshold: 0.8,
        metricsStalenessThreshold: "200ms",
        headroom: 0,
      },
    },
    { name: "metrics-data-source", type: "metrics-data-source" },
    { name: "core-metrics-extractor", type: "core-metrics-extractor" },
  ],
  schedulingProfiles: [
    { name: "default", plugins: [{ pluginRef: "queue-scorer", weight: 1 }, { pluginRef: "max-score-picker" }] },
  ],
  dataLayer: {
    sources: [{ pluginRef: "metrics-data-source", extractors: [{ pluginRef: "core-metrics-extractor" }] }],
  },
  flowControl: {
    maxBytes: 0,
    maxRequests: 0,
    defaultRequestTTL: "60s",
    noEndpointRequestTTL: "60s",
    defaultPriorityBand: BAND,
    defaultNegativePriorityBand: BAND,
    priorityBands: [],
    usageLimitPolicyPluginRef: "static-usage-limit-policy",
  },
  saturationDetector: { pluginRef: "utilization-detector" },
  parser: { pluginRef: "openai-parser" },
};

test("a good configuration is printed with its defaults, warnings aside", async (t) => {
  const path = await file(t, CONFIG);
  const run = start(t, ["check", path]);
  assert.equal(await run.status, 0);
  assert.deepEqual(parse(run.out), EFFECTIVE);
  assert.equal(run.error, "");
  const json = start(t, ["check", path, "--output", "json"]);
  assert.equal(await json.status, 0);
  assert.deepEqual(JSON.parse(json.out), EFFECTIVE);
});

test("a bad configuration is refused with all its problems", async (t) => {
  const path = await file(
    t,
    `${CONFIG}  - type: precise-prefix-cache-scorer\nschedulingProfiles: [{name: p, plugins: [{pluginRef: x}]}]\n`,
  );
  const run = start(t, ["check", path]);
  assert.equal(await run.status, 1);
  assert.equal(run.out, "");
  assert.deepEqual(run.error.split("\n"), [
    `${path} is refused:`,
    "  plugins[1].type (line 6): precise-prefix-cache-scorer is a known plugin that this version does not have; prefix-cache-scorer is what comes nearest to it",
    '  schedulingProfiles[0].plugins[0].pluginRef (line 7): no plugin is named "x", known are queue-scorer, precise-prefix-cache-scorer',
    "",
  ]);
});

test("a file of endpoints is printed with its defaults", async (t) => {
  const path = await file(t, "pools:\n  - name: ns/p\n    endpoints: [{address: 10.0.0.1:8000}]\n");
  const run = start(t, ["check", path]);
  assert.equal(await run.status, 0, run.error);
  assert.deepEqual(parse(run.out), {
    pools: [
      {
        name: "ns/p",
        endpoints: [
          {
            address: "10.0.0.1:8000",
            name: "10.0.0.1:8000",
            zone: "",
            ready: true,
            rank: 0,
            metrics: "http://10.0.0.1:8000/metrics",
            labels: {},
          },
        ],
      },
    ],
  });
  const again = start(t, ["check", await file(t, run.out)]);
  assert.equal(await again.status, 0, again.error);
  assert.equal(again.out, run.out);
});

test("a role that no filter knows is warned of", async (t) => {
  const path = await file(
    t,
    "pools:\n- name: p\n  endpoints: [{address: 10.0.0.1:80, labels: {llm-d.ai/role: prefil}}]\n",
  );
  const run = start(t, ["check", path]);
  assert.equal(await run.status, 0);
  assert.equal(
    run.error,
    'warning: pools[0].endpoints[0].labels["llm-d.ai/role"] (line 3): "prefil" is not a known role, ' +
      'did you mean "prefill"?\n',
  );
});

test("a bad file of endpoints is refused", async (t) => {
  const path = await file(t, "pools: [{name: p, endpoints: [{address: nowhere}]}]\n");
  const run = start(t, ["check", path]);
  assert.equal(await run.status, 1);
  assert.ok(run.error.startsWith(`${path} is refused:\n  pools[0].endpoints[0].address (line 1): `), run.error);
});

test("a file that cannot be read is told", async (t) => {
  const run = start(t, ["check", "no/such/file"]);
  assert.equal(await run.status, 1);
  assert.match(run.error, /^cannot read no\/such\/file: ENOENT/);
});
