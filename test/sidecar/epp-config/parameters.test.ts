// The parameters of the plugins: their defaults in both API groups, and what is refused of them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { stringify } from "yaml";
import type { ApiGroup } from "../../../sidecar/epp-config/api-group.ts";
import { printable } from "../../../sidecar/epp-config/print.ts";
import { readConfig } from "../../../sidecar/epp-config/read.ts";
import { findingText } from "../../../sidecar/support/findings.ts";
import { problemsOf } from "./problems.ts";

const OLDER = "inference.networking.x-k8s.io";
const NEWER = "llm-d.ai";

type Parameters = Readonly<Record<string, unknown>>;

/** A configuration with one plugin; a queue-scorer and a profile keep it whole. */
function one(type: string, parameters: unknown, group: ApiGroup = NEWER): string {
  return stringify({
    apiVersion: `${group}/v1alpha1`,
    kind: "EndpointPickerConfig",
    plugins: [{ type, name: "subject", parameters }, { type: "queue-scorer" }],
    schedulingProfiles: [{ name: "decode", plugins: [{ pluginRef: "queue-scorer" }] }],
  });
}

function parametersOf(type: string, parameters: unknown, group: ApiGroup): Parameters {
  return readConfig(one(type, parameters, group), "f").config.plugins[0]!.parameters;
}

const SHARED: Readonly<Record<string, Parameters>> = {
  "queue-scorer": {},
  "kv-cache-utilization-scorer": {},
  "running-requests-size-scorer": {},
  "lora-affinity-scorer": {},
  "expected-latency-scorer": {},
  "token-load-scorer": { queueThresholdTokens: 4_194_304 },
  "active-request-scorer": { idleThreshold: 0, maxBusyScore: 1 },
  "load-aware-scorer": { threshold: 128 },
  "no-hit-lru-scorer": { lruSize: 1024 },
  "context-length-aware": { label: "llm-d.ai/context-length-range", enableFiltering: false },
  "session-affinity-scorer": {
    strategy: "encoded_endpoint_header",
    encodedEndpointHeaderConfig: { header: "x-session-token" },
  },
  "latency-scorer": {
    ttftWeight: 0.8,
    tpotWeight: 0.2,
    headroomSelectionStrategy: "least",
    compositeKVWeight: 1,
    compositeQueueWeight: 1,
    compositePrefixWeight: 1,
  },
  "slo-headroom-tier-filter": { epsilonExploreNeg: 0.01 },
  "max-score-picker": { maxNumOfEndpoints: 3 },
  "random-picker": { maxNumOfEndpoints: 3 },
  "weighted-random-picker": { maxNumOfEndpoints: 3 },
  "data-parallel-profile-handler": { primaryPort: 8000 },
  "disagg-profile-handler": {
    stageOrder: "decode-first",
    profiles: { decode: "decode", prefill: "prefill", encode: "encode" },
    deciders: {},
  },
  "pd-profile-handler": { decodeProfile: "decode", prefillProfile: "prefill", primaryPort: 0 },
  "prefix-based-pd-decider": { nonCachedTokens: 0, promptTokens: 0 },
  "always-disagg-pd-decider": {},
  "predicted-latency-producer": {},
  "metrics-data-source": {},
  "core-metrics-extractor": {},
  "utilization-detector": {
    queueDepthThreshold: 5,
    kvCacheUtilThreshold: 0.8,
    metricsStalenessThreshold: "200ms",
    headroom: 0,
  },
  "concurrency-detector": {
    maxConcurrency: 100,
    headroom: 0,
    concurrencyMode: "requests",
    maxTokenConcurrency: 1_000_000,
  },
};

for (const [type, defaults] of Object.entries(SHARED)) {
  test(`defaults of ${type}`, () => {
    for (const group of [OLDER, NEWER] as const) {
      assert.deepEqual(parametersOf(type, undefined, group), defaults);
      assert.deepEqual(parametersOf(type, null, group), defaults);
    }
  });
}

/** Type, then the defaults in the older and in the newer group. */
const BY_GROUP: readonly [string, Parameters, Parameters][] = [
  [
    "prefix-cache-scorer",
    {
      matchLengthWeight: 0,
      matchLengthScaleTokens: 8192,
      autoTune: true,
      maxPrefixBlocksToMatch: 256,
      maxPrefixTokensToMatch: 0,
    },
    { matchLengthWeight: 0, matchLengthScaleTokens: 8192 },
  ],
  [
    "approx-prefix-cache-producer",
    { autoTune: true, maxPrefixBlocksToMatch: 256, maxPrefixTokensToMatch: 0 },
    { autoTune: true, maxPrefixBlocksToMatch: 2048, maxPrefixTokensToMatch: 131_072 },
  ],
  [
    "inflight-load-producer",
    { addEstimatedOutputTokens: true, outputRatio: 1.5 },
    { addEstimatedOutputTokens: false, outputRatio: 1.5 },
  ],
  [
    "prefix-cache-affinity-filter",
    {
      affinityThreshold: 0.8,
      explorationProbability: 0.01,
      maxTTFTPenaltyMs: 5000,
      ttftSource: "latencyPredictor",
      peakPrefillThroughput: 15_928,
    },
    {
      affinityThreshold: 0.8,
      explorationProbability: 0,
      maxTTFTPenaltyMs: 18_000,
      ttftSource: "prefillThroughput",
      peakPrefillThroughput: 15_928,
    },
  ],
];

for (const [type, older, newer] of BY_GROUP) {
  test(`defaults of ${type}, by group`, () => {
    assert.deepEqual(parametersOf(type, undefined, OLDER), older);
    assert.deepEqual(parametersOf(type, undefined, NEWER), newer);
  });
}

/** Type, parameters, and what is wrong with them, behind `plugins[0].parameters`. */
const REFUSED: readonly [string, unknown, string[]][] = [
  ["queue-scorer", [1], [": must be a mapping, is a list"]],
  [
    "token-load-scorer",
    { queueThreshold: 5 },
    ['.queueThreshold: token-load-scorer has no parameter queueThreshold, did you mean "queueThresholdTokens"?'],
  ],
  ["token-load-scorer", { queueThresholdTokens: 1.5 }, [".queueThresholdTokens: must be an integer, is 1.5"]],
  [
    "active-request-scorer",
    { maxBusyScor: 1 },
    ['.maxBusyScor: active-request-scorer has no parameter maxBusyScor, did you mean "maxBusyScore"?'],
  ],
  ["active-request-scorer", { maxBusyScore: "1" }, ['.maxBusyScore: must be a finite number, is "1"']],
  [
    "prefix-cache-scorer",
    { matchLengthWeight: 1.1 },
    [".matchLengthWeight: must be a finite number from 0 to 1, is 1.1"],
  ],
  [
    "prefix-cache-scorer",
    { matchLengthWeight: 0.1, matchLengthScaleTokens: 0 },
    [".matchLengthScaleTokens: must be over 0 with a matchLengthWeight, is 0"],
  ],
  [
    "prefix-cache-scorer",
    { prefixMatchInfoProducerName: "mine" },
    ['.prefixMatchInfoProducerName: no approx-prefix-cache-producer is named "mine"'],
  ],
  [
    "prefix-cache-scorer",
    { prefixMatchInfoProducerName: "queue-scorer" },
    ['.prefixMatchInfoProducerName: no approx-prefix-cache-producer is named "queue-scorer", which is a queue-scorer'],
  ],
  [
    "approx-prefix-cache-producer",
    { blockSizeTokens: 2048 },
    [".blockSizeTokens: must be an integer from 0 to 1024, is 2048"],
  ],
  [
    "approx-prefix-cache-producer",
    { autoTune: false, blockSizeTokens: 0 },
    [".blockSizeTokens: must be at least 1 where autoTune is false, is 0"],
  ],
  ["approx-prefix-cache-producer", { autoTune: "yes" }, ['.autoTune: must be true or false, is "yes"']],
  [
    "approx-prefix-cache-producer",
    { maxPrefixTokensToMatch: -1 },
    [".maxPrefixTokensToMatch: must be an integer of at least 0, is -1"],
  ],
  ["context-length-aware", { label: "" }, [".label: must have 1 to 4096 bytes, has 0"]],
  [
    "latency-scorer",
    { headroomSelectionStrategy: "both" },
    ['.headroomSelectionStrategy: must be "least" or "most", is "both"'],
  ],
  [
    "session-affinity-scorer",
    { strategy: "cookie" },
    ['.strategy: must be "encoded_endpoint_header" or "session_id", is "cookie"'],
  ],
  [
    "session-affinity-scorer",
    { strategy: "session_id", sessionIdConfig: { sources: [{ header: "a", attribute: "b" }] } },
    [".sessionIdConfig.sources[0]: exactly one of header and attribute must be set"],
  ],
  [
    "prefix-cache-affinity-filter",
    { affinityThreshold: 1.1 },
    [".affinityThreshold: must be a finite number of at most 1, is 1.1"],
  ],
  [
    "prefix-cache-affinity-filter",
    { peakPrefillThroughput: 0 },
    [".peakPrefillThroughput: must be over 0 where ttftSource is prefillThroughput, is 0"],
  ],
  [
    "slo-headroom-tier-filter",
    { epsilonExploreNeg: -0.1 },
    [".epsilonExploreNeg: must be a finite number from 0 to 1, is -0.1"],
  ],
  [
    "label-selector-filter",
    { matchLabels: { "a b": "c", ok: "-" }, matchExpression: [] },
    [
      '.matchExpression: label-selector-filter has no parameter matchExpression, did you mean "matchExpressions"?',
      '.matchLabels: "a b" is no name of a label',
      '.matchLabels.ok: "-" is no value of a label',
    ],
  ],
  [
    "label-selector-filter",
    {
      matchExpressions: [
        { key: "a", operator: "In" },
        { key: "b", operator: "Exists", values: ["c"] },
        { key: "d", operator: "Gt" },
        { operator: "Exists" },
      ],
    },
    [
      ".matchExpressions[0]: In needs values",
      ".matchExpressions[1].values: Exists takes no values",
      '.matchExpressions[2].operator: must be "In" or "NotIn" or "Exists" or "DoesNotExist", is "Gt"',
      ".matchExpressions[3]: key is missing: the label that is looked at",
    ],
  ],
  ["by-label", { validValues: ["a"] }, [": label is missing: the label that is looked at"]],
  ["by-label", { label: "a" }, [": validValues must not be empty where allowsNoLabel is false"]],
  [
    "data-parallel-profile-handler",
    { primaryPort: 70_000 },
    [".primaryPort: must be an integer from 0 to 65535, is 70000"],
  ],
  ["prefix-based-pd-decider", { nonCachedTokens: -1 }, [".nonCachedTokens: must be an integer of at least 0, is -1"]],
  [
    "disagg-profile-handler",
    { stageOrder: "prefill-first" },
    [".stageOrder: prefill-first is known, but this version does not have it; it has decode-first"],
  ],
  [
    "disagg-profile-handler",
    { decodeProfile: "decode", deciders: {} },
    [": decodeProfile cannot stand beside profiles and deciders, which say the same"],
  ],
  [
    "disagg-profile-handler",
    { deciders: { prefil: "a" } },
    ['.deciders.prefil: unknown field, did you mean "prefill"?'],
  ],
  [
    "disagg-profile-handler",
    { deciders: { prefill: "nobody" } },
    ['.deciders.prefill: no plugin is named "nobody", known are subject, queue-scorer'],
  ],
  [
    "disagg-profile-handler",
    { deciders: { prefill: "queue-scorer" } },
    [".deciders.prefill: queue-scorer is a scorer, not a decider"],
  ],
  ["inflight-load-producer", { outputRatio: -1 }, [".outputRatio: must be a finite number of at least 0, is -1"]],
  ["predicted-latency-producer", { sloBufferFactor: 0 }, [".sloBufferFactor: must be a finite number over 0, is 0"]],
  ["token-producer", { vllm: {} }, [": modelName is missing"]],
  ["token-producer", { modelName: "m", vllm: {}, estimate: {} }, [": estimate and vllm cannot stand together"]],
  ["session-id-producer", {}, [": exactly one of headerName and cookieName must be set"]],
  ["metrics-data-source", { port: 0 }, [".port: must be an integer from 1 to 65535, is 0"]],
  [
    "utilization-detector",
    { kvCacheUtilThreshold: 0, metricsStalenessThreshold: "0s", headroom: -1 },
    [
      ".kvCacheUtilThreshold: must be a finite number over 0 and of at most 1, is 0",
      '.metricsStalenessThreshold: must be a duration over 0, is "0s"',
      ".headroom: must be a finite number of at least 0, is -1",
    ],
  ],
  [
    "concurrency-detector",
    { concurrencyMode: "bytes" },
    ['.concurrencyMode: must be "requests" or "tokens" or "hybrid", is "bytes"'],
  ],
  [
    "priority-holdback-policy",
    { minCeiling: 0.9, maxCeiling: 0.5 },
    [".minCeiling: must be less than maxCeiling, is 0.9 to 0.5"],
  ],
  ["k8s-notification-source", { version: "v1" }, [": kind is missing: kind of the objects"]],
];

for (const [type, parameters, problems] of REFUSED) {
  test(`refused: ${type} with ${JSON.stringify(parameters)}`, () => {
    const found = problemsOf(one(type, parameters)).map((problem) => problem.replace(/ \(line \d+\)/, ""));
    assert.deepEqual(
      found,
      problems.map((problem) => `plugins[0].parameters${problem}`),
    );
  });
}

test("numbers that the reference corrects are corrected, with a word", () => {
  const cases: readonly [string, Parameters, Parameters, string][] = [
    ["token-load-scorer", { queueThresholdTokens: 0 }, { queueThresholdTokens: 4_194_304 }, "0"],
    ["load-aware-scorer", { threshold: -3 }, { threshold: 128 }, "-3"],
    ["no-hit-lru-scorer", { lruSize: 0 }, { lruSize: 1024 }, "0"],
    ["active-request-scorer", { maxBusyScore: 1.5 }, { idleThreshold: 0, maxBusyScore: 1 }, "1.5"],
    ["active-request-scorer", { idleThreshold: -1 }, { idleThreshold: 0, maxBusyScore: 1 }, "-1"],
  ];
  for (const [type, given, kept, shown] of cases) {
    const { config, warnings } = readConfig(one(type, given), "f");
    assert.deepEqual(config.plugins[0]!.parameters, kept);
    assert.match(warnings[0]!.message, new RegExp(`^${shown} is out of range and counts as `));
  }
});

test("what is absent by label or by value is told apart", () => {
  const terms = (parameters: Parameters) => {
    const { descriptor, parameters: read } = readConfig(one("by-label", parameters), "f").config.plugins[0]!;
    return descriptor.steps!(read)[0]!.terms;
  };
  assert.deepEqual(terms({ label: "a", validValues: ["x"] }), [{ key: "a", operator: 1, values: ["x"] }]);
  // An absent label reads as "", so that the value "" lets it pass.
  assert.deepEqual(terms({ label: "a", validValues: [""] }), [{ key: "a", operator: 5, values: [""] }]);
  assert.deepEqual(terms({ label: "a", allowsNoLabel: true }), [{ key: "a", operator: 5, values: [] }]);
});

test("the effective form names parameters as the configuration does", () => {
  const { config } = readConfig(one("disagg-profile-handler", { deciderPluginName: "" }), "f");
  const { plugins } = printable(config) as { plugins: object[] };
  assert.deepEqual(plugins[0], {
    name: "subject",
    type: "disagg-profile-handler",
    parameters: SHARED["disagg-profile-handler"],
  });
  assert.deepEqual(
    readConfig(one("metrics-data-source", { path: "/m" }), "f")
      .warnings.map(findingText)
      .at(0)
      ?.replace(/ \(line \d+\)/, ""),
    "plugins[0].parameters.path: path of metrics-data-source has no effect in this version",
  );
});
