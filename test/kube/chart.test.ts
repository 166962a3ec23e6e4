// What the chart and the kustomizations make, put before an API server: it takes all of it, to the last field.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { stringify } from "yaml";
import { buildKustomization, gatewayPatch, type KubeObject, only, renderChart, type Values } from "../harness/helm.ts";
import { type Cluster, startCluster } from "../harness/kube-cluster.ts";
import { ADMIN_TOKEN } from "../harness/kube-processes.ts";

const NAMESPACE = "models";

let cluster: Cluster;
before(async () => {
  cluster = await startCluster();
  await cluster.addKinds("gateways.yaml");
  for (const name of [NAMESPACE, "team-a", "team-b", "inline-epp", "monitoring"]) await cluster.addNamespace(name);
});
after(() => cluster?.stop());

const asText = (objects: readonly KubeObject[]): string => objects.map((object) => stringify(object)).join("---\n");

/**
 * Has the API server check objects, without keeping them; those that name no namespace are for NAMESPACE. Unknown fields
 * are refused, not dropped.
 */
async function assertTaken(objects: readonly KubeObject[]): Promise<void> {
  // With -n, objects that do name one would be refused.
  const config = cluster.kubeconfig({ token: ADMIN_TOKEN }, NAMESPACE);
  const args = ["apply", "--kubeconfig", config, "--dry-run=server", "--validate=strict", "-f", "-"];
  const said = await cluster.kubectl(args, asText(objects));
  assert.equal(said.match(/ (created|configured) \(server dry run\)/g)?.length, objects.length, said);
}

const CASES: Record<string, Values> = {
  "as it comes": {},
  "one pool": { scope: { pool: { name: "base", namespace: "team-a" } } },
  "two namespaces": { scope: { namespaces: ["team-a", "team-b"] } },
  "all namespaces, with zones": { scope: { all: true }, zonesFromNodes: true },
  "readers of metrics": {
    metrics: {
      auth: true,
      readers: [{ name: "prometheus", namespace: "monitoring" }],
      serviceMonitor: { enabled: true },
    },
  },
  "scaled, guarded and on Redis": {
    autoscaling: { enabled: true },
    networkPolicy: {
      enabled: true,
      gateways: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "istio-ingress" } } }],
    },
    redis: { existingSecret: "redis" },
    service: { headless: true },
    tolerations: [{ operator: "Exists" }],
    extraEnv: [{ name: "NODE_OPTIONS", value: "--max-old-space-size=256" }],
  },
  "beside Istio's gateway": { mode: "sidecar", sidecar: { gateway: "istio", serviceAccounts: [{ name: "gateway" }] } },
  "beside Envoy Gateway's": {
    mode: "sidecar",
    sidecar: { gateway: "envoy-gateway", serviceAccounts: [{ name: "gateway" }] },
  },
};

for (const [name, values] of Object.entries(CASES)) {
  test(`the chart's objects are taken: ${name}`, async () => {
    await assertTaken(await renderChart(values, { namespace: NAMESPACE }));
  });
}

for (const folder of ["base", "overlays/single-pool", "overlays/namespaces", "overlays/all-namespaces"]) {
  test(`the kustomization's objects are taken: ${folder}`, async () => {
    await assertTaken(await buildKustomization(folder));
  });
}

test("an API server that enforces the restricted Pod Security Standard takes the pods", async () => {
  const namespace = "restricted";
  await cluster.admin.apply({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: namespace, labels: { "pod-security.kubernetes.io/enforce": "restricted" } },
  });
  const podOf = ({ spec }: KubeObject): KubeObject => {
    const { metadata, spec: pod } = spec.template;
    return { apiVersion: "v1", kind: "Pod", metadata: { ...metadata, name: "sidecar", namespace }, spec: pod };
  };
  const deployment = only(await renderChart({}, { namespace }), "Deployment");
  await assertTaken([podOf(deployment)]);
  // The standard is enforced at all.
  const lax = podOf(deployment);
  lax.spec.containers[0].securityContext.allowPrivilegeEscalation = true;
  await assert.rejects(assertTaken([lax]), /violates PodSecurity "restricted/);
});

test("the gateway's Deployment takes the patch that puts the sidecar beside its proxy", async () => {
  const values = { mode: "sidecar", sidecar: { gateway: "istio", serviceAccounts: [{ name: "gateway" }] } };
  const objects = await renderChart(values, { namespace: NAMESPACE });
  const labels = { app: "gateway" };
  const proxy = { name: "istio-proxy", image: "proxy", ports: [{ containerPort: 15090 }] };
  await cluster.admin.apply({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "gateway", namespace: NAMESPACE },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { serviceAccountName: "gateway", containers: [proxy] } },
    },
  });
  const patch = JSON.stringify({ spec: gatewayPatch(objects) });
  const args = ["patch", "deployment", "gateway", "-n", NAMESPACE, "--type=strategic", "-p", patch, "-o", "json"];
  const patched = JSON.parse(await cluster.kubectl([...args, "--dry-run=server"])) as KubeObject;
  const { containers, initContainers = [] } = patched.spec.template.spec;
  const names = [...containers, ...initContainers].map((container: { name: string }) => container.name).sort();
  assert.deepEqual(names, ["inline-epp", "istio-proxy"]);
});
