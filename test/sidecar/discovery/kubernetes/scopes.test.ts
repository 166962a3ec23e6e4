import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Group, model, objective, oldPool, pod, pool, poolImport, rewrite } from "./objects.ts";
import { setUp } from "./set-up.ts";

const V1 = "inference.networking.k8s.io";
const OLD = "inference.networking.x-k8s.io";
const NEW: Group = "llm-d.ai";
const CANNOT = "cluster cannot be read";
const WITHOUT = "kinds that may not be read are done without";

const onePool = { kind: "pool", namespace: "ns", name: "a", group: V1 } as const;

describe("a scope", () => {
  test("of one pool reads that pool and what is in its namespace", async () => {
    const { start, cluster, shown } = setUp({
      scope: onePool,
      objects: [pool("ns/a"), pool("ns/b"), pool("other/a"), oldPool("ns/a"), pod("ns/p")],
    });
    await start();
    assert.deepEqual(shown(), ["ns/a: 10.0.0.1:8000"]);
    assert.deepEqual(cluster.open.sort(), [
      `InferenceModel.${OLD} ns`,
      `InferenceModelRewrite.${OLD} ns`,
      `InferenceModelRewrite.${NEW} ns`,
      `InferenceObjective.${OLD} ns`,
      `InferenceObjective.${NEW} ns`,
      `InferencePool.${V1} ns metadata.name=a`,
      `InferencePoolImport.${OLD} ns`,
      "Pod. ns app=vllm",
    ]);
  });

  test("of one pool of the older group reads that group", async () => {
    const { start, shown } = setUp({
      scope: { ...onePool, group: OLD },
      objects: [pool("ns/a", { app: "web" }), oldPool("ns/a", { app: "vllm" }, 9000), pod("ns/p")],
    });
    await start();
    assert.deepEqual(shown(), ["ns/a: 10.0.0.1:9000"]);
  });

  test("of one pool that is not there says so, and takes it when it comes", async () => {
    const { start, cluster, calls, log, settle, shown } = setUp({ scope: onePool, objects: [pod("ns/p")] });
    await start();
    assert.deepEqual(calls, [[]]);
    assert.deepEqual(log.of("there is no such InferencePool yet"), [{ pool: "ns/a", group: V1 }]);
    cluster.put(pool("ns/a"));
    settle();
    assert.deepEqual(shown(), ["ns/a: 10.0.0.1:8000"]);
  });

  test("of namespaces without a pool says so, and takes one when it comes", async () => {
    const scope = { kind: "namespaces", namespaces: ["ns", "more"] } as const;
    const { start, cluster, log, settle, shown } = setUp({ scope, objects: [pod("ns/p"), pool("other/a")] });
    await start();
    assert.deepEqual(log.of("there are no InferencePools yet"), [{ scope }]);
    cluster.put(pool("ns/a"));
    settle();
    assert.deepEqual(shown(), ["ns/a: 10.0.0.1:8000"]);
  });

  test("by selector reads pods only", async () => {
    const { start, cluster, shown } = setUp({
      scope: { kind: "selector", namespace: "ns", name: "mine", selector: "app=vllm", targetPorts: [8000, 8001] },
      objects: [pool("ns/a"), pod("ns/p")],
    });
    await start();
    assert.deepEqual(shown(), ["ns/mine: 10.0.0.1:8000 10.0.0.1:8001"]);
    assert.deepEqual(cluster.open, ["Pod. ns app=vllm"]);
  });

  test("of namespaces reads both groups in each of them", async () => {
    const { start, cluster, shown } = setUp({
      scope: { kind: "namespaces", namespaces: ["x", "y", "x"] },
      objects: [pool("x/a"), oldPool("y/b"), pool("z/c"), pod("x/p"), pod("y/p", { ip: "10.0.0.2" })],
    });
    await start();
    assert.deepEqual(shown(), ["x/a: 10.0.0.1:8000", "y/b: 10.0.0.2:8000"]);
    assert.equal(cluster.open.filter((text) => text.startsWith("InferencePool.")).length, 4);
  });

  test("of everything takes v1 where both groups have a pool of one name", async () => {
    const { start, shown, log, cluster, settle } = setUp({
      objects: [oldPool("ns/a", { app: "vllm" }, 9000), pool("ns/a"), pod("ns/p")],
    });
    await start();
    assert.deepEqual(shown(), ["ns/a: 10.0.0.1:8000"]);
    assert.deepEqual(log.of("object is not used"), [
      {
        object: "InferencePool ns/a",
        problems: [`of group ${OLD}: the one of group ${V1} with the same name counts`],
      },
    ]);
    settle();
    cluster.remove(pool("ns/a"));
    settle();
    assert.deepEqual(shown(), ["ns/a: 10.0.0.1:9000"]);
  });
});

describe("kinds that may be missing", () => {
  const denied = (...types: string[]) => Object.fromEntries(types.map((type) => [type, "denied"] as const));
  const sixDenied = denied(
    ...[OLD, NEW].flatMap((group) => [`InferenceObjective.${group}`, `InferenceModelRewrite.${group}`]),
    ...["InferenceModel", "InferencePoolImport"].map((kind) => `${kind}.${OLD}`),
  );
  const sixRules = [
    `{apiGroups: ["${OLD}"], resources: ["inferencepoolimports", "inferenceobjectives", "inferencemodelrewrites", ` +
      '"inferencemodels"], verbs: ["list", "watch"]}',
    `{apiGroups: ["${NEW}"], resources: ["inferenceobjectives", "inferencemodelrewrites"], verbs: ["list", "watch"]}`,
  ];

  test("are missed by nobody; those that are denied are told in one line, once, with the rules", async () => {
    const { start, clock, log, shown, cluster } = setUp({
      scope: onePool,
      states: sixDenied,
      objects: [pool("ns/a"), pod("ns/p")],
    });
    await start();
    assert.deepEqual(shown(), ["ns/a: 10.0.0.1:8000"]);
    clock.advance(1000);
    cluster.become("InferenceObjective", "denied", "may not watch them, in other words");
    clock.advance(600_000);
    assert.deepEqual(log.of(WITHOUT), [{ missingRules: sixRules, of: ['Role in namespace "ns"'] }]);
    assert.deepEqual(log.of(CANNOT), []);
  });

  test("that are denied in several namespaces are told by their rules; a group of pools without which it goes too", async () => {
    const { start, clock, log } = setUp({
      scope: { kind: "namespaces", namespaces: ["x", "y"] },
      states: { ...sixDenied, ...denied(`InferencePool.${OLD}`) },
      objects: [pool("x/a"), pod("x/p")],
    });
    await start();
    clock.advance(1000);
    const [told, ...others] = log.of(WITHOUT);
    assert.deepEqual(others, []);
    assert.deepEqual(told?.of, ['Role in namespace "x"', 'Role in namespace "y"']);
    assert.match(String(told?.missingRules), /"inferencepools", "inferencepoolimports", /);
  });

  test("and were read before are missed where they are denied, as are pods", async () => {
    const { start, clock, log, cluster } = setUp({ objects: [pool("ns/a"), pod("ns/p")] });
    await start();
    cluster.become("InferenceObjective", "denied", "may not watch objectives");
    cluster.become("Pod", "denied", "may not list pods");
    clock.advance(600_000);
    assert.deepEqual(log.of(CANNOT), [{ problems: ["may not watch objectives", "may not list pods"] }]);
    assert.deepEqual(log.of(WITHOUT), []);
  });

  test("are taken when they come later", async () => {
    const states = { [`InferenceObjective.${OLD}`]: "absent", [`InferencePool.${V1}`]: "absent" } as const;
    const {
      start,
      cluster,
      pool: find,
      settle,
      shown,
    } = setUp({
      states,
      objects: [
        oldPool("ns/old"),
        pool("ns/a"),
        pod("ns/p"),
        objective("ns/gold", { priority: 5, poolRef: { name: "a" } }),
      ],
    });
    await start();
    settle();
    assert.deepEqual(shown(), ["ns/old: 10.0.0.1:8000"], "the older group is enough to begin with");
    cluster.list(`InferencePool.${V1}`);
    settle();
    assert.deepEqual(shown(), ["ns/a: 10.0.0.1:8000", "ns/old: 10.0.0.1:8000"]);
    assert.deepEqual(find("ns/a")?.objectives, []);
    const old = find("ns/old");
    cluster.list(`InferenceObjective.${OLD}`);
    settle();
    assert.deepEqual(find("ns/a")?.objectives, [{ name: "gold", priority: 5 }]);
    assert.equal(find("ns/old"), old);
  });

  test("hold up the first pools for two seconds, where their list is late, and no longer", async () => {
    const states = { [`InferenceObjective.${OLD}`]: "away" } as const;
    const { start, calls, clock, cluster, pool: find } = setUp({ states, objects: [pool("ns/a"), pod("ns/p")] });
    const started = start();
    clock.advance(1999);
    assert.equal(calls.length, 0);
    clock.advance(10);
    await started;
    assert.equal(calls.length, 1);
    cluster.put(objective("ns/gold", { poolRef: { name: "a" } }));
    cluster.list("InferenceObjective");
    clock.advance(5);
    assert.equal(find("ns/a")?.objectives.length, 1);
  });
});

describe("a pool's policies", () => {
  const ref = (name: string, group?: string) => ({ poolRef: { name, ...(group && { group }) } });

  test("are those that refer to it, by name, namespace and group", async () => {
    const {
      start,
      pool: find,
      log,
    } = setUp({
      objects: [
        pool("ns/a"),
        pool("ns/b"),
        objective("ns/z", { priority: 1, ...ref("a") }),
        objective("ns/y", { priority: -1, ...ref("a", V1) }, NEW),
        objective("ns/x", ref("b")),
        objective("other/w", ref("a")),
        objective("ns/v", ref("a", OLD)),
      ],
    });
    await start();
    assert.deepEqual(find("ns/a")?.objectives, [
      { name: "y", priority: -1 },
      { name: "z", priority: 1 },
    ]);
    assert.deepEqual(find("ns/b")?.objectives, [{ name: "x", priority: 0 }]);
    assert.deepEqual(log.of("pool is referred to by another group"), [
      {
        object: "InferencePool ns/a",
        problems: [`is of group ${V1}: objects whose spec.poolRef is of group ${OLD} have no effect on it`],
      },
    ]);
  });

  test("of one name in both groups are the newer group's", async () => {
    const targets = [{ modelRewrite: "x" }];
    const {
      start,
      pool: find,
      log,
    } = setUp({
      objects: [
        pool("ns/a"),
        objective("ns/o", { priority: 1, ...ref("a") }),
        objective("ns/o", { priority: 2, ...ref("a") }, NEW),
        rewrite("ns/r", { rules: [{ targets }], ...ref("a") }),
        rewrite("ns/r", { rules: [], ...ref("a") }, NEW),
      ],
    });
    await start();
    assert.deepEqual(find("ns/a")?.objectives, [{ name: "o", priority: 2 }]);
    assert.deepEqual(
      find("ns/a")?.rewrites.map(({ rules }) => rules.length),
      [0],
    );
    const problems = ["there is one of the same name in the newer group, which counts"];
    assert.deepEqual(log.of("object is not used"), [
      { object: "InferenceObjective ns/o", problems },
      { object: "InferenceModelRewrite ns/r", problems },
    ]);
  });

  test("have the oldest rewrite first, and the models' after their age", async () => {
    const rules = [{ targets: [{ modelRewrite: "x" }] }];
    const models = { modelName: "m", targetModels: [{ name: "y" }] };
    const { start, pool: find } = setUp({
      objects: [
        oldPool("ns/a"),
        rewrite("ns/b", { rules, ...ref("a", OLD) }, NEW, "2026-01-03T00:00:00Z"),
        rewrite("ns/d", { rules, ...ref("a", OLD) }, NEW, "2026-01-01T00:00:00Z"),
        rewrite("ns/c", { rules, ...ref("a", OLD) }, NEW, "2026-01-01T00:00:00Z"),
        model("ns/e", { ...models, ...ref("a") }, "2026-01-02T00:00:00Z"),
      ],
    });
    await start();
    assert.deepEqual(
      find("ns/a")?.rewrites.map(({ name }) => name),
      ["c", "d", "e", "b"],
    );
  });

  test("of models are those of the oldest of one model's name, and give way to objectives", async () => {
    const {
      start,
      pool: find,
      log,
    } = setUp({
      objects: [
        oldPool("ns/a"),
        model("ns/young", { modelName: "m", criticality: "Sheddable", ...ref("a") }, "2026-01-02T00:00:00Z"),
        model("ns/old", { modelName: "m", criticality: "Critical", ...ref("a") }, "2026-01-01T00:00:00Z"),
        model("ns/o", { modelName: "n", criticality: "Critical", ...ref("a") }),
        objective("ns/o", { priority: 3, ...ref("a", OLD) }),
      ],
    });
    await start();
    assert.deepEqual(find("ns/a")?.objectives, [
      { name: "o", priority: 3 },
      { name: "old", model: "m", priority: 10 },
    ]);
    assert.deepEqual(log.of("object is not used"), [
      {
        object: "InferenceModel ns/o",
        problems: ["spec.criticality: InferenceObjective ns/o has the same name and counts"],
      },
      { object: "InferenceModel ns/young", problems: ['spec.modelName: "m" is already that of the older ns/old'] },
    ]);
  });

  test("change without the endpoints, and the other way round", async () => {
    const gold = objective("ns/gold", { priority: 1, ...ref("a") });
    const {
      start,
      cluster,
      pool: find,
      settle,
      calls,
    } = setUp({
      objects: [pool("ns/a"), pool("ns/b"), pod("ns/p"), gold],
    });
    await start();
    settle();
    const before = find("ns/a");
    const other = find("ns/b");
    cluster.put(objective("ns/gold", { priority: 2, ...ref("a") }));
    settle();
    assert.deepEqual(find("ns/a")?.objectives, [{ name: "gold", priority: 2 }]);
    assert.equal(find("ns/a")?.endpoints, before?.endpoints);
    assert.equal(find("ns/b"), other);
    const policies = find("ns/a")?.objectives;
    cluster.put(pod("ns/p", { ready: false }));
    settle();
    assert.equal(find("ns/a")?.objectives, policies);
    cluster.put(objective("ns/new", ref("elsewhere")));
    settle();
    assert.equal(calls.length, 3, "an objective of another pool is no news");
  });
});

const NOT_SERVED = "pools of other clusters, with none of their name here, are not served";

test("imports are told where no pool here has their name, when they come, in one line", async () => {
  const far = poolImport("ns/far", ["c2", "c1"]);
  const { start, log, cluster, settle } = setUp({
    objects: [pool("ns/a"), poolImport("ns/a", ["c1"]), far, poolImport("ns/none", [])],
  });
  await start();
  assert.deepEqual(log.of(NOT_SERVED), [{ imports: ["ns/far (of c1, c2)", "ns/none (of no cluster yet)"] }]);
  settle();
  cluster.put(poolImport("ns/none", ["c3"]));
  settle();
  assert.equal(log.of(NOT_SERVED).length, 1);
  cluster.remove(far);
  settle();
  cluster.put(far);
  settle();
  cluster.remove(pool("ns/a"));
  settle();
  assert.deepEqual(log.of(NOT_SERVED).slice(1), [{ imports: ["ns/far (of c1, c2)"] }, { imports: ["ns/a (of c1)"] }]);
  const levels = log.lines.filter(({ message }) => message === NOT_SERVED).map(({ level }) => level);
  assert.deepEqual(levels, ["info", "info", "info"]);
});

test("imports that are known before the pools are judged when those are known", async () => {
  const { start, cluster, log, settle } = setUp({
    slow: true,
    objects: [pool("ns/a"), poolImport("ns/a", ["c1"])],
  });
  const started = start();
  cluster.list("InferencePoolImport");
  settle();
  cluster.list();
  settle();
  cluster.list("Pod");
  settle();
  await started;
  assert.deepEqual(log.of(NOT_SERVED), []);
});
