// As many pools and pods as the sidecar is made for: how soon it knows them, how soon a change is at a gateway, and how
// much memory it takes. The bounds are wide; the figures are shown with the tests.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ROOT } from "../../scripts/stack/command.ts";
import { createRandom } from "../../simulator/random.ts";
import * as L from "../../wire/layout.ts";
import { parseDockerfile } from "../envoy/dockerfile.ts";
import { type Cluster, startCluster } from "../harness/kube-cluster.ts";
import { addPod, podObject, poolObject, runningStatus } from "../harness/kube-objects.ts";
import { type KubeSidecar, type State, startKubeSidecar } from "../harness/kube-sidecar.ts";
import { poolKey, TestGateway } from "../sidecar/push/test-gateway.ts";
import { type Installation, installChart } from "./install.ts";

const START_MS = 30_000;
/** The median; the slowest are shown, and tell more of what else the machine does than of the sidecar. */
const CHANGE_MS = 500;
const RSS_MIB = 250;
const CHANGES = 200;
/** Namespaces of small pools, pools in each, and pods of each pool. */
const [NAMESPACES, POOLS, PODS] = [10, 10, 50];
const BIG_PODS = 4000;
/** Fill the ten thousand. */
const MORE_POOLS = 20;
const METRICS = "vllm:num_requests_waiting 0\nvllm:num_requests_running 0\nvllm:gpu_cache_usage_perc 0\n";

let cluster: Cluster;
let installation: Installation;
let models: Server;
let port: number;
let ips = 0;

before(async () => {
  cluster = await startCluster();
  await cluster.addKinds("pools.yaml");
  installation = await installChart(cluster, { scope: { all: true } }, "default");
  // One model server is all of the pods, whose addresses all are this machine's.
  models = createServer((_, answer) => answer.end(METRICS));
  await new Promise<void>((done) => models.listen(0, "0.0.0.0", done));
  port = (models.address() as AddressInfo).port;
});
after(async () => {
  models?.closeAllConnections();
  models?.close();
  await cluster?.stop();
});

async function addPool(namespace: string, name: string, pods: number): Promise<void> {
  await cluster.admin.create(poolObject(namespace, name, { app: name }, [port]));
  const add = (index: number): Promise<unknown> => {
    const ip = `127.${30 + (ips >> 16)}.${(ips >> 8) & 255}.${ips++ & 255}`;
    return addPod(cluster.admin, { namespace, name: `${name}-${index}`, labels: { app: name } }, ip);
  };
  await Promise.all(Array.from({ length: pods }, (_, index) => add(index)));
}

async function addSmallPools(namespace: string, pools: number): Promise<void> {
  await cluster.addNamespace(namespace);
  for (let index = 0; index < pools; index++) await addPool(namespace, `pool-${index}`, PODS);
}

type Counts = { pools: number; pods: number };

function countsOf(state: State): Counts {
  return { pools: state.size, pods: [...state.values()].flat().length };
}

/** What the image tells Node. */
function imageNodeArgs(): string[] {
  const stages = parseDockerfile(readFileSync(join(ROOT, "envoy/Dockerfile"), "utf8"));
  const { instructions } = stages.find(({ name }) => name === "sidecar")!;
  const { text } = instructions.find(({ keyword }) => keyword === "ENTRYPOINT")!;
  const [node, ...args] = JSON.parse(text) as string[];
  assert.deepEqual([node, args.pop()], ["node", "/inline-epp/build/inline-epp.mjs"]);
  return args;
}

const nodeArgs = imageNodeArgs();

/** Starts the sidecar and waits until it knows so many; also how long that took from its process's start. */
async function startKnowing(
  t: TestContext,
  scope: Record<string, string | true>,
  expected: Counts,
): Promise<{ sidecar: KubeSidecar; took: number }> {
  const { "all-namespaces": _, ...flags } = installation.flags;
  const started = performance.now();
  const sidecar = await startKubeSidecar(
    cluster,
    {
      ...installation,
      // As the image runs it; scraped at a pace that two cores can keep up with for ten thousand.
      program: "build/inline-epp.mjs",
      nodeArgs,
      flags: {
        ...flags,
        ...scope,
        "refresh-metrics-interval": "5s",
        "metrics-staleness-threshold": "20s",
        "log-level": "warn",
      },
    },
    t,
  );
  await sidecar.settles((state) => assert.deepEqual(countsOf(state), expected));
  const took = performance.now() - started;
  t.diagnostic(`${expected.pools} pools, ${expected.pods} pods: known ${(took / 1000).toFixed(2)} s after the start`);
  return { sidecar, took };
}

function rssMib(sidecar: KubeSidecar): number {
  const status = readFileSync(`/proc/${sidecar.child.pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)![1]) / 1024;
}

/** Toggles pods of these pools one by one; milliseconds from sending each change to the frame at a gateway, sorted. */
async function timeChanges(sidecar: KubeSidecar, pools: readonly string[], changes: number): Promise<number[]> {
  const gateway = new TestGateway(sidecar.statePort);
  let look: (bytes: Buffer) => void = () => {};
  gateway.call.on("data", (bytes: Buffer) => look(bytes));
  gateway.hello();
  gateway.want(pools);
  const state = await sidecar.state();
  const random = createRandom(7);
  const times: number[] = [];
  for (let i = 0; i < changes; i++) {
    const pool = pools[Math.floor(random() * pools.length)]!;
    const rows = state.get(pool)!;
    const index = Math.floor(random() * rows.length);
    const { name, address, ready } = rows[index]!;
    const key = poolKey(pool);
    const arrived = new Promise<number>((done) => {
      look = (bytes) => {
        const isLoad = bytes.readUInt16LE(L.HEADER_KIND) === L.KIND_LOAD;
        if (!isLoad || bytes.readBigUInt64LE(L.HEADER_POOL) !== key) return;
        const flags = bytes.readUInt32LE(L.LOAD_BYTES + index * L.SAMPLE_BYTES + L.SAMPLE_FLAGS);
        if (((flags & L.SAMPLE_READY) !== 0) !== ready) done(performance.now());
      };
    });
    rows[index]!.ready = !ready;
    const [namespace, podName] = name.split("/") as [string, string];
    const started = performance.now();
    const ip = address.slice(0, address.lastIndexOf(":"));
    await cluster.admin.patchStatus(podObject({ namespace, name: podName }), runningStatus(ip, !ready));
    times.push((await arrived) - started);
  }
  gateway.close();
  return times.sort((a, b) => a - b);
}

function assertSoon(t: TestContext, what: string, times: readonly number[]): void {
  const at = (share: number): number => times[Math.ceil(times.length * share) - 1]!;
  const shown = [0.5, 0.9, 0.99].map((share) => `p${share * 100} ${at(share).toFixed(1)} ms`).join(", ");
  t.diagnostic(`${what}: a pod's change is at a gateway after ${shown} (${times.length} changes)`);
  assert.ok(at(0.5) < CHANGE_MS, shown);
}

test("a hundred pools of fifty pods", async (t) => {
  const namespaces = Array.from({ length: NAMESPACES }, (_, index) => `scale-${index}`);
  for (const namespace of namespaces) await addSmallPools(namespace, POOLS);
  const expected = { pools: NAMESPACES * POOLS, pods: NAMESPACES * POOLS * PODS };
  const { sidecar, took } = await startKnowing(t, { "all-namespaces": true }, expected);
  assert.ok(took < START_MS, `${took} ms`);
  const pools = [...(await sidecar.state()).keys()];
  assertSoon(t, "100 pools of 50", await timeChanges(sidecar, pools, CHANGES));
});

test("one pool of four thousand pods", async (t) => {
  const namespace = await cluster.addNamespace("scale-big");
  await addPool(namespace, "big", BIG_PODS);
  const scope = { "pool-name": "big", "pool-namespace": namespace };
  const { sidecar, took } = await startKnowing(t, scope, { pools: 1, pods: BIG_PODS });
  assert.ok(took < START_MS, `${took} ms`);
  assertSoon(t, "a pool of 4,000", await timeChanges(sidecar, [`${namespace}/big`], CHANGES));
});

test("ten thousand pods fit in the memory that they may take", async (t) => {
  await addSmallPools("scale-more", MORE_POOLS);
  const pools = NAMESPACES * POOLS + 1 + MORE_POOLS;
  const pods = (NAMESPACES * POOLS + MORE_POOLS) * PODS + BIG_PODS;
  const { sidecar } = await startKnowing(t, { "all-namespaces": true }, { pools, pods });
  // Scrapes add to it, and garbage: seen over some rounds.
  let most = 0;
  for (let i = 0; i < 20; i++) {
    await sleep(500);
    most = Math.max(most, rssMib(sidecar));
  }
  t.diagnostic(`10,000 pods: ${most.toFixed(0)} MiB at most in 10 s`);
  assert.ok(most < RSS_MIB, `${most} MiB`);
});
