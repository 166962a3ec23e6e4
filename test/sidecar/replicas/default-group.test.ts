import assert from "node:assert/strict";
import { resolve } from "node:path";
import { test } from "node:test";
import { OLD_POOL_GROUP, POOL_GROUP } from "../../../sidecar/discovery/kubernetes/scope.ts";
import { defaultGroup } from "../../../sidecar/replicas/default-group.ts";

test("sidecars of one scope are one group, and of another another", () => {
  const pool = { kind: "pool", namespace: "ns", name: "base", group: POOL_GROUP } as const;
  const selector = {
    kind: "selector",
    namespace: "ns",
    name: "base",
    selector: "app=vllm",
    targetPorts: [8000],
  } as const;
  assert.equal(defaultGroup(pool), "pool/ns/base");
  assert.equal(defaultGroup({ kind: "all" }), "all");
  assert.equal(defaultGroup({ kind: "namespaces", namespaces: ["b", "a", "b"] }), "namespaces/a,b");
  const many = Array.from({ length: 40 }, (_, index) => `namespace-${index}`);
  const groups = [
    defaultGroup(pool),
    defaultGroup({ ...pool, group: OLD_POOL_GROUP }),
    defaultGroup({ ...pool, name: "other" }),
    defaultGroup(selector),
    defaultGroup({ ...selector, selector: "app=sglang" }),
    defaultGroup({ ...selector, targetPorts: [8000, 8001] }),
    defaultGroup({ kind: "namespaces", namespaces: many }),
    defaultGroup({ kind: "namespaces", namespaces: many.slice(1) }),
    defaultGroup({ kind: "all" }),
    defaultGroup({ kind: "file", file: "endpoints.yaml" }),
    defaultGroup({ kind: "file", file: "/other/endpoints.yaml" }),
  ];
  assert.equal(new Set(groups).size, groups.length);
  for (const group of groups) assert.match(group, /^[^\s{}]{1,200}$/);
});

test("a file is its absolute path", () => {
  assert.equal(
    defaultGroup({ kind: "file", file: "endpoints.yaml" }),
    defaultGroup({ kind: "file", file: resolve("endpoints.yaml") }),
  );
});
