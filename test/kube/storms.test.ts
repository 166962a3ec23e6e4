// Whatever happens to pods and pools, and to the API server meanwhile: in the end the sidecar knows exactly what is so.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Cluster, startCluster } from "../harness/kube-cluster.ts";
import { type KubeSidecar, startKubeSidecar } from "../harness/kube-sidecar.ts";
import { expectedState, stateOf } from "./expected-state.ts";
import { installChart } from "./install.ts";
import { Storm } from "./storm.ts";

const STORMS = 50;
const CHANGES = 40;
/** After a restart, the sidecar's longest pause between tries is 10 s. */
const RECOVERY_MS = 45_000;

let cluster: Cluster;
let sidecar: KubeSidecar;
before(async () => {
  cluster = await startCluster();
  await cluster.addKinds("pools.yaml");
  const { identity, flags } = await installChart(cluster, { scope: { all: true } }, "default");
  // Nothing listens on the pods' addresses: what is scraped does not matter here.
  const options = { identity, flags: { ...flags, "refresh-metrics-interval": "1s" } };
  sidecar = await startKubeSidecar(cluster, options);
});
after(async () => {
  await sidecar?.stop();
  await cluster?.stop();
});

async function startStorm(seed: number): Promise<{ storm: Storm; namespace: string }> {
  const namespace = await cluster.addNamespace(`storm-${seed}`);
  return { storm: new Storm(cluster.admin, namespace, `10.${seed}`, seed), namespace };
}

/** Waits until the sidecar knows what the API server says; fails with the difference and what was done. */
async function assertKnown(namespace: string, storm: Storm, timeoutMs?: number): Promise<void> {
  const expected = await expectedState(cluster.admin, namespace);
  try {
    await sidecar.settles((state) => assert.deepEqual(stateOf(state, namespace), expected), timeoutMs);
  } catch (error) {
    console.error(`${namespace}:\n${storm.done.join("\n")}\n${sidecar.child.tail(30)}`);
    throw error;
  }
}

test(`after each of ${STORMS} storms the pools are exactly right`, async () => {
  for (let seed = 1; seed <= STORMS; seed++) {
    const { storm, namespace } = await startStorm(seed);
    await storm.rage(CHANGES);
    await assertKnown(namespace, storm);
  }
});

test("three storms at once", async () => {
  const storms = await Promise.all([61, 62, 63].map(startStorm));
  await Promise.all(storms.map(({ storm }) => storm.rage(4 * CHANGES)));
  for (const { storm, namespace } of storms) await assertKnown(namespace, storm);
});

for (const [seed, how] of [
  [71, "killed"],
  [72, "stopped"],
  [73, "killed"],
] as const) {
  test(`the API server is ${how} in the middle of a storm, and started again (${seed})`, async () => {
    const { storm, namespace } = await startStorm(seed);
    await storm.rage(CHANGES);
    await (how === "killed" ? cluster.killServer() : cluster.stopServer());
    assert.equal(await sidecar.isReady(), true, "the last state goes on to be served");
    await cluster.startServer();
    await storm.rage(CHANGES);
    await assertKnown(namespace, storm, RECOVERY_MS);
  });
}

test("changes that no watch can bring any more are read anew", async () => {
  const { storm, namespace } = await startStorm(81);
  await storm.rage(CHANGES);
  await assertKnown(namespace, storm);
  // Meanwhile the sidecar sees nothing, and what it goes on from is forgotten.
  sidecar.child.kill("SIGSTOP");
  await storm.rage(3 * CHANGES);
  await cluster.killServer();
  await cluster.compact();
  await cluster.startServer();
  sidecar.child.kill("SIGCONT");
  await assertKnown(namespace, storm, RECOVERY_MS);
  await storm.rage(CHANGES);
  await assertKnown(namespace, storm, RECOVERY_MS);
});

test("an API server that falls silent takes nothing away, and is followed when it speaks again", async () => {
  const { storm, namespace } = await startStorm(91);
  await storm.rage(CHANGES);
  await assertKnown(namespace, storm);
  const before = stateOf(await sidecar.state(), namespace);
  cluster.pauseServer();
  await new Promise((resolve) => setTimeout(resolve, 3000));
  assert.equal(await sidecar.isReady(), true);
  assert.deepEqual(stateOf(await sidecar.state(), namespace), before);
  cluster.resumeServer();
  await storm.rage(CHANGES);
  await assertKnown(namespace, storm, RECOVERY_MS);
});
