import assert from "node:assert/strict";
import { test } from "node:test";
import { stringify } from "yaml";
import { compile } from "../../../sidecar/epp-config/compile.ts";
import { defaultConfig } from "../../../sidecar/epp-config/default-config.ts";
import { printable } from "../../../sidecar/epp-config/print.ts";
import { readConfig } from "../../../sidecar/epp-config/read.ts";
import { findingText } from "../../../sidecar/support/findings.ts";
import { problemsOf } from "./problems.ts";

const HEAD = "apiVersion: inference.networking.x-k8s.io/v1alpha1\nkind: EndpointPickerConfig\n";
const QUEUE = "plugins: [{type: queue-scorer}, {type: max-score-picker}]\n";

function profile(entries: string): string {
  return `${HEAD}${QUEUE}schedulingProfiles: [{name: default, plugins: [${entries}]}]\n`;
}

/** Name of the case, the text, and every problem that it has. */
const REFUSED: readonly [string, string, string[]][] = [
  ["empty text", "", ["the text is empty"]],
  ["only a comment", "# nothing\n", ["the text is empty"]],
  ["two documents", `${HEAD}---\n${HEAD}`, ["2 YAML documents, expected one"]],
  [
    "no mapping",
    "[1, 2]",
    [
      "must be a mapping with apiVersion, kind, plugins, schedulingProfiles, featureGates, dataLayer, data, " +
        "flowControl, saturationDetector, requestHandler, parser, is a list",
    ],
  ],
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
      "apiVersion: must be inference.networking.x-k8s.io/v1alpha1 or llm-d.ai/v1alpha1, is missing",
      "kind: must be EndpointPickerConfig, is missing",
    ],
  ],
  [
    "other head",
    "apiVersion: v1\nkind: ConfigMap\n",
    [
      'apiVersion (line 1): must be inference.networking.x-k8s.io/v1alpha1 or llm-d.ai/v1alpha1, is "v1"',
      'kind (line 2): must be EndpointPickerConfig, is "ConfigMap"',
    ],
  ],
  ["unknown field at the top", `${HEAD}plugin: []\n`, ['plugin (line 3): unknown field, did you mean "plugins"?']],
  ["plugins no list", `${HEAD}plugins: 5\n`, ["plugins (line 3): must be a list, is 5"]],
  [
    "plugin no mapping",
    `${HEAD}plugins: [queue-scorer]\n`,
    ['plugins[0] (line 3): must be a mapping with name, type, parameters, is "queue-scorer"'],
  ],
  ["plugin without type", `${HEAD}plugins: [{name: a}]\n`, ["plugins[0] (line 3): type is missing"]],
  ["type no text", `${HEAD}plugins: [{type: 7}]\n`, ["plugins[0].type (line 3): must be the type of a plugin, is 7"]],
  [
    "unknown type, near one",
    `${HEAD}plugins:\n  - type: queue-score\n`,
    ['plugins[0].type (line 4): there is no plugin type "queue-score", did you mean "queue-scorer"?'],
  ],
  [
    "unknown type, near none",
    `${HEAD}plugins: [{type: zzz}]\n`,
    ['plugins[0].type (line 3): there is no plugin type "zzz"; docs/reference/plugins.md names them'],
  ],
  [
    "type of another picker",
    `${HEAD}plugins: [{type: precise-prefix-cache-scorer}]\n`,
    [
      "plugins[0].type (line 3): precise-prefix-cache-scorer is a known plugin that this version does not have; prefix-cache-scorer is what comes nearest to it",
    ],
  ],
  [
    "unknown field of a plugin",
    `${HEAD}plugins: [{type: queue-scorer, nmae: a}]\n`,
    ['plugins[0].nmae (line 3): unknown field, did you mean "name"?'],
  ],
  [
    "name twice",
    `${HEAD}plugins: [{type: queue-scorer}, {type: random-picker, name: queue-scorer}]\n`,
    ['plugins[1].name (line 3): "queue-scorer" is already the name of plugins[0]'],
  ],
  [
    "parameter of a plugin without any",
    `${HEAD}plugins: [{type: queue-scorer, parameters: {threshold: 5}}]\n`,
    ["plugins[0].parameters.threshold (line 3): queue-scorer has no parameters"],
  ],
  [
    "unknown parameter",
    `${HEAD}plugins: [{type: random-picker, parameters: {maxNumEndpoints: 2}}]\n`,
    [
      'plugins[0].parameters.maxNumEndpoints (line 3): random-picker has no parameter maxNumEndpoints, did you mean "maxNumOfEndpoints"?',
    ],
  ],
  ...["1.5", '"3"', "true"].map((value): [string, string, string[]] => [
    `maxNumOfEndpoints ${value}`,
    `${HEAD}plugins: [{type: max-score-picker, parameters: {maxNumOfEndpoints: ${value}}}]\n`,
    [`plugins[0].parameters.maxNumOfEndpoints (line 3): must be an integer, is ${value}`],
  ]),
  [
    "parameters no mapping",
    `${HEAD}plugins: [{type: random-picker, parameters: 3}]\n`,
    ["plugins[0].parameters (line 3): must be a mapping with maxNumOfEndpoints, is 3"],
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
      "schedulingProfiles (line 4): 2 profiles need a profile handler such as disagg-profile-handler in plugins",
    ],
  ],
  [
    "fallbackProfile",
    `${HEAD}${QUEUE}schedulingProfiles: [{name: a, fallbackProfile: b}]\n`,
    ["schedulingProfiles[0].fallbackProfile (line 4): unknown field, known are name, plugins"],
  ],
  ["no reference", profile("{weight: 1}"), ["schedulingProfiles[0].plugins[0] (line 4): pluginRef is missing"]],
  [
    "unknown reference",
    profile("{pluginRef: queue-scorr}"),
    [
      'schedulingProfiles[0].plugins[0].pluginRef (line 4): no plugin is named "queue-scorr", did you mean "queue-scorer"?',
    ],
  ],
  ...[".nan", ".inf", "-.inf"].map((value): [string, string, string[]] => [
    `weight ${value}`,
    profile(`{pluginRef: queue-scorer, weight: ${value}}`),
    [
      `schedulingProfiles[0].plugins[0].weight (line 4): must be a finite number, is ${Number(value.replace(".inf", "Infinity").replace(".nan", "NaN"))}`,
    ],
  ]),
  [
    "weight as text",
    profile('{pluginRef: queue-scorer, weight: "2"}'),
    ['schedulingProfiles[0].plugins[0].weight (line 4): must be a finite number, is "2"'],
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
    "two handlers",
    `${HEAD}plugins: [{type: single-profile-handler}, {type: single-profile-handler, name: b}]\n`,
    ["plugins (line 3): single-profile-handler and b are profile handlers; one is allowed"],
  ],
  [
    "the default picker's name is taken",
    `${HEAD}plugins: [{type: queue-scorer, name: max-score-picker}]\n`,
    ["plugins (line 3): the name max-score-picker is taken, and the default picker needs it"],
  ],
];

for (const [name, text, problems] of REFUSED) {
  test(`refused: ${name}`, () => {
    assert.deepEqual(problemsOf(text), problems);
  });
}

test("all problems are told together, each once", () => {
  const text = `${HEAD}plugins:
  - type: queue-scorre
  - type: utilization-filter
schedulingProfiles:
  - name: default
    plugins:
      - pluginRef: queue-scorre
        weight: -3
      - pluginRef: utilization-filter
      - pluginRef: nowhere
`;
  assert.deepEqual(problemsOf(text), [
    'plugins[0].type (line 4): there is no plugin type "queue-scorre", did you mean "queue-scorer"?',
    "plugins[1].type (line 5): utilization-filter is a known plugin that this version does not have",
    'schedulingProfiles[0].plugins[2].pluginRef (line 12): no plugin is named "nowhere", known are utilization-filter',
  ]);
});

test("a misspelt type is recommended nowhere, and is no second error where a reference has it right", () => {
  const text = (reference: string) => `${HEAD}plugins: [{type: queue-scorre}, {type: random-picker}]
schedulingProfiles: [{name: default, plugins: [{pluginRef: ${reference}}]}]
`;
  const misspelt = 'plugins[0].type (line 3): there is no plugin type "queue-scorre", did you mean "queue-scorer"?';
  assert.deepEqual(problemsOf(text("queue-scorer")), [misspelt]);
  assert.deepEqual(problemsOf(text("queue-scorr")), [
    misspelt,
    'schedulingProfiles[0].plugins[0].pluginRef (line 4): no plugin is named "queue-scorr", known are random-picker',
  ]);
  const alone = `${HEAD}plugins: [{type: zzz}]\nschedulingProfiles: [{name: a, plugins: [{pluginRef: b}]}]\n`;
  assert.deepEqual(problemsOf(alone)[1], 'schedulingProfiles[0].plugins[0].pluginRef (line 4): no plugin is named "b"');
});

test("a type in place of a name is told the name", () => {
  const text = (plugins: string) =>
    `${HEAD}plugins: [${plugins}]\nschedulingProfiles: [{name: a, plugins: [{pluginRef: queue-scorer}]}]\n`;
  const at = "schedulingProfiles[0].plugins[0].pluginRef (line 4)";
  assert.deepEqual(problemsOf(text("{type: queue-scorer, name: q}")), [
    `${at}: no plugin is named "queue-scorer"; there is one of that type, named "q"`,
  ]);
  assert.deepEqual(problemsOf(text("{type: queue-scorer, name: q}, {type: queue-scorer, name: r}")), [
    `${at}: no plugin is named "queue-scorer"; there are some of that type, named "q", "r"`,
  ]);
});

test("fields of a plugin's entry are known by what they are short for", () => {
  assert.deepEqual(problemsOf(`${HEAD}plugins: [{type: queue-scorer, params: {}}]\n`), [
    'plugins[0].params (line 3): unknown field, did you mean "parameters"?',
  ]);
});

test("a long value is cut short in a message", () => {
  const [problem] = problemsOf(`${HEAD}plugins: ${"x".repeat(1000)}\n`);
  assert.ok(problem!.length < 150, problem);
});

for (const apiVersion of ["inference.networking.x-k8s.io/v1alpha1", "llm-d.ai/v1alpha1"]) {
  test(`accepted: ${apiVersion}, as YAML and as JSON`, () => {
    const yaml = `apiVersion: ${apiVersion}\nkind: EndpointPickerConfig\n${QUEUE}`;
    const json = JSON.stringify({
      apiVersion,
      kind: "EndpointPickerConfig",
      plugins: [{ type: "queue-scorer" }, { type: "max-score-picker", parameters: null }],
    });
    assert.equal(readConfig(yaml, "f").config.group, apiVersion.split("/")[0]);
    assert.deepEqual(readConfig(json, "f"), readConfig(yaml, "f"));
  });
}

test("what is left out of the profiles is filled in", () => {
  const { config, warnings } = readConfig(`${HEAD}plugins: [{type: queue-scorer, name: q}]\n`, "f");
  assert.deepEqual(
    config.plugins.slice(0, 3).map(({ name, descriptor, parameters }) => [name, descriptor.type, parameters]),
    [
      ["q", "queue-scorer", {}],
      ["max-score-picker", "max-score-picker", { maxNumOfEndpoints: 3 }],
      ["single-profile-handler", "single-profile-handler", {}],
    ],
  );
  assert.deepEqual(
    config.profiles.map(({ name, entries }) => [name, entries.map(({ plugin, weight }) => [plugin.name, weight])]),
    [
      [
        "default",
        [
          ["q", 1],
          ["max-score-picker", undefined],
        ],
      ],
    ],
  );
  assert.deepEqual(warnings, []);
});

test("a profile without a picker takes the first of the plugins", () => {
  const text = `${HEAD}plugins: [{type: queue-scorer}, {type: random-picker, parameters: {maxNumOfEndpoints: 16}}]
schedulingProfiles: [{name: p, plugins: [{pluginRef: queue-scorer, weight: 0.5}]}]\n`;
  const [only] = readConfig(text, "f").config.profiles;
  assert.deepEqual(
    only!.entries.map(({ plugin, weight }) => [plugin.name, weight, plugin.parameters]),
    [
      ["queue-scorer", 0.5, {}],
      ["random-picker", undefined, { maxNumOfEndpoints: 16 }],
    ],
  );
});

test("what is surely not meant, or means nothing, is warned of", () => {
  const text = `${HEAD}plugins: [{type: queue-scorer}, {type: max-score-picker, parameters: {maxNumOfEndpoints: 0}},
  {type: random-picker, parameters: {maxNumOfEndpoints: 17}}, {type: predicted-latency-producer},
  {type: always-disagg-pd-decider}]
schedulingProfiles:
  - name: default
    plugins:
      - {pluginRef: queue-scorer, weight: -1}
      - {pluginRef: queue-scorer}
      - {pluginRef: max-score-picker, weight: 1}
      - {pluginRef: predicted-latency-producer}
`;
  assert.deepEqual(readConfig(text, "f").warnings.map(findingText), [
    "plugins[1].parameters.maxNumOfEndpoints (line 3): 0 is out of range and counts as 3",
    "plugins[2].parameters.maxNumOfEndpoints (line 4): 17 is out of range and counts as 16",
    "schedulingProfiles[0].plugins[0].weight (line 9): -1 is negative: the higher queue-scorer scores an endpoint, the less it is chosen",
    "schedulingProfiles[0].plugins[1].pluginRef (line 10): queue-scorer is listed twice, and runs twice",
    "schedulingProfiles[0].plugins[2].weight (line 11): has no effect: max-score-picker is a picker",
    "schedulingProfiles[0].plugins[3].pluginRef (line 12): predicted-latency-producer is a data producer and has no effect in a profile",
    "plugins[2] (line 4): random-picker is in no profile and has no effect",
    "plugins[4] (line 5): always-disagg-pd-decider is asked by no profile handler and has no effect",
  ]);
});

test("a profile without scorers is warned of, unless its picker needs none", () => {
  const bare = (picker: string) =>
    readConfig(
      `${HEAD}plugins: [{type: ${picker}}]\nschedulingProfiles: [{name: a, plugins: [{pluginRef: ${picker}}]}]\n`,
      "f",
    ).warnings.map(findingText);
  assert.deepEqual(bare("max-score-picker"), [
    "schedulingProfiles[0] (line 4): profile a has no scorer: all endpoints rank equal",
  ]);
  assert.deepEqual(bare("random-picker"), []);
});

test("the printed configuration reads back as itself", () => {
  const { config } = defaultConfig();
  const again = readConfig(stringify(printable(config)), "f");
  assert.deepEqual(again.config, config);
  assert.deepEqual(
    again.warnings.map(({ message }) => message),
    [],
  );
  assert.deepEqual(compile(again.config), compile(config));
});
