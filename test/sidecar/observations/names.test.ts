import assert from "node:assert/strict";
import { test } from "node:test";
import { BoundedNames } from "../../../sidecar/observations/bounded-names.ts";
import { ConfiguredModels } from "../../../sidecar/observations/configured-models.ts";
import { PoolNames } from "../../../sidecar/observations/pool-names.ts";
import { nameKey } from "../../../wire/name-key.ts";
import { FakeSource } from "../push/fake-source.ts";

const rewrite = (name: string, models: string[], ...targets: string[]) => ({
  name,
  createdAt: 0,
  rules: [{ models, targets: targets.map((model) => ({ model, weight: 1 })) }],
});

test("so many names are kept over all pools, and stay; no name is none of them", () => {
  const names = new BoundedNames(() => false, 3);
  assert.deepEqual(
    [names.of("a", "x"), names.of("a", ""), names.of("b", "x"), names.of("a", "y"), names.of("a", "z")],
    ["x", "", "x", "y", "other"],
  );
  assert.deepEqual([names.of("b", "y"), names.of("a", "x"), names.of("a", "other")], ["other", "x", "other"]);
});

test("configured names take no room", () => {
  const names = new BoundedNames((pool, name) => pool === "a" && name.startsWith("own-"), 1);
  assert.deepEqual(
    [
      names.of("a", "own-1"),
      names.of("a", "own-2"),
      names.of("a", "x"),
      names.of("a", "own-3"),
      names.of("b", "own-1"),
    ],
    ["own-1", "own-2", "x", "own-3", "other"],
  );
});

test("models of rewrites are configured as long as the pool has them", () => {
  const source = new FakeSource();
  source.setRoster("ns/a", 1);
  source.setPolicies("ns/a", { objectives: [], rewrites: [rewrite("one", ["chat"], "v1", "v2")] });
  const configured = new ConfiguredModels(source);
  const known = (pool: string) => ["chat", "v1", "v2", "v3"].filter((name) => configured.has(pool, name));
  assert.deepEqual([known("ns/a"), known("ns/b")], [["chat", "v1", "v2"], []]);
  source.setPolicies("ns/a", { objectives: [], rewrites: [rewrite("one", [], "v3")] });
  assert.deepEqual(known("ns/a"), ["v3"]);
  source.setPolicies("ns/a", { objectives: [], rewrites: [] });
  assert.deepEqual(known("ns/a"), []);
  source.setPolicies("ns/a", { objectives: [], rewrites: [rewrite("one", ["chat"], "v1")] });
  source.remove("ns/a");
  assert.deepEqual(known("ns/a"), []);
});

test("a rewrite is found by what it makes of a model: exact rules first, the oldest first", () => {
  const source = new FakeSource();
  source.setRoster("ns/a", 1);
  const rewrites = [
    rewrite("any", [], "v1"),
    rewrite("old", ["chat"], "v1", "v2"),
    rewrite("new", ["chat", "draft"], "v3"),
  ];
  source.setPolicies("ns/a", { objectives: [], rewrites });
  const configured = new ConfiguredModels(source);
  const of = (model: string, target: string) => configured.rewriteOf("ns/a", model, target);
  assert.deepEqual(
    [of("chat", "v1"), of("chat", "v2"), of("draft", "v3"), of("made-up", "v1")],
    ["old", "old", "new", "any"],
  );
  // By a header, or by a rewrite that is gone.
  assert.deepEqual([of("chat", "v3"), of("made-up", "v2"), of("draft", "v1")], [undefined, undefined, undefined]);
  assert.equal(configured.rewriteOf("ns/b", "chat", "v1"), undefined);
});

test("a pool has a name as long as it is there", () => {
  const source = new FakeSource();
  source.setRoster("ns/a", 1);
  const names = new PoolNames(source);
  source.setRoster("ns/b", 1);
  const known = () => ["ns/a", "ns/b", "ns/c"].map((pool) => names.of(nameKey(pool)));
  assert.deepEqual(known(), ["ns/a", "ns/b", ""]);
  source.remove("ns/a");
  assert.deepEqual([...known(), names.of(0n)], ["", "ns/b", "", ""]);
});
