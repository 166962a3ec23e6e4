// One filter, one sidecar, three pools: each request is served by its own pool, and a gateway is told of what it uses.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { freePorts } from "../../scripts/stack/ports.ts";
import { waitUntil } from "../../scripts/stack/ready.ts";
import { type Echo, startEchoServers } from "../harness/echo-servers.ts";
import type { EnvoyOptions } from "../harness/envoy.ts";
import { addPlainCluster, addPlainListener, poolsOfTwo, setWays, type Way } from "../harness/many-pools.ts";
import { byPod, chat, chats } from "../harness/requests.ts";
import type { Pools } from "../harness/sidecar.ts";
import { type Stack, startStack } from "../harness/stack.ts";

const POOLS = ["team-a/chat", "team-a/draft", "team-b/chat"];
const PODS = [
  ["sim-1", "sim-2"],
  ["sim-3", "sim-4"],
  ["sim-5", "sim-6"],
];
const WAYS = ["one", "two", "three"];
const SATURATED = { waiting: 50, running: 16, kvCacheUsage: 0.99 };
const REQUESTS = 30;
const PATIENCE_MS = 30_000;

/** The ways by clusters that name their pools, by either convention. */
const BY_CLUSTER: Readonly<Record<string, Way>> = {
  one: { route: "r1", cluster: "team-a/chat" },
  two: { route: "r2", cluster: "outbound|54321||draft-ip-0123abcd.team-a.svc.cluster.local" },
  three: { route: "r3", cluster: "outbound|54321||chat-ip-89abcdef.team-b.svc.cluster.local" },
};

/** The ways by routes that a map makes pools of; the clusters' names would mislead. */
const BY_ROUTE: Readonly<Record<string, Way>> = {
  one: { route: "chat", cluster: "team-b/chat" },
  two: { route: "drafts for all", cluster: "c2" },
  three: { route: "team-a/chat", cluster: "c3" },
};
const MAP = { chat: "team-a/chat", "drafts for all": "team-a/draft", "team-a/chat": "team-b/chat" };

async function threePools(t: TestContext, envoy: EnvoyOptions): Promise<Stack & { pools: Pools }> {
  const { pools, simulators } = await poolsOfTwo(POOLS);
  const stack = await startStack({ simulators, sidecar: { pools, flags: { "log-format": "json" } }, envoy }, t);
  return { ...stack, sidecar: stack.sidecar, pools };
}

const by = (way: string) => ({ headers: { "x-way": way } });

/** Each way's requests are answered by both endpoints of its pool, and by no other. */
async function eachByItsOwn(url: string): Promise<void> {
  const answers = await Promise.all(WAYS.map((way) => chats(url, REQUESTS, by(way))));
  for (const [index, each] of answers.entries()) {
    assert.ok(each.every(({ status }) => status === 200));
    assert.deepEqual([...byPod(each).keys()].sort(), PODS[index], `by way ${WAYS[index]}`);
  }
}

/** The picks of all pools follow what their endpoints report: samples come for each. Returns how many were asked. */
async function followLoad(stack: Stack): Promise<number> {
  let asked = 0;
  for (const index of [0, 2, 4]) await stack.simulators[index]!.set(SATURATED);
  for (const [index, way] of WAYS.entries()) {
    const other = PODS[index]![1]!;
    await waitUntil(
      `picks by way ${way} go to ${other}`,
      async () => {
        asked += REQUESTS;
        return (await chats(stack.url, REQUESTS, by(way))).every(({ pod }) => pod === other);
      },
      PATIENCE_MS,
    );
  }
  return asked;
}

/** What the sidecar's log says of a gateway. */
function wantsOf(stack: Stack, node: string): { count: number; all: boolean; pools: string[] }[] {
  const log = readFileSync(stack.sidecar.child.logFile!, "utf8").trim().split("\n");
  const lines = log.map((line) => JSON.parse(line) as Record<string, unknown>);
  return lines.filter((line) => line.msg === "gateway wants pools" && line.node === node) as never;
}

/** Frames of a kind that the sidecar has written to all gateways. */
async function framesOf(stack: Stack, kind: string): Promise<number> {
  const line = new RegExp(`^inline_epp_push_frames_total\\{kind="${kind}"\\} (\\d+)$`, "m");
  return Number(line.exec(await stack.sidecar.metrics())?.[1] ?? 0);
}

test("by clusters: each pool serves its own, and what is for no pool passes untouched", async (t) => {
  const echo = await startEchoServers(1);
  t.after(() => echo.stop());
  const [plain] = (await freePorts(1)) as [number];
  const stack = await threePools(t, {
    hold: "self",
    concurrency: 2,
    plugin: { pool: null, poolFrom: "cluster" },
    edit: (config) => {
      addPlainCluster(config, "web", echo.alive[0]!);
      addPlainListener(config, plain, "web");
      setWays(config, { ...BY_CLUSTER, web: { route: "team-a/chat", cluster: "web" } });
    },
  });
  await eachByItsOwn(stack.url);
  const asked = WAYS.length * REQUESTS + (await followLoad(stack));
  for (const url of [stack.url, `http://127.0.0.1:${plain}`]) {
    const headers = { "x-way": "web", "x-gateway-destination-endpoint": "192.0.2.1:80" };
    const { status, text } = await chat(url, { headers });
    assert.equal(status, 200);
    const seen = JSON.parse(text) as Echo;
    assert.equal(seen.headers["x-gateway-destination-endpoint"], "192.0.2.1:80");
    assert.ok(seen.bytes > 0);
  }
  await chat(stack.url, by("one"));
  // The count is brought up to date by ticks.
  const picks = () => stack.envoy.stat("wasmcustom.inline_epp_picks_total");
  await waitUntil("all picks are counted", async () => (await picks()) > asked, PATIENCE_MS);
  assert.equal(await picks(), asked + 1, "none was made for what is for no pool");
});

test("by routes and a map, with the buffer filter: each pool serves its own", async (t) => {
  const stack = await threePools(t, {
    hold: "buffer",
    plugin: { pool: null, poolFrom: "route", pools: MAP },
    edit: (config) => setWays(config, BY_ROUTE),
  });
  await eachByItsOwn(stack.url);
  await followLoad(stack);
  assert.deepEqual(
    wantsOf(stack, "gateway-1").map(({ count, all, pools }) => ({ count, all, pools })),
    [{ count: 3, all: false, pools: POOLS }],
  );
});

test("a gateway that uses one of three pools is told of that one only", async (t) => {
  const stack = await threePools(t, {
    plugin: { pool: null, poolFrom: "cluster" },
    edit: (config) => setWays(config, BY_CLUSTER),
  });
  assert.equal(wantsOf(stack, "gateway-1")[0]!.all, true);
  const before = { roster: await framesOf(stack, "roster"), plan: await framesOf(stack, "plan") };
  assert.deepEqual(before, { roster: 3, plan: 3 });
  const other = await stack.addEnvoy({ nodeId: "gateway-2", plugin: { pool: POOLS[1]! }, poolsWanted: 1 });
  await waitUntil("what it wants is logged", () => wantsOf(stack, "gateway-2").length > 0, PATIENCE_MS);
  const { count, all, pools } = wantsOf(stack, "gateway-2")[0]!;
  assert.deepEqual({ count, all, pools }, { count: 1, all: false, pools: [POOLS[1]] });
  assert.deepEqual(
    { roster: await framesOf(stack, "roster"), plan: await framesOf(stack, "plan") },
    { roster: 4, plan: 4 },
  );
  assert.deepEqual([...byPod(await chats(other.url, REQUESTS)).keys()].sort(), PODS[1]);

  // Rosters that change are told to those who want them: the first pool's to one gateway, the second's to both.
  const changed = stack.pools.map((pool, index) =>
    index < 2 ? { ...pool, endpoints: pool.endpoints.slice(1) } : pool,
  );
  stack.sidecar.setPools(changed);
  await waitUntil("three rosters more", async () => (await framesOf(stack, "roster")) >= 7, PATIENCE_MS);
  await waitUntil(
    "picks follow in both gateways",
    async () => {
      const [one, two] = [await chats(stack.url, REQUESTS, by("two")), await chats(other.url, REQUESTS)];
      return [...one, ...two].every(({ pod }) => pod === "sim-4");
    },
    PATIENCE_MS,
  );
  assert.equal(await framesOf(stack, "roster"), 7);
  assert.equal(await framesOf(stack, "gone"), 0);
});
