import assert from "node:assert/strict";
import { test } from "node:test";
import { stringify } from "yaml";
import { compile } from "../../../sidecar/epp-config/compile.ts";
import { defaultConfig } from "../../../sidecar/epp-config/default-config.ts";
import { ConfigRefused, findingText } from "../../../sidecar/epp-config/findings.ts";
import { printable } from "../../../sidecar/epp-config/print.ts";
import { readConfig } from "../../../sidecar/epp-config/read.ts";

const HEAD = "apiVersion: inference.networking.x-k8s.io/v1alpha1\nkind: EndpointPickerConfig\n";
const QUEUE = "plugins: [{type: queue-scorer}, {type: max-score-picker}]\n";

function problemsOf(text: string): string[] {
  try {
    readConfig(text, "f.yaml");
  } catch (error) {
    assert.ok(error instanceof ConfigRefused, String(error));
    assert.ok(error.message.startsWith("f.yaml is refused:\n  "));
    return error.problems.map(findingText);
  }
  return [];
}

function profile(entries: string): string {
  return `${HEAD}${QUEUE}schedulingProfiles: [{name: default, plugins: [${entries}]}]\n`;
}

/** Name of the case, the text, and every problem that it has. */
const REFUSED: readonly [string, string, string[]][] = [
  ["empty text", "", ["the text is empty"]],
  ["only a comment", "# nothing\n", ["the text is empty"]],
  ["two documents", `${HEAD}---\n${HEAD}`, ["2 YAML documents, expected one"]],
  ["no mapping", "[1, 2]", ["[1,2] is not a mapping"]],
  [
    "broken YAML",
    "a: [1",
    ["line 1, column 6: Flow sequence in block collection must be sufficiently indented and end with a ]"],
  ],
  ["a key twice", `${HEAD}kind: EndpointPickerConfig\n`, ["line 3, column 1: Map keys must be unique"]],
  ["no alias target", "a: *b", ["Unresolved alias (the anchor must be set before the alias): b"]],
  [
    "head missing",
    "plugins: []",
    [
      "apiVersion is missing, expected inference.networking.x-k8s.io/v1alpha1 or llm-d.ai/v1alpha1",
      "kind is missing, expected EndpointPickerConfig",
    ],
  ],
  [
    "other head",
    "apiVersion: v1\nkind: ConfigMap\n",
    [
      'apiVersion (line 1): "v1" must be inference.networking.x-k8s.io/v1alpha1 or llm-d.ai/v1alpha1',
      'kind (line 2): "ConfigMap" must be EndpointPickerConfig',
    ],
  ],
  [
    "unknown field at the top",
    `${HEAD}plugin: []\n`,
    ["plugin (line 3): unknown field with value []; did you mean plugins?"],
  ],
  ["plugins no list", `${HEAD}plugins: 5\n`, ["plugins (line 3): 5 is not a list"]],
  ["plugin no mapping", `${HEAD}plugins: [queue-scorer]\n`, ['plugins[0] (line 3): "queue-scorer" is not a mapping']],
  ["plugin without type", `${HEAD}plugins: [{name: a}]\n`, ["plugins[0] (line 3): type is missing"]],
  ["type no text", `${HEAD}plugins: [{type: 7}]\n`, ["plugins[0].type (line 3): 7 is not a text"]],
  [
    "unknown type, near one",
    `${HEAD}plugins:\n  - type: queue-score\n`,
    ['plugins[0].type (line 4): unknown plugin type "queue-score"; did you mean queue-scorer?'],
  ],
  [
    "unknown type, near none",
    `${HEAD}plugins: [{type: zzz}]\n`,
    [
      'plugins[0].type (line 3): unknown plugin type "zzz"; known: queue-scorer, kv-cache-utilization-scorer, ' +
        "running-requests-size-scorer, max-score-picker, random-picker, single-profile-handler",
    ],
  ],
  [
    "type of another picker",
    `${HEAD}plugins: [{type: prefix-cache-scorer}]\n`,
    ["plugins[0].type (line 3): prefix-cache-scorer is a known plugin that this version does not have yet"],
  ],
  [
    "unknown field of a plugin",
    `${HEAD}plugins: [{type: queue-scorer, nmae: a}]\n`,
    ['plugins[0].nmae (line 3): unknown field with value "a"; did you mean name?'],
  ],
  [
    "name twice",
    `${HEAD}plugins: [{type: queue-scorer}, {type: random-picker, name: queue-scorer}]\n`,
    ['plugins[1].name (line 3): "queue-scorer" is already the name of plugins[0]'],
  ],
  [
    "parameter of a plugin without any",
    `${HEAD}plugins: [{type: queue-scorer, parameters: {threshold: 5}}]\n`,
    ["plugins[0].parameters.threshold (line 3): unknown field with value 5; queue-scorer has no parameters"],
  ],
  [
    "unknown parameter",
    `${HEAD}plugins: [{type: random-picker, parameters: {maxNumEndpoints: 2}}]\n`,
    ["plugins[0].parameters.maxNumEndpoints (line 3): unknown field with value 2; did you mean maxNumOfEndpoints?"],
  ],
  ...["0", "17", "1.5", '"3"', "true", "[1]"].map((value): [string, string, string[]] => [
    `maxNumOfEndpoints ${value}`,
    `${HEAD}plugins: [{type: max-score-picker, parameters: {maxNumOfEndpoints: ${value}}}]\n`,
    [`plugins[0].parameters.maxNumOfEndpoints (line 3): ${value} must be an integer from 1 to 16`],
  ]),
  [
    "parameters no mapping",
    `${HEAD}plugins: [{type: random-picker, parameters: 3}]\n`,
    ["plugins[0].parameters (line 3): 3 is not a mapping"],
  ],
  [
    "profile without name",
    `${HEAD}${QUEUE}schedulingProfiles: [{plugins: []}]\n`,
    ["schedulingProfiles[0] (line 4): name is missing"],
  ],
  [
    "two profiles of one name",
    `${HEAD}${QUEUE}schedulingProfiles: [{name: a}, {name: a}]\n`,
    [
      'schedulingProfiles[1].name (line 4): "a" is already the name of schedulingProfiles[0]',
      "schedulingProfiles (line 4): 2 profiles, but single-profile-handler, the only profile handler of this version, runs one",
    ],
  ],
  [
    "fallbackProfile",
    `${HEAD}${QUEUE}schedulingProfiles: [{name: a, fallbackProfile: b}]\n`,
    [
      "schedulingProfiles[0].fallbackProfile (line 4): fallbackProfile is a known field that this version does not have yet",
    ],
  ],
  ["no reference", profile("{weight: 1}"), ["schedulingProfiles[0].plugins[0] (line 4): pluginRef is missing"]],
  [
    "unknown reference",
    profile("{pluginRef: queue-scorr}"),
    [
      'schedulingProfiles[0].plugins[0].pluginRef (line 4): no plugin is named "queue-scorr"; did you mean queue-scorer?',
    ],
  ],
  [
    "reference twice",
    profile("{pluginRef: queue-scorer}, {pluginRef: queue-scorer}"),
    ["schedulingProfiles[0].plugins[1].pluginRef (line 4): queue-scorer is listed twice in this profile"],
  ],
  ...["-1", ".nan", ".inf", "-.inf"].map((value): [string, string, string[]] => [
    `weight ${value}`,
    profile(`{pluginRef: queue-scorer, weight: ${value}}`),
    [
      `schedulingProfiles[0].plugins[0].weight (line 4): ${Number(value.replace(".inf", "Infinity").replace(".nan", "NaN"))} must be a finite number, 0 or more`,
    ],
  ]),
  [
    "weight as text",
    profile('{pluginRef: queue-scorer, weight: "2"}'),
    ['schedulingProfiles[0].plugins[0].weight (line 4): "2" must be a finite number, 0 or more'],
  ],
  [
    "picker with weight",
    profile("{pluginRef: max-score-picker, weight: 1}"),
    ["schedulingProfiles[0].plugins[0].weight (line 4): 1 is without meaning: max-score-picker is a picker"],
  ],
  [
    "two pickers",
    `${HEAD}plugins: [{type: random-picker}, {type: max-score-picker}]\nschedulingProfiles: [{name: default, plugins: [{pluginRef: random-picker}, {pluginRef: max-score-picker}]}]\n`,
    ["schedulingProfiles[0].plugins[1].pluginRef (line 4): max-score-picker is a second picker, after random-picker"],
  ],
  [
    "two pickers without profiles",
    `${HEAD}plugins: [{type: random-picker}, {type: max-score-picker}]\n`,
    [
      "plugins (line 3): random-picker and max-score-picker are pickers, and without schedulingProfiles all plugins go into one profile",
    ],
  ],
  [
    "handler in a profile",
    `${HEAD}plugins: [{type: single-profile-handler}]\nschedulingProfiles: [{name: default, plugins: [{pluginRef: single-profile-handler}]}]\n`,
    [
      "schedulingProfiles[0].plugins[0].pluginRef (line 4): single-profile-handler is a profile handler: it stands in plugins and in no profile",
    ],
  ],
  [
    "two handlers",
    `${HEAD}plugins: [{type: single-profile-handler}, {type: single-profile-handler, name: b}]\n`,
    ["plugins (line 3): single-profile-handler and b are profile handlers; one is allowed"],
  ],
  [
    "the default picker's name is taken",
    `${HEAD}plugins: [{type: queue-scorer, name: max-score-picker}]\n`,
    ["plugins (line 3): the name max-score-picker is taken, and the default picker needs it"],
  ],
  ["a section of the wrong shape", `${HEAD}flowControl: 3\n`, ["flowControl (line 3): 3 is not a mapping"]],
];

for (const [name, text, problems] of REFUSED) {
  test(`refused: ${name}`, () => {
    assert.deepEqual(problemsOf(text), problems);
  });
}

test("all problems are told together, each once", () => {
  const text = `${HEAD}plugins:
  - type: queue-scorre
  - type: prefix-cache-scorer
schedulingProfiles:
  - name: default
    plugins:
      - pluginRef: queue-scorre
        weight: -3
      - pluginRef: prefix-cache-scorer
      - pluginRef: nowhere
`;
  assert.deepEqual(problemsOf(text), [
    'plugins[0].type (line 4): unknown plugin type "queue-scorre"; did you mean queue-scorer?',
    "plugins[1].type (line 5): prefix-cache-scorer is a known plugin that this version does not have yet",
    'schedulingProfiles[0].plugins[2].pluginRef (line 12): no plugin is named "nowhere"; known: queue-scorre, prefix-cache-scorer',
  ]);
});

test("a long value is cut short in a message", () => {
  const [problem] = problemsOf(`${HEAD}plugins: ${"x".repeat(1000)}\n`);
  assert.ok(problem!.length < 140, problem);
});

for (const apiVersion of ["inference.networking.x-k8s.io/v1alpha1", "llm-d.ai/v1alpha1"]) {
  test(`accepted: ${apiVersion}, as YAML and as JSON`, () => {
    const yaml = `apiVersion: ${apiVersion}\nkind: EndpointPickerConfig\n${QUEUE}`;
    const json = JSON.stringify({
      apiVersion,
      kind: "EndpointPickerConfig",
      plugins: [{ type: "queue-scorer" }, { type: "max-score-picker", parameters: null }],
    });
    assert.equal(readConfig(yaml, "f").config.apiVersion, apiVersion);
    assert.deepEqual(readConfig(json, "f"), readConfig(yaml, "f"));
  });
}

test("what is left out is filled in", () => {
  const { config, warnings } = readConfig(`${HEAD}plugins: [{type: queue-scorer, name: q}]\n`, "f");
  assert.deepEqual(printable(config), {
    apiVersion: "inference.networking.x-k8s.io/v1alpha1",
    kind: "EndpointPickerConfig",
    plugins: [
      { name: "q", type: "queue-scorer" },
      { name: "max-score-picker", type: "max-score-picker", parameters: { maxNumOfEndpoints: 3 } },
      { name: "single-profile-handler", type: "single-profile-handler" },
    ],
    schedulingProfiles: [
      { name: "default", plugins: [{ pluginRef: "q", weight: 1 }, { pluginRef: "max-score-picker" }] },
    ],
  });
  assert.deepEqual(warnings, []);
});

test("a profile without a picker takes the first of the plugins", () => {
  const text = `${HEAD}plugins: [{type: queue-scorer}, {type: random-picker, parameters: {maxNumOfEndpoints: 16}}]
schedulingProfiles: [{name: p, plugins: [{pluginRef: queue-scorer, weight: 0.5}]}]\n`;
  const [only] = readConfig(text, "f").config.profiles;
  assert.deepEqual(
    only!.entries.map(({ plugin, weight }) => [plugin.name, weight, plugin.parameters]),
    [
      ["queue-scorer", 0.5, []],
      ["random-picker", 0, [16]],
    ],
  );
});

test("sections without effect are accepted and named", () => {
  const text = `${HEAD}${QUEUE}featureGates: [flowControl, dataLayer]
saturationDetector: {queueDepthThreshold: 5}
flowControl: {maxBytes: 1Gi}
dataLayer: {sources: []}
parser: {pluginRef: openai-parser}
`;
  assert.deepEqual(readConfig(text, "f").warnings.map(findingText), [
    "featureGates[0] (line 4): flowControl has no effect in this version",
    "featureGates[1] (line 4): dataLayer has no effect in this version",
    "dataLayer (line 7): this section has no effect in this version",
    "flowControl (line 6): this section has no effect in this version",
    "parser (line 8): this section has no effect in this version",
    "saturationDetector (line 5): this section has no effect in this version",
  ]);
});

test("what is surely not meant is warned of", () => {
  const text = `${HEAD}${QUEUE}schedulingProfiles: [{name: bare}]\n`;
  assert.deepEqual(readConfig(text, "f").warnings.map(findingText), [
    "schedulingProfiles[0] (line 4): profile bare has no scorer: all endpoints rank equal",
    "plugins[0] (line 3): queue-scorer is in no profile and has no effect",
  ]);
});

test("the printed configuration reads back as itself", () => {
  const { config } = defaultConfig();
  const again = readConfig(stringify(printable(config)), "f");
  assert.deepEqual(again, { config, warnings: [] });
  assert.deepEqual(compile(again.config), compile(config));
});
