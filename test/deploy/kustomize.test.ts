import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { ROOT } from "../../scripts/stack/command.ts";
import { findHelm, findKustomize } from "../../scripts/tools/deploy-tools.ts";
import { buildKustomization, CHART, type KubeObject, only, renderChart, type Values } from "../harness/helm.ts";
import { checkConsistency, keyOf } from "./consistency.ts";

const NAMESPACE = "inline-epp";
const HELM_LABELS = ["app.kubernetes.io/managed-by", "helm.sh/chart"];

/** Objects by name, without what only Helm has, and with the pod's own namespace by its name. */
function comparable(objects: readonly KubeObject[]): Record<string, unknown> {
  const text = JSON.stringify(objects).replaceAll("$(POD_NAMESPACE)", NAMESPACE);
  const found: Record<string, unknown> = {};
  for (const object of JSON.parse(text) as KubeObject[]) {
    const labels = Object.entries(object.metadata.labels).filter(([name]) => !HELM_LABELS.includes(name));
    found[keyOf(object)] = { ...object, metadata: { ...object.metadata, labels: Object.fromEntries(labels) } };
  }
  return found;
}

async function chartObjects(values: Values): Promise<Record<string, unknown>> {
  const release = { namespace: NAMESPACE };
  return comparable(await renderChart({ ...values, image: { repository: "inline-epp" } }, release));
}

before(async () => {
  await Promise.all([findHelm(), findKustomize()]);
});

describe("the kustomization", () => {
  const cases: Readonly<Record<string, Values>> = {
    base: {},
    "overlays/single-pool": { scope: { pool: { name: "base" } } },
    "overlays/namespaces": { scope: { namespaces: [NAMESPACE, "team-a", "team-b"] } },
    "overlays/all-namespaces": { scope: { all: true } },
    "overlays/envoy-gateway": { envoyGateway: { enabled: true } },
  };
  for (const [folder, values] of Object.entries(cases)) {
    test(`${folder} makes what the chart makes`, async () => {
      const objects = await buildKustomization(folder);
      checkConsistency(objects);
      assert.deepEqual(comparable(objects), await chartObjects(values));
    });
  }

  test("has the chart's configuration, word for word", () => {
    const base = readFileSync(join(ROOT, "deploy", "kustomize", "base", "config.yaml"), "utf8");
    assert.equal(base, readFileSync(join(CHART, "files", "default-config.yaml"), "utf8"));
  });

  test("moves to another namespace and another image as a whole", async () => {
    const folder = mkdtempSync(join(tmpdir(), "inline-epp-kustomize-"));
    try {
      cpSync(join(ROOT, "deploy", "kustomize"), join(folder, "kustomize"), { recursive: true });
      const images = '[{ name: inline-epp, newName: registry.example/epp, newTag: "9" }]';
      writeFileSync(
        join(folder, "kustomization.yaml"),
        `resources: [kustomize/base]\nnamespace: gpu\nimages: ${images}\n`,
      );
      const objects = await buildKustomization(folder);
      checkConsistency(objects);
      assert.deepEqual([...new Set(objects.map(({ metadata }) => metadata.namespace))], ["gpu"]);
      assert.equal(only(objects, "RoleBinding").subjects[0].namespace, "gpu");
      const { spec } = only(objects, "Deployment").spec.template;
      assert.equal(spec.containers[0].image, "registry.example/epp:9");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
