// What handlers, producers and sections come to, and where they contradict each other.

import assert from "node:assert/strict";
import { test } from "node:test";
import { readConfig } from "../../../sidecar/epp-config/read.ts";
import { findingText } from "../../../sidecar/support/findings.ts";
import { DECIDER_ALWAYS, DECIDER_NEVER, HANDLER_DISAGG } from "../../../wire/layout.ts";
import { problemsOf } from "./problems.ts";

const OLDER = "apiVersion: inference.networking.x-k8s.io/v1alpha1\nkind: EndpointPickerConfig\n";
const NEWER = "apiVersion: llm-d.ai/v1alpha1\nkind: EndpointPickerConfig\n";

function settingsOf(text: string) {
  return readConfig(text, "f").config.settings;
}

function warningsOf(text: string): string[] {
  return readConfig(text, "f").warnings.map(findingText);
}

function prefixOf(text: string): number[] {
  const { blockTokens, maxBlocks, lruBlocks } = settingsOf(text);
  return [blockTokens, maxBlocks, lruBlocks];
}

test("prefix settings of the older group: by the scorer, autoTune as the engine has it", () => {
  const scorer = (parameters: string) =>
    prefixOf(`${OLDER}plugins: [{type: prefix-cache-scorer, parameters: {${parameters}}}]\n`);
  assert.deepEqual(scorer(""), [0, 256, 0]);
  assert.deepEqual(scorer("autoTune: false"), [16, 256, 31_250]);
  assert.deepEqual(scorer("blockSizeTokens: 16"), [16, 256, 0]);
  assert.deepEqual(scorer("lruCapacityPerServer: 1000"), [0, 256, 1000]);
  // 1000 tokens are 62 blocks of 16, which stands for the size that the engine will have.
  assert.deepEqual(scorer("maxPrefixTokensToMatch: 1000"), [0, 62, 0]);
  assert.deepEqual(scorer("maxPrefixTokensToMatch: 1000, blockSizeTokens: 100"), [100, 10, 0]);
  assert.deepEqual(scorer("blockSize: 5"), [0, 256, 0]);
});

test("prefix settings of the newer group: by the producer, blocks of 64 tokens at least", () => {
  const producer = (parameters: string) =>
    prefixOf(
      `${NEWER}plugins: [{type: prefix-cache-scorer}, {type: approx-prefix-cache-producer, parameters: {${parameters}}}]\n`,
    );
  assert.deepEqual(producer(""), [64, 2048, 0]);
  assert.deepEqual(producer("autoTune: false"), [64, 2048, 31_250]);
  assert.deepEqual(producer("blockSizeTokens: 16"), [64, 2048, 0]);
  assert.deepEqual(producer("blockSizeTokens: 128"), [128, 1024, 0]);
  assert.deepEqual(producer("blockSize: 256"), [256, 512, 0]);
  assert.deepEqual(producer("maxPrefixTokensToMatch: 0, maxPrefixBlocksToMatch: 100"), [64, 100, 0]);
  assert.deepEqual(producer("maxPrefixTokensToMatch: 0, maxPrefixBlocksToMatch: 0"), [64, 4096, 0]);
  assert.deepEqual(producer("maxPrefixTokensToMatch: 10"), [64, 1, 0]);
  assert.deepEqual(producer("maxPrefixTokensToMatch: 1000000"), [64, 4096, 0]);
});

test("prefix settings that cannot be had in full are warned of", () => {
  const producer = (parameters: string) =>
    warningsOf(
      `${NEWER}plugins: [{type: prefix-cache-scorer}, {type: approx-prefix-cache-producer, parameters: {${parameters}}}]\n`,
    );
  assert.deepEqual(producer("blockSizeTokens: 16"), [
    "plugins[1].parameters (line 3): blocks of 16 tokens count as 64, as in the reference",
  ]);
  assert.deepEqual(producer("maxPrefixTokensToMatch: 1000000"), [
    "plugins[1].parameters (line 3): 15625 blocks of a prompt would be looked at, 4096 are the most in this version",
  ]);
  assert.deepEqual(producer("maxPrefixTokensToMatch: 10"), [
    "plugins[1].parameters.maxPrefixTokensToMatch (line 3): is less than a block; one block is looked at",
  ]);
});

const TWO = `plugins:
  - {type: approx-prefix-cache-producer, name: cpu, parameters: {lruCapacityPerServer: 1000}}
  - {type: prefix-cache-scorer, name: of-gpu}
  - {type: prefix-cache-scorer, name: of-cpu, parameters: {prefixMatchInfoProducerName: cpu}}
`;

test("two sets of prefix settings are refused, both named", () => {
  assert.deepEqual(problemsOf(NEWER + TWO), [
    "plugins (line 4): approx-prefix-cache-producer, which of-gpu reads by default, and cpu say different things of prefix blocks, this version has one set of them",
  ]);
  const scorers = `plugins:
  - {type: prefix-cache-scorer, name: a, parameters: {blockSizeTokens: 16}}
  - {type: prefix-cache-scorer, name: b, parameters: {blockSizeTokens: 32}}
`;
  assert.deepEqual(problemsOf(OLDER + scorers), [
    "plugins (line 4): a and b say different things of prefix blocks, this version has one set of them",
  ]);
  assert.deepEqual(problemsOf(OLDER + scorers.replace("32", "16")), []);
});

test("in the older group a producer goes before the scorers, by whatever name", () => {
  assert.deepEqual(prefixOf(OLDER + TWO), [0, 256, 1000]);
  const overruled = `${OLDER}plugins:
  - {type: approx-prefix-cache-producer, parameters: {blockSizeTokens: 32}}
  - {type: prefix-cache-scorer, parameters: {blockSizeTokens: 48}}
`;
  assert.deepEqual(prefixOf(overruled), [32, 256, 0]);
  assert.deepEqual(warningsOf(overruled), [
    "plugins[1] (line 5): prefix settings of prefix-cache-scorer have no effect beside an approx-prefix-cache-producer",
  ]);
});

test("a producer that nobody reads is warned of and does not count", () => {
  const text = `${NEWER}plugins:
  - {type: approx-prefix-cache-producer, name: mine, parameters: {blockSizeTokens: 512}}
  - {type: prefix-cache-scorer}
`;
  assert.deepEqual(prefixOf(text), [64, 2048, 0]);
  assert.deepEqual(warningsOf(text), ["plugins[0] (line 4): mine is read by no plugin and has no effect"]);
});

test("output tokens in flight", () => {
  const output = (head: string, parameters: string) => {
    const text = `${head}plugins: [{type: queue-scorer}, {type: inflight-load-producer, parameters: {${parameters}}}]\n`;
    const { outputRatio, outputMax } = settingsOf(text);
    return [outputRatio, outputMax];
  };
  assert.deepEqual(output(OLDER, ""), [1.5, 0]);
  assert.deepEqual(output(NEWER, ""), [0, 0]);
  assert.deepEqual(output(NEWER, "addEstimatedOutputTokens: true"), [1.5, 0]);
  assert.deepEqual(output(NEWER, "addEstimatedOutputTokens: true, maxEstimatedOutputTokens: 100"), [1.5, 100]);
  // A cap of 0 counts no output; in a plan, 0 is no cap.
  assert.deepEqual(output(NEWER, "addEstimatedOutputTokens: true, maxEstimatedOutputTokens: 0"), [0, 0]);
  assert.deepEqual(output(NEWER, "outputRatio: 3, maxEstimatedOutputTokens: 7"), [0, 0]);
  const two = `${NEWER}plugins: [{type: inflight-load-producer}, {type: queue-scorer},
  {type: inflight-load-producer, name: b, parameters: {addEstimatedOutputTokens: true}}]\n`;
  assert.deepEqual(problemsOf(two), [
    "plugins (line 3): inflight-load-producer and b say different things of output tokens, this version has one set of them",
  ]);
});

function profiles(handler: string, ...names: string[]): string {
  const entries = names.map((name) => `  - {name: ${name}, plugins: [{pluginRef: queue-scorer}]}`).join("\n");
  return `${NEWER}plugins: [{type: queue-scorer}, ${handler}]\nschedulingProfiles:\n${entries}\n`;
}

test("handlers that run one profile refuse more", () => {
  assert.deepEqual(problemsOf(profiles("{type: single-profile-handler}", "a", "b")), [
    "plugins[1] (line 3): single-profile-handler runs one profile, there are 2: a, b",
  ]);
  assert.deepEqual(problemsOf(profiles("{type: data-parallel-profile-handler}", "a", "b")), [
    "plugins[1] (line 3): data-parallel-profile-handler runs one profile, there are 2: a, b",
  ]);
});

test("a profile that a handler names and that is not there is told at the parameter that names it", () => {
  const handler = (type: string, parameters: string) => `{type: ${type}, parameters: {${parameters}}}`;
  const disagg = (parameters: string) => handler("disagg-profile-handler", parameters);
  const at = "plugins[1].parameters";
  assert.deepEqual(problemsOf(profiles(disagg("profiles: {decode: decod}"), "decode", "prefill")), [
    `${at}.profiles.decode (line 3): there is no profile "decod", did you mean "decode"?`,
  ]);
  assert.deepEqual(problemsOf(profiles(disagg("decodeProfile: generate"), "first", "prefill")), [
    `${at}.decodeProfile (line 3): there is no profile "generate", known are first, prefill`,
  ]);
  assert.deepEqual(problemsOf(profiles(handler("pd-profile-handler", "decodeProfile: decod"), "decode", "prefill")), [
    `${at}.decodeProfile (line 3): there is no profile "decod", did you mean "decode"?`,
  ]);
  const decider = "{type: always-disagg-pd-decider}";
  const prefill = disagg("profiles: {prefill: prefil}, deciders: {prefill: always-disagg-pd-decider}");
  assert.deepEqual(warningsOf(profiles(`${prefill}, ${decider}`, "decode", "prefill")), [
    `${at}.profiles.prefill (line 3): there is no profile "prefil", did you mean "prefill"?`,
    "plugins[1] (line 3): profile prefill never runs: it is in no stage",
  ]);
  // One that another stage has is not meant.
  const encode = disagg("profiles: {prefill: decod}, deciders: {prefill: always-disagg-pd-decider}");
  assert.deepEqual(warningsOf(profiles(`${encode}, ${decider}`, "decode")), [
    `${at}.profiles.prefill (line 3): there is no profile "decod", known are decode`,
  ]);
});

test("a decider is told of by the name of the parameter that names it", () => {
  const handler = "{type: disagg-profile-handler, parameters: {deciderPluginName: nobody}}";
  assert.deepEqual(problemsOf(profiles(handler, "decode", "prefill")), [
    'plugins[1].parameters.deciderPluginName (line 3): no plugin is named "nobody", known are queue-scorer, ' +
      "disagg-profile-handler",
  ]);
});

test("a disaggregated set-up needs a profile that decodes, and says which parts never run", () => {
  assert.deepEqual(problemsOf(profiles("{type: disagg-profile-handler}", "prefill", "default")), [
    "plugins[1] (line 3): there is no profile decode, which decodes",
  ]);
  const handler =
    "{type: disagg-profile-handler, parameters: {deciders: {encode: always}}}, {type: always-disagg-pd-decider, name: always}";
  const text = profiles(handler, "decode", "prefill", "spare");
  assert.deepEqual(settingsOf(text).handler, HANDLER_DISAGG);
  assert.deepEqual(settingsOf(text).handlerParameters, [0, 1, -1, DECIDER_NEVER, 0, 0, DECIDER_ALWAYS, 0]);
  assert.deepEqual(warningsOf(text), [
    "plugins[1] (line 3): profile prefill never runs: there is no decider for prefill",
    "plugins[1] (line 3): the decider for encode has no effect: there is no profile encode",
    "plugins[1] (line 3): profile spare never runs: it is in no stage",
  ]);
});

test("a decider stands where it can decide", () => {
  const deciders = (prefill: string, encode: string) =>
    problemsOf(
      profiles(
        `{type: disagg-profile-handler, parameters: {deciders: {prefill: ${prefill}, encode: ${encode}}}},
  {type: always-disagg-multimodal-decider, name: images}, {type: prefix-based-pd-decider, name: prefix, parameters: {nonCachedTokens: 1}}`,
        "decode",
        "prefill",
        "encode",
      ),
    );
  assert.deepEqual(deciders("prefix", "images"), []);
  assert.deepEqual(deciders("images", "prefix"), [
    "plugins[1].parameters.deciders.prefill (line 3): images decides about encode only in this version",
    "plugins[1].parameters.deciders.encode (line 3): prefix decides about prefill only in this version",
  ]);
});

test("the older handler decides by a plugin, by a threshold, or always", () => {
  const pd = (handler: string, more = "") =>
    settingsOf(profiles(`{type: pd-profile-handler, parameters: {${handler}}}${more}`, "decode", "prefill"))
      .handlerParameters;
  assert.deepEqual(pd(""), [0, 1, -1, DECIDER_ALWAYS, 0, 0, DECIDER_NEVER, 0]);
  assert.deepEqual(pd("threshold: 4000"), [0, 1, -1, 2, 1000, 0, DECIDER_NEVER, 0]);
  // Found by its name where nothing names it; with nonCachedTokens 0 it never prefills elsewhere.
  assert.deepEqual(pd("", ", {type: prefix-based-pd-decider}"), [0, 1, -1, DECIDER_NEVER, 0, 0, DECIDER_NEVER, 0]);
  assert.deepEqual(
    pd("deciderPluginName: p", ", {type: prefix-based-pd-decider, name: p, parameters: {nonCachedTokens: 9}}"),
    [0, 1, -1, 2, 9, 0, DECIDER_NEVER, 0],
  );
});

/** Name of the case, the text behind the head and a queue-scorer, and every problem. */
const REFUSED: readonly [string, string, string[]][] = [
  [
    "unknown gate",
    "featureGates: [flowcontrol]",
    ['featureGates[0] (line 4): there is no feature gate "flowcontrol", did you mean "flowControl"?'],
  ],
  [
    "gate that is neither on nor off",
    "featureGates: [flowControl=maybe]",
    ['featureGates[0] (line 4): flowControl must be true or false, is "maybe"'],
  ],
  ["gates that are no list", "featureGates: {}", ["featureGates (line 4): must be a list, is a mapping"]],
  [
    "unknown field of flow control",
    "flowControl: {maxByte: 5}",
    ['flowControl.maxByte (line 4): unknown field, did you mean "maxBytes"?'],
  ],
  [
    "flow control of the wrong shape",
    "flowControl: {maxBytes: big, defaultRequestTTL: 5, priorityBands: [{priority: high}]}",
    [
      'flowControl.maxBytes (line 4): must be a quantity such as 500, 1k or 10Gi, is "big"',
      "flowControl.defaultRequestTTL (line 4): must be a duration such as 50ms, 2s or 1m30s, is 5",
      'flowControl.priorityBands[0].priority (line 4): must be an integer from -2147483648 to 2147483647, is "high"',
    ],
  ],
  [
    "policy that is none",
    "flowControl: {defaultPriorityBand: {fairnessPolicyRef: queue-scorer, orderingPolicyRef: nothing}}",
    [
      "flowControl.defaultPriorityBand.fairnessPolicyRef (line 4): queue-scorer is a scorer, not a fairness policy",
      'flowControl.defaultPriorityBand.orderingPolicyRef (line 4): no plugin is named "nothing", known are queue-scorer',
    ],
  ],
  [
    "detector that is none",
    "saturationDetector: {pluginRef: utilisation-detector}",
    ['saturationDetector.pluginRef (line 4): no plugin is named "utilisation-detector", known are queue-scorer'],
  ],
  [
    "source that is none",
    "dataLayer: {sources: [{pluginRef: queue-scorer, extractors: [{}]}]}",
    [
      "dataLayer.sources[0].extractors[0] (line 4): pluginRef is missing: who reads",
      "dataLayer.sources[0].pluginRef (line 4): queue-scorer is a scorer, not a data source or data producer",
    ],
  ],
  [
    "two names of one section",
    "dataLayer: {}\ndata: {}",
    ["data (line 5): is an older name of dataLayer, and cannot stand beside it"],
  ],
  [
    "parser that is none",
    "requestHandler: {parsers: [{pluginRef: queue-scorer}]}",
    ["requestHandler.parsers[0].pluginRef (line 4): queue-scorer is a scorer, not a parser"],
  ],
  [
    "detector as a filter",
    "schedulingProfiles: [{name: a, plugins: [{pluginRef: queue-scorer}, {pluginRef: detector}]}]",
    [
      "schedulingProfiles[0].plugins[1].pluginRef (line 4): detector would be a filter here, which is known, but this version does not have it",
    ],
  ],
  [
    "too many profiles",
    `schedulingProfiles: [${Array.from({ length: 17 }, (_, index) => `{name: p${index}, plugins: [{pluginRef: queue-scorer}]}`).join(", ")}]`,
    ["schedulingProfiles (line 4): 17 profiles need a profile handler such as disagg-profile-handler in plugins"],
  ],
];

for (const [name, text, problems] of REFUSED) {
  test(`refused: ${name}`, () => {
    const detector = text.includes("pluginRef: detector}") ? ", {type: utilization-detector, name: detector}" : "";
    assert.deepEqual(problemsOf(`${NEWER}plugins: [{type: queue-scorer}${detector}]\n${text}\n`), problems);
  });
}

test("a plan that no gateway would take is refused", () => {
  const values = Array.from({ length: 5000 }, (_, index) => `v${index}`).join(", ");
  const text = `${NEWER}plugins: [{type: queue-scorer}, {type: by-label, parameters: {label: a, validValues: [${values}]}}]\n`;
  assert.deepEqual(problemsOf(text), [
    "the plan is more than a gateway takes: values is 5000, must be an integer from 0 to 4096",
  ]);
});

test("a detector without profiles would filter, and is refused", () => {
  assert.deepEqual(problemsOf(`${NEWER}plugins: [{type: queue-scorer}, {type: utilization-detector}]\n`), [
    "plugins[1] (line 3): utilization-detector would be a filter without schedulingProfiles, which is known, but this version does not have it",
  ]);
});

test("sections that are said twice are told of", () => {
  const text = `${NEWER}plugins: [{type: queue-scorer}]
schedulingProfiles: [{name: a, plugins: [{pluginRef: queue-scorer}]}]
saturationDetector: {pluginRef: utilization-detector}
flowControl: {saturationDetector: {pluginRef: utilization-detector}}
parser: {pluginRef: openai-parser}
requestHandler: {parsers: [{pluginRef: openai-parser}]}
`;
  assert.deepEqual(warningsOf(text), [
    "parser (line 7): parser has no effect beside requestHandler.parsers",
    "saturationDetector (line 5): saturationDetector has no effect beside flowControl.saturationDetector",
    "requestHandler (line 8): the choice of openai-parser has no effect in this version",
  ]);
});
