// Kinds that are installed after the sidecar has started.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { waitUntil } from "../../scripts/stack/ready.ts";
import type { KubeObject } from "../harness/kube-client.ts";
import { type Cluster, startCluster } from "../harness/kube-cluster.ts";
import { addPod, poolObject } from "../harness/kube-objects.ts";
import { readyAddresses, startKubeSidecar } from "../harness/kube-sidecar.ts";
import { installChart } from "./install.ts";

/** What is not there is looked for every 10 s. */
const NOTICED_MS = 60_000;
const NAMESPACE = "kinds";

let cluster: Cluster;
before(async () => {
  cluster = await startCluster();
  await cluster.addNamespace(NAMESPACE);
});
after(() => cluster?.stop());

function oldPool(name: string, selector: Record<string, string>, port: number): KubeObject {
  return {
    apiVersion: "inference.networking.x-k8s.io/v1alpha2",
    kind: "InferencePool",
    metadata: { name, namespace: NAMESPACE },
    spec: { selector, targetPortNumber: port, extensionRef: { name: "inline-epp" } },
  };
}

test("the sidecar waits for pools' kinds, takes the one there is, and the newer one when it comes", async (t) => {
  await addPod(cluster.admin, { namespace: NAMESPACE, name: "base-0", labels: { app: "base" } }, "127.21.0.1");
  const installation = await installChart(cluster, { scope: { all: true } }, NAMESPACE);
  const sidecar = await startKubeSidecar(cluster, { ...installation, waitUntilReady: false }, t);
  const absent = /inferencepools\.inference\.networking\.k8s\.io of version v1: its CustomResourceDefinition is not/;
  await waitUntil("a log line", () => absent.test(sidecar.log()), NOTICED_MS);
  assert.equal(await sidecar.isReady(), false);

  await cluster.addKinds("old-pools.yaml");
  await cluster.admin.create(oldPool("base", { app: "base" }, 8000));
  await waitUntil("readiness", () => sidecar.isReady(), NOTICED_MS);
  const sees = (pool: string, addresses: string[]): Promise<void> =>
    sidecar.settles((state) => {
      assert.deepEqual(readyAddresses(state, `${NAMESPACE}/${pool}`), addresses);
    }, NOTICED_MS);
  await sees("base", ["127.21.0.1:8000"]);

  // Of two pools of one name the newer kind's counts, and the older one is not lost.
  await cluster.addKinds("pools.yaml");
  await cluster.admin.create(poolObject(NAMESPACE, "base", { app: "base" }, [9000]));
  await cluster.admin.create(oldPool("old", { app: "base" }, 8001));
  await sees("base", ["127.21.0.1:9000"]);
  await sees("old", ["127.21.0.1:8001"]);
  await cluster.admin.delete(poolObject(NAMESPACE, "base", {}, []));
  await sees("base", ["127.21.0.1:8000"]);
});

test("objectives and rewrites count when their kinds are installed later, until they are gone", async (t) => {
  const namespace = await cluster.addNamespace("policies");
  await cluster.addKinds("pools.yaml");
  await cluster.admin.create(poolObject(namespace, "base", { app: "base" }, [8000]));
  const installation = await installChart(cluster, {}, namespace);
  const sidecar = await startKubeSidecar(cluster, installation, t);
  const shows = async (objectives: object[], rewrites: string[]): Promise<boolean> => {
    const { pools } = (await (await fetch(`${sidecar.metricsUrl}/state`)).json()) as {
      pools: { objectives: object[]; rewrites: { name: string }[] }[];
    };
    const [pool] = pools;
    return isDeepStrictEqual([pool?.objectives, pool?.rewrites.map(({ name }) => name)], [objectives, rewrites]);
  };
  assert.ok(await shows([], []));

  await cluster.addKinds("objectives.yaml", "rewrites.yaml");
  const of = (kind: string, group: string, name: string, spec: object): KubeObject => ({
    apiVersion: `${group}/v1alpha2`,
    kind,
    metadata: { name, namespace },
    spec: { poolRef: { name: "base" }, ...spec },
  });
  const gold = of("InferenceObjective", "llm-d.ai", "gold", { priority: 5 });
  await cluster.admin.create(gold);
  await cluster.admin.create(of("InferenceObjective", "inference.networking.x-k8s.io", "free", { priority: -5 }));
  const rules = [{ matches: [{ model: { value: "chat" } }], targets: [{ modelRewrite: "base" }] }];
  await cluster.admin.create(of("InferenceModelRewrite", "llm-d.ai", "chat", { rules }));
  const free = { name: "free", priority: -5 };
  await waitUntil("policies", () => shows([free, { name: "gold", priority: 5 }], ["chat"]), NOTICED_MS);
  // A second after another line about the pool, at the latest.
  await waitUntil("a log line", () => /endpoints in force.*objectives=\d/.test(sidecar.log()), NOTICED_MS);
  await cluster.admin.delete(gold);
  await waitUntil("one policy less", () => shows([free], ["chat"]), NOTICED_MS);
});
