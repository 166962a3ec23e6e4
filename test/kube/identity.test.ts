// Who the sidecar is to the API server, and who others are to the sidecar.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { waitUntil } from "../../scripts/stack/ready.ts";
import { replaceFile } from "../harness/files.ts";
import { type Cluster, startCluster } from "../harness/kube-cluster.ts";
import { addPod, poolObject } from "../harness/kube-objects.ts";
import { readyAddresses, startKubeSidecar } from "../harness/kube-sidecar.ts";
import { type Installation, installChart } from "./install.ts";

/** After a refusal, the sidecar's longest pause between tries is 10 s. */
const RECOVERY_MS = 45_000;
const NAMESPACE = "models";
const POOL = `${NAMESPACE}/base`;
const METRICS = { auth: true, readers: [{ name: "prometheus", namespace: "monitoring" }] };

let cluster: Cluster;
let installation: Installation;
before(async () => {
  cluster = await startCluster();
  await cluster.addKinds("pools.yaml");
  await cluster.addNamespace(NAMESPACE);
  await cluster.addNamespace("monitoring");
  await cluster.admin.create(poolObject(NAMESPACE, "base", { app: "base" }, [8000]));
  installation = await installChart(cluster, { metrics: METRICS }, NAMESPACE);
});
after(() => cluster?.stop());

let pods = 0;
/** One pod more; the addresses of all. */
async function addBase(): Promise<string[]> {
  const index = ++pods;
  const pod = { namespace: NAMESPACE, name: `base-${index}`, labels: { app: "base" } };
  await addPod(cluster.admin, pod, `127.22.0.${index}`);
  return Array.from({ length: pods }, (_, i) => `127.22.0.${i + 1}:8000`);
}

test("a token is read anew from its file when the API server no longer takes it", async (t) => {
  const tokenFile = join(cluster.folder, "token");
  writeFileSync(tokenFile, (installation.identity as { token: string }).token);
  const { "metrics-endpoint-auth": _, ...flags } = installation.flags;
  const sidecar = await startKubeSidecar(cluster, { identity: { tokenFile }, flags }, t);
  const sees = (addresses: string[]): Promise<void> =>
    sidecar.settles((state) => assert.deepEqual(readyAddresses(state, POOL), addresses), RECOVERY_MS);
  const first = await addBase();
  await sees(first);

  // The end of the token, as nobody waits for its hour to be over here: its account goes. Open watches outlive it, those
  // after a restart do not get through.
  const { serviceAccount: name } = installation;
  const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace: NAMESPACE } };
  await cluster.admin.delete(account);
  replaceFile(tokenFile, "no-token-of-this-cluster");
  await cluster.killServer();
  await cluster.startServer();
  await waitUntil("a log line", () => /credentials are not accepted/.test(sidecar.log()), RECOVERY_MS);
  const second = await addBase();
  assert.equal(await sidecar.isReady(), true);
  assert.deepEqual(readyAddresses(await sidecar.state(), POOL), first, "the last state stays");
  replaceFile(tokenFile, await cluster.tokenFor(NAMESPACE, name));
  await sees(second);
});

test("metrics are for those whom the cluster lets read them", async (t) => {
  const identity = { token: await cluster.tokenFor(NAMESPACE, installation.serviceAccount) };
  const sidecar = await startKubeSidecar(cluster, { ...installation, identity }, t);
  const read = async (path: string, token?: string): Promise<number> => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const answer = await fetch(`${sidecar.metricsUrl}${path}`, { headers });
    await answer.text();
    return answer.status;
  };
  const reader = await cluster.tokenFor("monitoring", "prometheus");
  const other = await cluster.tokenFor("monitoring", "other");
  assert.equal(await read("/metrics"), 401);
  assert.equal(await read("/metrics", "made-up"), 401);
  assert.equal(await read("/metrics", other), 403);
  // The API server hears of the reader's role by a watch of its own.
  await waitUntil("the reader's right", async () => (await read("/metrics", reader)) === 200, RECOVERY_MS);
  assert.equal(await read("/state", reader), 403, "who reads metrics need not read everything");
  assert.equal(await read("/readyz"), 200, "probes have no token");
});
