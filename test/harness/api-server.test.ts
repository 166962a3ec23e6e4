import assert from "node:assert/strict";
import { test } from "node:test";
import { compileSelectors } from "./api-server-selectors.ts";

const object = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "a", namespace: "n", labels: { app: "vllm", tier: "x", "k8s.io/y": "" } },
  spec: { nodeName: "node-1" },
};

const holds = (labels: string, fields = "") => compileSelectors(labels, fields)(object);

test("label selectors hold as the API says", () => {
  const good = ["", "app=vllm", "app==vllm", "app!=sglang", "none!=x", "app in (vllm, sglang)", "tier notin (y,z)"];
  good.push("none notin (x)", "app", "!none", "k8s.io/y", "k8s.io/y=", "app=vllm,tier in (x),!none");
  for (const selector of good) assert.equal(holds(selector), true, selector);
  const bad = ["app=x", "app!=vllm", "none=x", "app in (a,b)", "tier notin (x)", "!app", "none", "app=vllm,tier=y"];
  for (const selector of bad) assert.equal(holds(selector), false, selector);
});

test("field selectors follow paths", () => {
  assert.equal(holds("", "metadata.name=a,spec.nodeName!=node-2"), true);
  assert.equal(holds("", "metadata.name!=a"), false);
  assert.equal(holds("", "status.phase="), true);
});

test("what is no selector is refused", () => {
  assert.throws(() => holds("app in vllm"), /unable to parse requirement: app in vllm/);
});
