import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../../scripts/stack/command.ts";
import { parseGoVersion, readNeeds } from "../../scripts/testing/cluster-binary.ts";

test("the API server's module says which Go and which Kubernetes it needs", () => {
  const { go, kubernetes } = readNeeds(readFileSync(join(ROOT, "test/kube/apiserver/go.mod"), "utf8"));
  assert.match(go, /^1\.\d+(\.\d+)?$/);
  assert.match(kubernetes, /^v1\.\d+\.\d+$/);
  assert.throws(() => readNeeds("module x\n\ngo 1.24.0\n"));
});

test("every staging module is of the version that belongs to Kubernetes", () => {
  const goMod = readFileSync(join(ROOT, "test/kube/apiserver/go.mod"), "utf8");
  const { kubernetes } = readNeeds(goMod);
  const replaced = [...goMod.matchAll(/^\t(k8s\.io\/\S+) => (\S+) (\S+)$/gm)];
  assert.equal(replaced.length, 31);
  for (const [line, name, by, version] of replaced) {
    assert.equal(name, by, line);
    assert.equal(version, kubernetes.replace("v1.", "v0."), line);
  }
});

test("a Go's version is read from what it says of itself", () => {
  assert.equal(parseGoVersion("go1.26.8\n"), "1.26.8");
  assert.equal(parseGoVersion("go1.24"), "1.24");
  assert.equal(parseGoVersion("devel go1.27-abcdef Mon Jan 5\n"), "1.27");
  assert.equal(parseGoVersion("command not found"), null);
});
