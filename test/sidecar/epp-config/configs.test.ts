// Whole configurations as users have them: what each compiles to, what it prints, and what it is warned of.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { stringify } from "yaml";
import { compile } from "../../../sidecar/epp-config/compile.ts";
import { PLUGINS } from "../../../sidecar/epp-config/plugins/catalogue.ts";
import { printable } from "../../../sidecar/epp-config/print.ts";
import { readConfig } from "../../../sidecar/epp-config/read.ts";
import { findingText } from "../../../sidecar/support/findings.ts";
import { encodePlan } from "../../../wire/encode.ts";
import * as L from "../../../wire/layout.ts";
import type { PlanSettings, PlanStep } from "../../../wire/model.ts";
import { PLAIN_ADMISSION, PLAIN_BAND } from "../../../wire/plan-settings.ts";
import { problemsOf } from "./problems.ts";

const FOLDER = new URL("configs/", import.meta.url);
const FILES = readdirSync(FOLDER);

function textOf(file: string): string {
  return readFileSync(new URL(file, FOLDER), "utf8");
}

/** One step: plugin, name, weight, then parameters, text and terms where there are any. */
type Row = [plugin: number, name: string, weight: number, ...rest: unknown[]];

function row({ plugin, name, weight, parameters, text, terms }: PlanStep): Row {
  const rest: unknown[] = parameters.length > 0 ? [...parameters] : [];
  if (text !== undefined) rest.push(text);
  for (const { key, operator, values } of terms ?? []) rest.push([key, operator, ...values]);
  return [plugin, name, weight, ...rest];
}

const BEST: Row = [L.PLUGIN_MAX_SCORE_PICKER, "max-score-picker", 0, 3];
const QUEUE: Row = [L.PLUGIN_QUEUE_SCORER, "queue-scorer", 1];
const PREFIX: Row = [L.PLUGIN_PREFIX_CACHE_SCORER, "prefix-cache-scorer", 2, 0, 8192];
const role = (name: string, operator: number, ...roles: string[]): Row => [
  L.PLUGIN_LABEL_SELECTOR_FILTER,
  name,
  0,
  ["llm-d.ai/role", operator, ...roles],
];
const DECODE = role("decode-filter", L.TERM_IN_OR_ABSENT, "decode", "prefill-decode", "both", "encode-prefill-decode");
const PREFILL = role(
  "prefill-filter",
  L.TERM_IN,
  "prefill",
  "encode-prefill",
  "prefill-decode",
  "both",
  "encode-prefill-decode",
);
const ENCODE = role("encode-filter", L.TERM_IN, "encode", "encode-prefill", "encode-prefill-decode");

const OLDER: PlanSettings = {
  handler: L.HANDLER_SINGLE,
  handlerParameters: [0],
  blockTokens: 0,
  maxBlocks: 256,
  lruBlocks: 0,
  outputRatio: 0,
  outputMax: 0,
  admission: PLAIN_ADMISSION,
  limits: [],
};
const NEWER: PlanSettings = { ...OLDER, blockTokens: 64, maxBlocks: 2048 };
const none = (what: string) => `${what} has no effect in this version`;

interface Expected {
  readonly profiles: Readonly<Record<string, Row[]>>;
  readonly settings: PlanSettings;
  readonly warnings: readonly string[];
}

const EXPECTED: Readonly<Record<string, Expected>> = {
  "queue-kv-prefix.yaml": {
    profiles: {
      default: [
        [L.PLUGIN_QUEUE_SCORER, "queue-scorer", 2],
        [L.PLUGIN_KV_CACHE_UTILIZATION_SCORER, "kv-cache-utilization-scorer", 2],
        [L.PLUGIN_PREFIX_CACHE_SCORER, "prefix-cache-scorer", 3, 0, 8192],
        BEST,
      ],
    },
    settings: OLDER,
    warnings: [],
  },
  "prefix-in-scorer.yaml": {
    profiles: {
      adapters: [
        [L.PLUGIN_PREFIX_CACHE_SCORER, "prefix", 0.5, 0, 8192],
        [L.PLUGIN_LORA_AFFINITY_SCORER, "lora-affinity-scorer", 4],
        [L.PLUGIN_RUNNING_REQUESTS_SIZE_SCORER, "running-requests-size-scorer", 1],
        [L.PLUGIN_RANDOM_PICKER, "random-picker", 0, 2],
      ],
    },
    settings: { ...OLDER, blockTokens: 32, maxBlocks: 512, lruBlocks: 20_000 },
    warnings: [],
  },
  "old-names.yaml": {
    profiles: {
      prefill: [
        PREFILL,
        [L.PLUGIN_LABEL_SELECTOR_FILTER, "not-spot", 0, ["pool", L.TERM_IN_OR_ABSENT, "reserved", "on-demand"]],
        PREFIX,
        BEST,
      ],
      decode: [
        [L.PLUGIN_LABEL_SELECTOR_FILTER, "by-label-selector", 0, ["tier", L.TERM_IN, "gold"]],
        DECODE,
        PREFIX,
        BEST,
      ],
    },
    // Ten characters are three tokens of four, rounded up.
    settings: {
      ...OLDER,
      handler: L.HANDLER_DISAGG,
      handlerParameters: [1, 0, -1, L.DECIDER_PREFIX, 3, 0, L.DECIDER_NEVER, 8000],
      lruBlocks: 31_250,
      admission: { ...PLAIN_ADMISSION, detectorParameters: [10, 0.9, 150, 0] },
    },
    warnings: [
      `plugins[0].parameters.hashBlockSize (line 7): ${none("hashBlockSize of prefix-cache-scorer")}`,
      `plugins[6].parameters.hashBlockSize (line 25): ${none("hashBlockSize of pd-profile-handler")}`,
    ],
  },
  "latency-older-group.yaml": {
    profiles: {
      default: [
        [L.PLUGIN_PREFIX_CACHE_AFFINITY_FILTER, "strict", 0, 0.99, 0.01, 5000, 1, 15_928],
        [L.PLUGIN_SLO_HEADROOM_TIER_FILTER, "slo-headroom-tier-filter", 0, 0.01],
        [L.PLUGIN_PREFIX_CACHE_AFFINITY_FILTER, "loose", 0, 0.8, 0.01, 0, 1, 15_928],
        [L.PLUGIN_LATENCY_SCORER, "latency-scorer", 1, 0.8, 0, 1, 1, 1, 1],
        [L.PLUGIN_WEIGHTED_RANDOM_PICKER, "weighted-random-picker", 0, 3],
      ],
    },
    settings: { ...OLDER, outputRatio: 1.5 },
    warnings: [
      `plugins[0].parameters.streamingMode (line 6): ${none("streamingMode of predicted-latency-producer")}`,
      `plugins[6] (line 17): ${none("latency-slo-admitter")}`,
      "schedulingProfiles[0].plugins[0].pluginRef (line 22): predicted-latency-producer is a data producer and has no effect in a profile",
    ],
  },
  "latency-newer-group.yaml": {
    profiles: {
      slo: [
        [L.PLUGIN_SLO_HEADROOM_TIER_FILTER, "slo-headroom-tier-filter", 0, 0.02],
        [L.PLUGIN_PREFIX_CACHE_AFFINITY_FILTER, "prefix-cache-affinity-filter", 0, 0.8, 0.05, 18_000, 0, 20_000],
        [L.PLUGIN_LATENCY_SCORER, "latency-scorer", 3, 0.6, 0.4, 0, 2, 1, 1],
        [L.PLUGIN_EXPECTED_LATENCY_SCORER, "expected-latency-scorer", 1],
        BEST,
      ],
    },
    settings: NEWER,
    warnings: [],
  },
  "loads.yaml": {
    profiles: {
      default: [
        [L.PLUGIN_TOKEN_LOAD_SCORER, "token-load-scorer", 1, 1_000_000],
        [L.PLUGIN_ACTIVE_REQUEST_SCORER, "active-request-scorer", 1, 2, 0.5],
        [L.PLUGIN_LOAD_AWARE_SCORER, "load-aware-scorer", 1, 64],
        QUEUE,
        [L.PLUGIN_RUNNING_REQUESTS_SIZE_SCORER, "running-requests-size-scorer", 1],
        [L.PLUGIN_KV_CACHE_UTILIZATION_SCORER, "kv-cache-utilization-scorer", 1],
        BEST,
      ],
    },
    settings: { ...NEWER, outputRatio: 2.5, outputMax: 4096 },
    warnings: [
      `plugins[7].parameters.modelName (line 18): ${none("modelName of token-producer")}`,
      `plugins[7].parameters.vllm (line 18): ${none("vllm of token-producer")}`,
    ],
  },
  "prefixes.yaml": {
    profiles: {
      default: [
        [L.PLUGIN_PREFIX_CACHE_SCORER, "prefix-cache-scorer", 2, 0.25, 4096],
        [L.PLUGIN_NO_HIT_LRU_SCORER, "no-hit-lru-scorer", 1, 2048],
        [L.PLUGIN_MAX_SCORE_PICKER, "max-score-picker", 0, 5],
      ],
    },
    // 16,384 tokens are 128 blocks of 128.
    settings: { ...NEWER, blockTokens: 128, maxBlocks: 128, lruBlocks: 256 },
    warnings: [],
  },
  "labels-sessions-lengths.yaml": {
    profiles: {
      default: [
        [L.PLUGIN_CONTEXT_LENGTH_FILTER, "context-length-aware", 0, "example.com/lengths"],
        [
          L.PLUGIN_LABEL_SELECTOR_FILTER,
          "label-selector-filter",
          0,
          ["app.kubernetes.io/name", L.TERM_IN, "vllm"],
          ["zone", L.TERM_IN, "a", "b"],
          ["canary", L.TERM_DOES_NOT_EXIST],
          ["state", L.TERM_NOT_IN, "draining"],
          ["gpu", L.TERM_EXISTS],
        ],
        [L.PLUGIN_SESSION_AFFINITY_SCORER, "session-affinity-scorer", 10, "x-my-session"],
        [L.PLUGIN_CONTEXT_LENGTH_SCORER, "context-length-aware", 2, "example.com/lengths"],
        BEST,
      ],
    },
    settings: NEWER,
    warnings: [
      `plugins[3].parameters.sessionIdConfig (line 20): ${none("sessionIdConfig of session-affinity-scorer")}`,
      "plugins[3].parameters.strategy (line 19): session_id has no effect in this version: no session is remembered",
      `plugins[4] (line 21): ${none("session-id-producer")}`,
      `plugins[5] (line 23): ${none("agent-identity")}`,
    ],
  },
  "prefill-decode.yaml": {
    profiles: { prefill: [PREFILL, PREFIX, QUEUE, BEST], decode: [DECODE, PREFIX, QUEUE, BEST] },
    settings: {
      ...NEWER,
      handler: L.HANDLER_DISAGG,
      handlerParameters: [1, 0, -1, L.DECIDER_PREFIX, 16, 64, L.DECIDER_NEVER, 0],
      maxBlocks: 256,
      lruBlocks: 31_250,
    },
    warnings: [],
  },
  "encode-prefill-decode.yaml": {
    profiles: { e: [ENCODE, QUEUE, BEST], p: [PREFILL, QUEUE, BEST], d: [DECODE, QUEUE, BEST] },
    settings: {
      ...NEWER,
      handler: L.HANDLER_DISAGG,
      handlerParameters: [2, 1, 0, L.DECIDER_ALWAYS, 0, 0, L.DECIDER_MULTIMODAL, 0],
    },
    warnings: [],
  },
  "data-parallel.yaml": {
    profiles: { default: [DECODE, PREFIX, BEST] },
    settings: { ...NEWER, handler: L.HANDLER_DATA_PARALLEL, handlerParameters: [0, 0, 0, 0, 0, 0, 0, 8200] },
    warnings: [],
  },
  "flow-control.yaml": {
    profiles: { default: [QUEUE, BEST] },
    settings: {
      ...NEWER,
      admission: {
        detector: L.DETECTOR_CONCURRENCY,
        detectorParameters: [132, 1_000_000, 0, 0],
        usageLimit: 1,
        flowControl: true,
        queueBytes: 10_737_418_240n,
        queueRequests: 1000,
        ttl: 60_000,
        noEndpointTtl: 60_000,
        bands: [
          {
            ...{ kind: L.BAND_EXACT, priority: 100, maxRequests: 500 },
            ...{ maxBytes: 1_000_000_000n, fairness: L.FAIRNESS_ROUND_ROBIN, order: L.ORDER_FCFS, halfLife: 10 },
          },
          {
            ...{ kind: L.BAND_EXACT, priority: -10, maxRequests: 50 },
            ...{ maxBytes: 1_000_000_000n, fairness: L.FAIRNESS_RECENT_TOKENS, order: L.ORDER_EDF, halfLife: 60 },
          },
          PLAIN_BAND,
          { ...PLAIN_BAND, kind: L.BAND_NEGATIVE },
        ],
      },
    },
    warnings: [
      `featureGates[1] (line 4): ${none("haPopulateNonLeaderDatastore=false")}`,
      `plugins[3] (line 9): ${none("program-aware-fairness")}`,
      `plugins[8] (line 15): ${none("priority-holdback-policy")}`,
      `plugins[9] (line 17): ${none("soft-reflective-ceiling-policy")}`,
      `plugins[10] (line 18): ${none("sheddable-eviction-filter")}`,
      `plugins[11] (line 19): ${none("priority-then-time-eviction-order-policy")}`,
      `plugins[12] (line 20): ${none("probabilistic-admitter")}`,
    ],
  },
  "rate-limits.yaml": {
    profiles: { default: [QUEUE, BEST] },
    settings: {
      ...NEWER,
      limits: [
        {
          ...{ name: "clients", models: [], header: "x-api-key", perModel: true },
          ...{ requests: 100, tokens: 100_000, per: 60_000_000, burst: 6_000_000 },
        },
        {
          ...{ name: "large", models: ["large"], header: "", perModel: false },
          ...{ requests: 0, tokens: 50_000_000, per: 3_600_000_000, burst: 3_600_000_000 },
        },
      ],
    },
    warnings: [],
  },
  "sources-and-parsers.yaml": {
    profiles: { default: [[L.PLUGIN_RANDOM_PICKER, "random-picker", 0, 3]] },
    settings: NEWER,
    warnings: [
      `dataLayer.injectDefaults (line 34): ${none("injectDefaults")}`,
      `dataLayer.discovery (line 40): ${none("discovery")}`,
      `dataLayer.crossReplicaSyncerPluginRef (line 41): ${none("crossReplicaSyncerPluginRef")}`,
      `plugins[1].parameters.scheme (line 7): ${none("scheme of metrics-data-source")}`,
      `plugins[1].parameters.port (line 7): ${none("port of metrics-data-source")}`,
      `plugins[2].parameters.defaultEngine (line 9): ${none("defaultEngine of core-metrics-extractor")}`,
      `plugins[3] (line 10): ${none("models-data-source")}`,
      `plugins[4] (line 11): ${none("models-data-extractor")}`,
      `plugins[5] (line 12): ${none("dcgm-data-source")}`,
      `plugins[6] (line 13): ${none("dcgm-extractor")}`,
      `plugins[7] (line 14): ${none("k8s-notification-source")}`,
      `plugins[8] (line 16): ${none("endpoint-notification-source")}`,
      `plugins[9] (line 17): ${none("file-discovery")}`,
      `plugins[10] (line 19): ${none("local-syncer")}`,
      `plugins[11] (line 20): ${none("request-attribute-reporter")}`,
      `plugins[12] (line 22): ${none("destination-endpoint-served-verifier")}`,
      `plugins[17] (line 27): ${none("sglanghttp-parser")}`,
      `plugins[18] (line 28): ${none("vertexai-parser")}`,
      `plugins[19] (line 29): ${none("vllmgrpc-parser")}`,
      `requestHandler (line 43): ${none("the choice of vllmgrpc-parser and openai-parser")}`,
    ],
  },
};

test("every file has its expectation", () => {
  assert.deepEqual(FILES.toSorted(), Object.keys(EXPECTED).toSorted());
});

for (const [file, { profiles, settings, warnings }] of Object.entries(EXPECTED)) {
  test(`${file} compiles to its plan`, () => {
    const { config, warnings: found } = readConfig(textOf(file), file);
    const plan = compile(config);
    assert.deepEqual(Object.fromEntries(plan.profiles.map(({ name, steps }) => [name, steps.map(row)])), profiles);
    assert.deepEqual(
      plan.profiles.map(({ name }) => name),
      Object.keys(profiles),
    );
    assert.deepEqual(plan.settings, settings);
    assert.deepEqual(found.map(findingText), warnings);
    const frame = encodePlan({ pool: "ns/pool", ...plan });
    assert.equal(new DataView(frame.buffer).getUint32(L.PLAN_PROFILES, true), Object.keys(profiles).length);
  });

  test(`${file} reads back as itself from its effective form`, () => {
    const { config, warnings: found } = readConfig(textOf(file), file);
    const again = readConfig(stringify(printable(config)), file);
    assert.deepEqual(again.config, config);
    assert.deepEqual(
      again.warnings
        .map(({ message }) => message)
        // The effective form has the section even where nobody wrote it.
        .toSorted(),
      // What has no effect in a profile is not in the effective form.
      found
        .map(({ message }) => message)
        .filter((message) => !message.endsWith(" in a profile"))
        .toSorted(),
    );
    assert.deepEqual(compile(again.config), compile(config));
  });
}

test("together they use every plugin", () => {
  const used = new Set(
    FILES.flatMap((file) => readConfig(textOf(file), file).config.plugins.map(({ descriptor }) => descriptor.type)),
  );
  assert.deepEqual(
    PLUGINS.map(({ type }) => type).filter((type) => !used.has(type)),
    [],
  );
});

/** What only the older group has. */
const OLDER_ONLY: Readonly<Record<string, string[]>> = {
  "prefix-in-scorer.yaml": ["autoTune", "blockSizeTokens", "maxPrefixBlocksToMatch", "lruCapacityPerServer"],
  "old-names.yaml": ["hashBlockSize", "maxPrefixBlocksToMatch", "lruCapacityPerServer"],
};

for (const file of FILES) {
  test(`${file} reads in the other group too, but for parameters that stand elsewhere there`, () => {
    const text = textOf(file);
    const [older, newer] = ["inference.networking.x-k8s.io/v1alpha1", "llm-d.ai/v1alpha1"] as const;
    const other = text.includes(older) ? text.replace(older, newer) : text.replace(newer, older);
    const known = "known are matchLengthWeight, matchLengthScaleTokens, prefixMatchInfoProducerName";
    assert.deepEqual(
      problemsOf(other).map((problem) => problem.replace(/^.*: /, "")),
      (OLDER_ONLY[file] ?? []).map((name) =>
        name === "hashBlockSize"
          ? `prefix-cache-scorer has no parameter ${name}, ${known}`
          : `${name} is a parameter of approx-prefix-cache-producer, not of prefix-cache-scorer, in llm-d.ai/v1alpha1`,
      ),
    );
  });
}
