// The manifests against the API server, with the definitions of their kinds as Istio, the Gateway API and the Inference
// Extension publish them.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { stringify } from "yaml";
import { findKustomize } from "../../../scripts/tools/deploy-tools.ts";
import { type KubeObject, only } from "../../harness/helm.ts";
import { type Cluster, startCluster } from "../../harness/kube-cluster.ts";
import { gatewayApiKinds, ISTIO_API, inferenceKinds, installKinds, istioKinds } from "../definitions.ts";
import { clusterOf } from "./clusters.ts";
import { buildExample, type Example, type Wishes } from "./manifests.ts";

const NAMES = {
  gateway: "inference",
  gatewayNamespace: "edge",
  url: "oci://registry.example/team/filter@sha256:1",
  sha256: "ab".repeat(32),
  failStrategy: "FAIL_RELOAD",
  sidecar: "picker.gpu.svc.example.org",
  route: "models",
  namespace: "gpu",
  pool: "llama",
  app: "vllm",
  port: "8200",
  service: "vllm-all",
  servicePort: "8080",
};

describe("Istio's manifests", () => {
  let cluster: Cluster;
  before(async () => {
    await findKustomize();
    cluster = await startCluster();
    await installKinds(cluster, [...(await gatewayApiKinds()), ...(await inferenceKinds())]);
  });
  after(() => cluster?.stop());

  const send = (objects: readonly KubeObject[], ...args: string[]): Promise<string> => {
    const text = objects.map((object) => stringify(object)).join("---\n");
    return cluster.kubectl(["apply", "--server-side", "--validate=strict", ...args, "-f", "-"], text);
  };
  const apply = async (example: Example, wishes: Wishes = {}): Promise<KubeObject[]> => {
    const objects = await buildExample(example, wishes);
    const namespaces = new Set(objects.map(({ metadata }) => metadata.namespace!));
    for (const namespace of namespaces) await cluster.addNamespace(namespace);
    await send(objects);
    return objects;
  };

  for (const version of Object.values(ISTIO_API)) {
    test(`are taken by an API server with the kinds of Istio ${version}`, async () => {
      await installKinds(cluster, await istioKinds(version));
      for (const example of ["pool", "service"] as const) {
        await apply(example);
        await apply(example, { names: NAMES });
      }
    });
  }

  test("with a TrafficExtension too", async () => {
    for (const example of ["pool", "service"] as const) {
      const objects = await apply(example, { trafficExtension: true, names: NAMES });
      assert.equal(objects.filter(({ kind }) => kind === "WasmPlugin").length, 0);
      const { spec } = only(objects, "TrafficExtension");
      const plugin = only(await buildExample(example, { names: NAMES }), "WasmPlugin").spec;
      const { targetRefs, priority, ...wasm } = plugin;
      assert.deepEqual(spec, { targetRefs, priority, wasm }, "the same as by WasmPlugin");
    }
  });

  test("a misspelt field is refused, so what is taken is right", async () => {
    const objects = await buildExample("pool");
    const filter = structuredClone(only(objects, "EnvoyFilter"));
    filter.spec.configPatches[0].patch.operation = "INSERT_BEFOR";
    await assert.rejects(send([filter], "--dry-run=server"), /INSERT_BEFOR/);
    const plugin = structuredClone(only(objects, "WasmPlugin"));
    plugin.spec.failStategy = "FAIL_OPEN";
    await assert.rejects(send([plugin], "--dry-run=server"), /failStategy/);
  });

  test("names.yaml reaches every place that has a name", async () => {
    const text = (objects: readonly KubeObject[]): string => objects.map((object) => stringify(object)).join("---\n");
    for (const example of ["pool", "service"] as const) {
      for (const trafficExtension of [false, true]) {
        const objects = await buildExample(example, { names: NAMES, trafficExtension });
        const left = /\b(models\.svc|istio-ingress|model-servers|iep|registry\.example\/inline|models\/)\b/.exec(
          text(objects).replaceAll("inline-epp", ""),
        );
        assert.equal(left, null, `${example} still has ${left?.[0]}`);
        const patches = only(objects, "EnvoyFilter").spec.configPatches;
        assert.equal(patches[3].match.routeConfiguration.vhost.route.name, "models");
        const route = only(objects, "HTTPRoute");
        assert.equal(route.spec.rules[0].name, "models");
        assert.deepEqual(
          [route.metadata.namespace, route.spec.parentRefs[0].namespace, route.spec.parentRefs[0].name],
          ["gpu", "edge", "inference"],
        );
        const wasm = trafficExtension ? only(objects, "TrafficExtension").spec.wasm : only(objects, "WasmPlugin").spec;
        assert.equal(wasm.pluginConfig.stateCluster, "outbound|9002||picker.gpu.svc.example.org");
        assert.equal(wasm.pluginConfig.route, "models");
        if (example === "service") {
          assert.equal(wasm.pluginConfig.pool, "gpu/llama");
          assert.equal(patches[4].match.cluster.service, clusterOf("vllm-all", "gpu", 8080).split("|").at(-1));
          assert.deepEqual(route.spec.rules[0].backendRefs, [{ kind: "Service", name: "vllm-all", port: 8080 }]);
        } else {
          const { metadata, spec } = only(objects, "InferencePool");
          assert.deepEqual(metadata, { name: "llama", namespace: "gpu" });
          assert.deepEqual([spec.selector.matchLabels, spec.targetPorts], [{ app: "vllm" }, [{ number: 8200 }]]);
        }
      }
    }
  });
});
