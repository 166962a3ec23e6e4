// Manifests as users have them, applied with kubectl: their pools' pods take the requests that come through Envoy.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { after, before, type TestContext, test } from "node:test";
import type { KubeObject } from "../harness/kube-client.ts";
import { type Cluster, startCluster } from "../harness/kube-cluster.ts";
import { addPod, runningStatus } from "../harness/kube-objects.ts";
import { readyAddresses, startKubeSidecar } from "../harness/kube-sidecar.ts";
import { keepAsking } from "../harness/requests.ts";
import type { Flags } from "../harness/sidecar-process.ts";
import { type ModelServer, startModelServer } from "../harness/simulators.ts";
import { assertServedBy, startGateway } from "./gateway.ts";
import { grant, READ_PODS, READ_POOLS } from "./rights.ts";

const MANIFESTS = "test/kube/manifests";
const PORT = 8000;
/** Every address of 127.0.0.0/8 is this machine's; another run of these tests has others. */
const NETWORK = `127.${1 + (process.pid % 250)}.${1 + (Math.floor(process.pid / 250) % 250)}`;

let cluster: Cluster;
before(async () => {
  cluster = await startCluster();
  await cluster.addKinds("pools.yaml", "gateways.yaml");
});
after(() => cluster?.stop());

type Deployment = KubeObject & {
  spec: { template: { metadata: { labels: Record<string, string> }; spec: { containers: { args: string[] }[] } } };
};

async function deployment(namespace: string, name: string): Promise<Deployment> {
  const ref = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name, namespace } };
  return (await cluster.admin.get(ref)) as Deployment;
}

/** Flags from a container's arguments: "--name", "value", and so on. */
function flagsOf(args: readonly string[]): Record<string, string> {
  const flags: Record<string, string> = {};
  for (let i = 0; i < args.length; i += 2) flags[args[i]!.replace(/^--/, "")] = args[i + 1]!;
  return flags;
}

async function startServers(t: TestContext, hosts: readonly string[]): Promise<ModelServer[]> {
  const servers: ModelServer[] = [];
  t.after(() => Promise.all(servers.map((server) => server.stop())));
  for (const [index, host] of hosts.entries()) {
    const spec = { host, port: PORT, name: `pod-${index + 1}` };
    servers.push(await startModelServer(spec, index, cluster.folder));
  }
  return servers;
}

test("the objects of Istio's task: requests follow the pods of the pool's Deployment", async (t) => {
  const namespace = "inference-model-server";
  await cluster.kubectl(["apply", "-f", join(MANIFESTS, "istio-task.yaml"), "--validate=strict"]);
  const { labels } = (await deployment(namespace, "inference-model-server-deployment")).spec.template.metadata;
  const hosts = [1, 2, 3, 4].map((index) => `${NETWORK}.${index}`);
  const servers = await startServers(t, hosts);
  const pods: KubeObject[] = [];
  const startPod = async (index: number): Promise<void> => {
    const name = `inference-model-server-deployment-5d8c7f9b6-pod-${index + 1}`;
    pods[index] = await addPod(cluster.admin, { namespace, name, labels }, hosts[index]!);
  };
  for (const index of [0, 1, 2]) await startPod(index);

  // The picker's own arguments and configuration, from its Deployment, by the rights of its Role.
  const picker = await deployment(namespace, "inference-endpoint-picker");
  const config = await cluster.admin.get({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "plugins-config", namespace },
  });
  const configFile = join(cluster.folder, "default-plugins.yaml");
  writeFileSync(configFile, (config.data as Record<string, string>)["default-plugins.yaml"]!);
  const given = flagsOf(picker.spec.template.spec.containers[0]!.args);
  assert.equal(given["config-file"], "/config/default-plugins.yaml");
  const flags: Flags = { ...given, "config-file": configFile };
  const identity = { token: await cluster.tokenFor(namespace, "default") };
  const sidecar = await startKubeSidecar(cluster, { identity, flags }, t);

  const pool = `${namespace}/inference-model-server-pool`;
  const addresses = (...indices: number[]): string[] => indices.map((index) => servers[index]!.address).sort();
  await sidecar.settles((state) => assert.deepEqual(readyAddresses(state, pool), addresses(0, 1, 2)));
  const envoy = await startGateway(sidecar, pool, addresses(0, 1, 2, 3));
  t.after(() => envoy.stop());
  const asking = keepAsking(envoy.url, 2);
  t.after(() => asking.stop());
  await assertServedBy(envoy, ["pod-1", "pod-2", "pod-3"]);

  await cluster.admin.patchStatus(pods[1]!, runningStatus(hosts[1]!, false));
  await assertServedBy(envoy, ["pod-1", "pod-3"]);

  // It has a node, so it is still there, and its model server still answers: nobody may pick it all the same.
  await cluster.admin.delete(pods[2]!);
  await assertServedBy(envoy, ["pod-1"]);
  assert.ok((await cluster.admin.get(pods[2]!)).metadata.deletionTimestamp);

  await cluster.admin.patchStatus(pods[1]!, runningStatus(hosts[1]!));
  await startPod(3);
  await assertServedBy(envoy, ["pod-1", "pod-2", "pod-4"]);
  await cluster.admin.delete(pods[2]!, 0);
  await assertServedBy(envoy, ["pod-1", "pod-2", "pod-4"]);
  const { failures } = await asking.stop();
  assert.deepEqual(failures, []);
});

test("the objects of Kthena's guide: a pool without a picker over labelled pods", async (t) => {
  await cluster.kubectl(["apply", "-f", join(MANIFESTS, "kthena-guide.yaml"), "-n", "default", "--validate=strict"]);
  const [server] = await startServers(t, [`${NETWORK}.11`]);
  const labels = {
    "modelserving.volcano.sh/name": "demo-backend1",
    "modelserving.volcano.sh/group-name": "demo-backend1-0",
    "modelserving.volcano.sh/role": "leader",
    "workload.serving.volcano.sh/model-name": "demo",
    "workload.serving.volcano.sh/backend-name": "backend1",
    "workload.serving.volcano.sh/managed-by": "workload.serving.volcano.sh",
  };
  await addPod(cluster.admin, { namespace: "default", name: "demo-backend1-0-leader-0", labels }, `${NETWORK}.11`);
  const others = { ...labels, "workload.serving.volcano.sh/model-name": "other" };
  await addPod(cluster.admin, { namespace: "default", name: "other-0", labels: others }, `${NETWORK}.12`);

  const account = { namespace: "default", name: "picker" };
  const identity = { token: await cluster.tokenFor(account.namespace, account.name) };
  await grant(cluster, account, "default", [READ_PODS, READ_POOLS]);
  const sidecar = await startKubeSidecar(cluster, { identity, flags: { namespaces: "default" } }, t);
  await sidecar.settles((state) => {
    assert.deepEqual([...state.keys()], ["default/kthena-demo"]);
    const [endpoint, ...rest] = state.get("default/kthena-demo")!;
    assert.deepEqual(rest, []);
    assert.equal(endpoint!.address, server!.address);
    assert.equal(endpoint!.name, "default/demo-backend1-0-leader-0");
    assert.deepEqual(endpoint!.labels, labels);
  });
  const envoy = await startGateway(sidecar, "default/kthena-demo", [server!.address, `${NETWORK}.12:${PORT}`]);
  t.after(() => envoy.stop());
  await assertServedBy(envoy, ["pod-1"], 10);
});
