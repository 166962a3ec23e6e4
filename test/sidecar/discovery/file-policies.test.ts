import assert from "node:assert/strict";
import { test } from "node:test";
import { EndpointFileError, parseEndpointFile } from "../../../sidecar/discovery/endpoint-file.ts";

function file(policies: object): string {
  return JSON.stringify({ pools: [{ name: "ns/p", endpoints: [{ address: "10.0.0.1:8000" }], ...policies }] });
}

function policiesOf(policies: object) {
  const { pools, warnings } = parseEndpointFile(file(policies));
  return { objectives: pools[0]?.objectives, rewrites: pools[0]?.rewrites, warnings };
}

function problemsOf(policies: object): readonly string[] {
  try {
    parseEndpointFile(file(policies));
  } catch (error) {
    if (error instanceof EndpointFileError) return error.problems;
    throw error;
  }
  return [];
}

const rules = (...list: object[]) => ({ rewrites: [{ name: "r", rules: list }] });
const exact = (value: string) => ({ model: { type: "Exact", value } });

test("a pool without policies has none", () => {
  assert.deepEqual(policiesOf({}), { objectives: [], rewrites: [], warnings: [] });
});

test("objectives and rewrites are read, rewrites in the file's order", () => {
  const found = policiesOf({
    objectives: [{ name: "critical", priority: 10 }, { name: "batch", priority: -1 }, { name: "usual" }],
    rewrites: [
      {
        name: "second",
        rules: [
          {
            matches: [{ model: { value: "a" } }, exact("b")],
            targets: [
              { modelRewrite: "a-1", weight: 90 },
              { modelRewrite: "a-2", weight: 10 },
            ],
          },
        ],
      },
      {
        name: "first",
        rules: [{ targets: [{ modelRewrite: "x" }, { modelRewrite: "y" }] }, { matches: [exact("k")] }],
      },
    ],
  });
  assert.deepEqual(found.objectives, [
    { name: "critical", priority: 10 },
    { name: "batch", priority: -1 },
    { name: "usual", priority: 0 },
  ]);
  assert.deepEqual(
    found.rewrites?.map(({ name, rules: read }) => [name, read]),
    [
      [
        "second",
        [
          {
            models: ["a", "b"],
            targets: [
              { model: "a-1", weight: 90 },
              { model: "a-2", weight: 10 },
            ],
          },
        ],
      ],
      [
        "first",
        [
          {
            models: [],
            targets: [
              { model: "x", weight: 1 },
              { model: "y", weight: 1 },
            ],
          },
          { models: ["k"], targets: [] },
        ],
      ],
    ],
  );
  assert.deepEqual(found.warnings, []);
});

test("targets of which only some have a weight are warned of", () => {
  const { warnings, rewrites } = policiesOf(
    rules({ targets: [{ modelRewrite: "x" }, { modelRewrite: "y", weight: 2 }] }),
  );
  assert.deepEqual(warnings, [
    "pools[0].rewrites[0].rules[0].targets: some have a weight and some have not: those without get no requests",
  ]);
  assert.deepEqual(rewrites?.[0]?.rules[0]?.targets, [{ model: "y", weight: 2 }]);
});

const REFUSED: readonly (readonly [string, object, readonly string[]])[] = [
  [
    "objectives of the wrong shape",
    { objectives: [{ name: "a", priority: 1.5 }, { name: "" }, { name: "b", prio: 1 }] },
    [
      "pools[0].objectives[0].priority: must be an integer from -2147483648 to 2147483647, is 1.5",
      "pools[0].objectives[1].name: must have 1 to 253 bytes, has 0",
      'pools[0].objectives[2].prio: unknown field, did you mean "priority"?',
    ],
  ],
  [
    "names that come twice",
    { objectives: [{ name: "a" }, { name: "a" }], rewrites: ["r", "r"].map((name) => ({ name, rules: [] })) },
    [
      'pools[0].objectives[1].name: "a" is already pools[0].objectives[0]',
      'pools[0].rewrites[1].name: "r" is already pools[0].rewrites[0]',
    ],
  ],
  [
    "a rule of the wrong shape",
    rules({
      matches: [{ model: { type: "Prefix", value: "a" } }, { header: "x" }],
      targets: [{ modelRewrite: "x", weight: 0 }, { model: "y" }],
    }),
    [
      'pools[0].rewrites[0].rules[0].matches[0].model.type: must be "Exact", is "Prefix"',
      "pools[0].rewrites[0].rules[0].matches[1].header: unknown field, known are model",
      "pools[0].rewrites[0].rules[0].matches[1].model: must be a mapping with type, value, is missing",
      "pools[0].rewrites[0].rules[0].targets[0].weight: must be an integer from 1 to 1000000, is 0",
      "pools[0].rewrites[0].rules[0].targets[1].model: unknown field, known are modelRewrite, weight",
      "pools[0].rewrites[0].rules[0].targets[1].modelRewrite: must be a string, is missing",
    ],
  ],
  ["rewrites without rules", { rewrites: [{ name: "r" }] }, ["pools[0].rewrites[0].rules: must be a list, is missing"]],
  [
    "more than a gateway takes",
    { objectives: Array.from({ length: 4097 }, (_, index) => ({ name: `o-${index}` })) },
    [
      "pools[0]: objectives and rewrites are more than a gateway takes: number of objectives of pool ns/p is 4097, must be an integer from 0 to 4096",
    ],
  ],
];

for (const [what, policies, problems] of REFUSED) {
  test(`refused: ${what}`, () => assert.deepEqual(problemsOf(policies), problems));
}
