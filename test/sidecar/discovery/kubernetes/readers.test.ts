import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readInferenceModel } from "../../../../sidecar/discovery/kubernetes/inference-model.ts";
import { readOldPool, readPool } from "../../../../sidecar/discovery/kubernetes/inference-pool.ts";
import { readNode } from "../../../../sidecar/discovery/kubernetes/node.ts";
import { readObjective } from "../../../../sidecar/discovery/kubernetes/objective.ts";
import { readImport } from "../../../../sidecar/discovery/kubernetes/pool-import.ts";
import { readRewrite } from "../../../../sidecar/discovery/kubernetes/rewrite.ts";
import { model, node, objective, oldPool, pool, poolImport, rewrite } from "./objects.ts";
import { readOne } from "./set-up.ts";

const LEFT_OUT = "object cannot be used and is left out";
const NOT_IN_ORDER = "object is not quite in order";
const V1 = "inference.networking.k8s.io";
const OLD = "inference.networking.x-k8s.io";

describe("pools", () => {
  test("of v1 have labels and ports", () => {
    const { record, told } = readOne(pool("ns/base", { tier: "a", app: "vllm", "x.io/y": "" }, [8000, 8001]), readPool);
    assert.deepEqual(
      { ...record, uid: "" },
      {
        key: "ns/base",
        uid: "",
        namespace: "ns",
        name: "base",
        group: V1,
        selector: "app=vllm,tier=a,x.io/y=",
        targetPorts: [8000, 8001],
      },
    );
    assert.deepEqual(told, []);
  });

  test("of v1alpha2 have a flat selector and one port", () => {
    const { record } = readOne(oldPool("ns/base", { app: "vllm" }, 9000), readOldPool);
    assert.deepEqual([record?.group, record?.selector, record?.targetPorts], [OLD, "app=vllm", [9000]]);
  });

  const refused: [string, ReturnType<typeof pool>, typeof readPool, string[]][] = [
    ["no labels", pool("ns/p", {}), readPool, ["spec.selector.matchLabels: must have at least one label"]],
    [
      "a label that is no text",
      pool("ns/p", { app: 1 }),
      readPool,
      ["spec.selector.matchLabels.app: must be a string, is 1; put it in quotes"],
    ],
    [
      "a value that would be another selector",
      pool("ns/p", { app: "a,b!=c" }),
      readPool,
      ['spec.selector.matchLabels.app: "a,b!=c" is not a label\'s value'],
    ],
    ["no ports", pool("ns/p", { a: "b" }, []), readPool, ["spec.targetPorts: must have 1 to 8 ports, has 0"]],
    [
      "nine ports",
      pool("ns/p", { a: "b" }, [1, 2, 3, 4, 5, 6, 7, 8, 9]),
      readPool,
      ["spec.targetPorts: must have 1 to 8 ports, has 9"],
    ],
    [
      "a port twice",
      pool("ns/p", { a: "b" }, [80, 81, 80]),
      readPool,
      ["spec.targetPorts: must not have a port twice: 80, 81, 80"],
    ],
    [
      "a port out of range",
      pool("ns/p", { a: "b" }, [80, 65536]),
      readPool,
      ["spec.targetPorts[1].number: must be an integer from 1 to 65535, is 65536"],
    ],
    [
      "an old pool without anything",
      oldPool("ns/p", null, null),
      readOldPool,
      [
        "spec.targetPortNumber: must be an integer from 1 to 65535, is empty",
        "spec.selector: must be a mapping, is empty",
      ],
    ],
  ];
  for (const [what, object, read, problems] of refused) {
    test(`with ${what} are refused`, () => {
      const { record, told } = readOne(object, read);
      assert.equal(record, undefined);
      assert.deepEqual(told, [["InferencePool ns/p", problems, LEFT_OUT]]);
    });
  }

  test("without a spec or a name are told", () => {
    const { spec, ...without } = pool("ns/p");
    assert.deepEqual(readOne(without, readPool).told[0]?.[1], ["spec: must be a mapping, is missing"]);
    const nameless = { ...pool("ns/p"), metadata: { uid: "1" } };
    assert.deepEqual(readOne(nameless, readPool).told[0]?.slice(0, 2), [
      "InferencePool without a name",
      ["metadata.name: must be a string, is missing"],
    ]);
  });
});

test("imports tell which clusters export", () => {
  assert.deepEqual(readOne(poolImport("ns/p", ["b", "a", "b"]), readImport).record?.clusters, ["a", "b"]);
  const { status, ...bare } = poolImport("ns/p", []);
  assert.deepEqual(readOne(bare, readImport).record?.clusters, []);
  assert.equal(readOne(poolImport("ns/p", [3]), readImport).record, undefined);
});

test("of nodes only the zone matters", () => {
  const { record } = readOne(node("n1", "zone-a"), readNode);
  assert.deepEqual([record?.key, record?.name, record?.zone], ["n1", "n1", "zone-a"]);
  assert.deepEqual([readOne(node("n2"), readNode).record, readOne(node("n2"), readNode).told], [undefined, []]);
});

describe("objectives", () => {
  test("have a priority, 0 where they do not say, and a pool of v1 where they do not say", () => {
    const { record } = readOne(objective("ns/gold", { priority: 7, poolRef: { name: "base" } }), readObjective);
    assert.deepEqual(
      [record?.objective, record?.ref],
      [
        { name: "gold", priority: 7 },
        { group: V1, pool: "ns/base" },
      ],
    );
    const unset = readOne(objective("ns/x", { poolRef: { name: "base", group: OLD } }), readObjective).record;
    assert.deepEqual([unset?.objective.priority, unset?.ref.group], [0, OLD]);
    const empty = readOne(objective("ns/x", { poolRef: { name: "base", group: "", kind: "" } }), readObjective).record;
    assert.equal(empty?.ref.group, V1);
  });

  test("of something that is no pool are left out without a word", () => {
    for (const poolRef of [
      { name: "base", kind: "Service" },
      { name: "base", group: "example.com" },
    ]) {
      assert.deepEqual(readOne(objective("ns/x", { poolRef }), readObjective), { record: undefined, told: [] });
    }
  });

  test("with a wrong priority or without a pool are refused", () => {
    const wrong = readOne(objective("ns/x", { priority: 1.5, poolRef: { name: "base" } }), readObjective);
    assert.deepEqual(wrong.told, [
      [
        "InferenceObjective ns/x",
        ["spec.priority: must be an integer from -2147483648 to 2147483647, is 1.5"],
        LEFT_OUT,
      ],
    ]);
    assert.deepEqual(readOne(objective("ns/x", {}), readObjective).told[0]?.[1], [
      "spec.poolRef: must be a mapping, is missing",
    ]);
  });
});

describe("rewrites", () => {
  const poolRef = { name: "base" };
  const match = (value: string) => ({ model: { type: "Exact", value } });

  test("have rules, whose matches and weights may be left out", () => {
    const rules = [
      { matches: [match("a"), { model: { value: "b" } }], targets: [{ modelRewrite: "x" }, { modelRewrite: "y" }] },
      {
        targets: [
          { modelRewrite: "x", weight: 90 },
          { modelRewrite: "y", weight: 10 },
        ],
      },
      { matches: [match("c")] },
    ];
    const { record, told } = readOne(rewrite("ns/r", { poolRef, rules }), readRewrite);
    assert.deepEqual(record?.rewrite, {
      name: "r",
      createdAt: Date.UTC(2026, 0, 1),
      rules: [
        {
          models: ["a", "b"],
          targets: [
            { model: "x", weight: 1 },
            { model: "y", weight: 1 },
          ],
        },
        {
          models: [],
          targets: [
            { model: "x", weight: 90 },
            { model: "y", weight: 10 },
          ],
        },
        { models: ["c"], targets: [] },
      ],
    });
    assert.deepEqual(told, []);
  });

  test("whose weights are mixed give those without nothing, and say so", () => {
    const rules = [{ targets: [{ modelRewrite: "x", weight: 3 }, { modelRewrite: "y" }] }];
    const { record, told } = readOne(rewrite("ns/r", { poolRef, rules }), readRewrite);
    assert.deepEqual(record?.rewrite.rules[0]?.targets, [{ model: "x", weight: 3 }]);
    const problem = "spec.rules[0].targets: some have a weight and some have not: those without get no requests";
    assert.deepEqual(told, [["InferenceModelRewrite ns/r", [problem], NOT_IN_ORDER]]);
  });

  test("are refused as a whole where a part is wrong", () => {
    const rules = [
      { matches: [{ model: { type: "Regex", value: "a.*" } }, {}], targets: [{ modelRewrite: "x", weight: 0 }] },
      3,
    ];
    const { record, told } = readOne(rewrite("ns/r", { poolRef, rules }), readRewrite);
    assert.equal(record, undefined);
    assert.deepEqual(told[0]?.[1], [
      'spec.rules[0].matches[0].model.type: must be "Exact", is "Regex"',
      "spec.rules[0].matches[1].model: must be a mapping, is missing",
      "spec.rules[0].targets[0].weight: must be an integer from 1 to 1000000, is 0",
      "spec.rules[1]: must be a mapping, is 3",
    ]);
  });
});

describe("models", () => {
  const poolRef = { name: "base" };
  const read = (spec: object) => readOne(model("ns/m", { modelName: "chat", poolRef, ...spec }), readInferenceModel);

  test("become an objective by their criticality", () => {
    const priority = (criticality: string) => read({ criticality }).record?.objective;
    assert.deepEqual(priority("Critical"), { name: "m", model: "chat", priority: 10 });
    assert.deepEqual(priority("Standard"), { name: "m", model: "chat", priority: 0 });
    assert.deepEqual(priority("Sheddable"), { name: "m", model: "chat", priority: -10 });
    assert.equal(read({}).record?.objective, undefined);
    assert.equal(read({ criticality: "High" }).record, undefined);
  });

  test("are about a pool of the older group where they do not say", () => {
    assert.deepEqual(read({}).record?.ref, { group: OLD, pool: "ns/base" });
    assert.equal(read({ poolRef: { name: "base", group: V1 } }).record?.ref.group, V1);
  });

  test("become a rewrite by their targets; a weight of 0 takes one out", () => {
    const targetModels = [
      { name: "v1", weight: 10 },
      { name: "v2", weight: 0 },
    ];
    assert.deepEqual(read({ targetModels }).record?.rewrite, {
      name: "m",
      createdAt: Date.UTC(2026, 0, 1),
      rules: [{ models: ["chat"], targets: [{ model: "v1", weight: 10 }] }],
    });
    assert.equal(read({}).record?.rewrite, undefined);
    const none = read({ targetModels: [{ name: "v1", weight: 0 }] });
    assert.equal(none.record?.rewrite, undefined);
    assert.match(String(none.told[0]?.[1]), /^spec.targetModels: all weights are 0/);
  });
});
