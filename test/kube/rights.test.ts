// The sidecar with exactly the rights that the chart gives it, and with fewer.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { waitUntil } from "../../scripts/stack/ready.ts";
import type { Values } from "../harness/helm.ts";
import { type Cluster, startCluster } from "../harness/kube-cluster.ts";
import { addPod, poolObject } from "../harness/kube-objects.ts";
import { readyAddresses, startKubeSidecar } from "../harness/kube-sidecar.ts";
import { installChart } from "./install.ts";
import { grant, READ_PODS, READ_POOLS } from "./rights.ts";

/** What may not be read is tried again every 10 s. */
const GRANTED_MS = 60_000;

let cluster: Cluster;
before(async () => {
  cluster = await startCluster();
  await cluster.addKinds("pools.yaml", "old-pools.yaml", "objectives.yaml", "rewrites.yaml", "models.yaml");
  await cluster.addKinds("pool-imports.yaml");
});
after(() => cluster?.stop());

/** A namespace with a pool "base" of one pod; the pod's address. */
async function addBase(namespace: string, ip: string): Promise<string> {
  await cluster.addNamespace(namespace);
  await cluster.admin.create(poolObject(namespace, "base", { app: "base" }, [8000]));
  await addPod(cluster.admin, { namespace, name: "base-0", labels: { app: "base" } }, ip);
  return `${ip}:8000`;
}

const SCOPES: { name: string; values: (namespaces: readonly [string, string]) => Values; sees: (0 | 1)[] }[] = [
  { name: "one pool", values: () => ({ scope: { pool: { name: "base" } } }), sees: [0] },
  { name: "the release's namespace", values: () => ({}), sees: [0] },
  { name: "two namespaces", values: (namespaces) => ({ scope: { namespaces } }), sees: [0, 1] },
  { name: "all namespaces", values: () => ({ scope: { all: true } }), sees: [0, 1] },
];

for (const [index, { name, values, sees }] of SCOPES.entries()) {
  test(`the chart's rights are enough for ${name}`, async (t) => {
    const namespaces = [`rights-${index}-a`, `rights-${index}-b`] as const;
    const addresses = [
      await addBase(namespaces[0], `127.20.${index}.1`),
      await addBase(namespaces[1], `127.20.${index}.2`),
    ];
    const installation = await installChart(cluster, values(namespaces), namespaces[0]);
    const sidecar = await startKubeSidecar(cluster, installation, t);
    await sidecar.settles((state) => {
      for (const [which, namespace] of namespaces.entries()) {
        const expected = sees.includes(which as 0 | 1) ? [addresses[which]] : null;
        assert.deepEqual(readyAddresses(state, `${namespace}/base`), expected);
      }
    });
    assert.doesNotMatch(sidecar.log(), /may not|forbidden|denied/i);
  });
}

test("kinds that may not be read are done without, and the log says which right is missing", async (t) => {
  const namespace = "rights-few";
  const address = await addBase(namespace, "127.20.10.1");
  const account = { namespace, name: "picker" };
  const identity = { token: await cluster.tokenFor(namespace, "picker") };
  await grant(cluster, account, namespace, [READ_PODS, READ_POOLS]);
  const sidecar = await startKubeSidecar(
    cluster,
    { identity, flags: { "pool-name": "base", "pool-namespace": namespace } },
    t,
  );
  await sidecar.settles((state) => assert.deepEqual(readyAddresses(state, `${namespace}/base`), [address]));
  await waitUntil("a log line", () => /kinds that may not be read/.test(sidecar.log()), GRANTED_MS);
  const lines = sidecar
    .log()
    .split("\n")
    .filter((line) => /inferenceobjectives/.test(line));
  assert.equal(lines.length, 1, lines.join("\n"));
  assert.match(lines[0]!, /"inference\.networking\.x-k8s\.io".*"inferencemodels".*"llm-d\.ai".*"list", "watch"/);
});

test("without the right to read pods it is not ready and says why, until it has the right", async (t) => {
  const namespace = "rights-none";
  const address = await addBase(namespace, "127.20.11.1");
  const account = { namespace, name: "picker" };
  const identity = { token: await cluster.tokenFor(namespace, "picker") };
  await grant(cluster, account, namespace, [READ_POOLS]);
  const flags = { "pool-name": "base", "pool-namespace": namespace };
  const sidecar = await startKubeSidecar(cluster, { identity, flags, waitUntilReady: false }, t);
  const rule = /may not list pods.*resources: \["pods"\], verbs: \["list", "watch"\]/;
  await waitUntil("a log line", () => rule.test(sidecar.log()), GRANTED_MS);
  assert.equal(await sidecar.isReady(), false);
  await grant(cluster, account, namespace, [READ_PODS, READ_POOLS]);
  await waitUntil("readiness", () => sidecar.isReady(), GRANTED_MS);
  await sidecar.settles((state) => assert.deepEqual(readyAddresses(state, `${namespace}/base`), [address]));
});

test("a right that is taken away leaves the last state", async (t) => {
  const namespace = "rights-lost";
  const address = await addBase(namespace, "127.20.12.1");
  const account = { namespace, name: "picker" };
  const identity = { token: await cluster.tokenFor(namespace, "picker") };
  await grant(cluster, account, namespace, [READ_PODS, READ_POOLS]);
  const sidecar = await startKubeSidecar(cluster, { identity, flags: { namespaces: namespace } }, t);
  const sees = (...addresses: string[]) =>
    sidecar.settles((state) => assert.deepEqual(readyAddresses(state, `${namespace}/base`), addresses), GRANTED_MS);
  await sees(address);
  await grant(cluster, account, namespace, []);
  // Open watches go on; those after a restart are refused.
  await cluster.killServer();
  await cluster.startServer();
  await waitUntil("a log line", () => /may not (list|watch) pods/.test(sidecar.log()), GRANTED_MS);
  assert.equal(await sidecar.isReady(), true);
  await sees(address);
  await addPod(cluster.admin, { namespace, name: "base-1", labels: { app: "base" } }, "127.20.12.2");
  await grant(cluster, account, namespace, [READ_PODS, READ_POOLS]);
  await sees(address, "127.20.12.2:8000");
});
