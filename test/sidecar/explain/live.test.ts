// A running sidecar's state as a snapshot, and what the filter makes of it there and here.

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { LivePlans } from "../../../sidecar/epp-config/live-plans.ts";
import { readConfig } from "../../../sidecar/epp-config/read.ts";
import { explain } from "../../../sidecar/explain/explain.ts";
import { poolState } from "../../../sidecar/explain/pool-state.ts";
import { readSnapshot } from "../../../sidecar/explain/read-snapshot.ts";
import type { SnapshotPool } from "../../../sidecar/explain/snapshot.ts";
import { takeSnapshot } from "../../../sidecar/explain/take-snapshot.ts";
import { loadFilterModule } from "../../../sidecar/filter/module.ts";
import { startPushServer } from "../../../sidecar/push/push-server.ts";
import { Pools } from "../../../sidecar/state/pools.ts";
import { targetOf } from "../../../sidecar/state/target.ts";
import { encodePlan } from "../../../wire/encode.ts";
import * as L from "../../../wire/layout.ts";
import { xxh64 } from "../../../wire/xxh64.ts";
import { configuration, endpoint } from "../../filter/pools.ts";
import { POST } from "../../filter/requests.ts";
import { Rig } from "../../filter/rig.ts";
import { RecordingLog, RecordingObserver } from "../push/recorder.ts";
import { held, heldBlocks } from "../push/records.ts";
import { eventually, TestGateway } from "../push/test-gateway.ts";
import { ManualClock } from "../support/manual-clock.ts";

const POOL = "default/base";
const EXPLAIN = "x-explain";

const CONFIG = `apiVersion: llm-d.ai/v1alpha1
kind: EndpointPickerConfig
plugins:
  - type: label-selector-filter
    parameters: {matchExpressions: [{key: zone, operator: In, values: [a, b]}]}
  - type: queue-scorer
  - type: kv-cache-utilization-scorer
  - type: prefix-cache-scorer
  - type: token-load-scorer
    parameters: {queueThresholdTokens: 1000}
  - type: max-score-picker
schedulingProfiles:
  - name: default
    plugins:
      - pluginRef: label-selector-filter
      - pluginRef: queue-scorer
        weight: 2
      - pluginRef: kv-cache-utilization-scorer
      - pluginRef: prefix-cache-scorer
        weight: 3
      - pluginRef: token-load-scorer
        weight: 0.5
      - pluginRef: max-score-picker
`;

const ENDPOINTS = [
  endpoint(1, { zone: "z1", labels: { zone: "a" }, role: L.ROLE_DECODE }),
  endpoint(2, { labels: { zone: "b" }, engine: L.ENGINE_SGLANG, rank: 2 }),
  endpoint(3, { labels: { zone: "b" } }),
  endpoint(4, { labels: { zone: "c" } }),
];

/** The push server of a sidecar with four endpoints, of which the last has not been scraped. */
async function sidecar(t: TestContext) {
  const clock = new ManualClock();
  const pools = new Pools({ clock, startedAt: 1, freshFor: 1500, random: () => 0.5 });
  const discovered = ENDPOINTS.map((one) => ({
    endpoint: one,
    ready: true,
    metricsUrl: `http://${one.address}/secret`,
  }));
  pools.replace([{ name: POOL, endpoints: discovered, objectives: [], rewrites: [] }]);
  const signals = { waiting: 0, running: 1, kvUsage: 0.25, blockSize: 16, blockCount: 1000 };
  const adapters = { runningAdapters: ["tune"], waitingAdapters: [], maxAdapters: 2 };
  discovered.slice(0, 3).forEach((one, index) => {
    pools.record(targetOf(one).key, { ...signals, ...adapters, waiting: index * 2 }, clock.now() - index * 100);
  });
  const plans = new LivePlans(readConfig(CONFIG, "the test").config);
  const listen = { host: "127.0.0.1", port: 0, flag: "--grpc-port" };
  const log = new RecordingLog();
  const observer = new RecordingObserver();
  const push = await startPushServer({ source: pools, plans, listen, clock, log, observer });
  const gateways: TestGateway[] = [];
  t.after(async () => {
    for (const gateway of gateways) gateway.close();
    await push.stop(100);
  });
  const connect = (number: bigint) => {
    const gateway = new TestGateway(push.port);
    gateways.push(gateway);
    gateway.hello("test-node", number);
    gateway.want([POOL]);
    return gateway;
  };
  return { pools, plans, push, observer, connect, take: () => takeSnapshot(pools, plans, push.told) };
}

function keyOf(number: number): string {
  return `${xxh64(endpoint(number).address)}`;
}

test("what is taken of a sidecar reads back as it is there", async (t) => {
  const { pools, plans, push, connect, take } = await sidecar(t);
  const [one, two] = [connect(1n), connect(2n)];
  one.flight({ [keyOf(1)]: 2 });
  two.flight({ [keyOf(1)]: 3, [keyOf(2)]: 1 });
  one.journal([held(BigInt(keyOf(1)), 100, 2)]);
  await eventually(() => push.told.flights.total(BigInt(keyOf(1))).requests === 5 && push.told.journals.next === 1);
  two.journal([held(BigInt(keyOf(2)), 200)]);
  await eventually(() => push.told.journals.next === 2);

  const { pools: read, journals } = readSnapshot(take(), "the sidecar");
  assert.equal(read.length, 1);
  assert.deepEqual([read[0]!.name, read[0]!.freshFor], [POOL, 1500]);
  assert.deepEqual(
    read[0]!.endpoints.map((one) => one.endpoint),
    ENDPOINTS,
  );
  assert.deepEqual(
    read[0]!.endpoints.map(({ sample }) => ({ ...sample, counter: 0 })),
    pools.load(POOL, 0n, 0n)!.samples.map((sample) => ({ ...sample, counter: 0 })),
  );
  assert.deepEqual(
    read[0]!.endpoints.map(({ sample }) => sample.age),
    [0, 100, 200, undefined],
  );
  assert.deepEqual(
    read[0]!.endpoints.map(({ inFlight }) => inFlight),
    [5, 1, 0, 0].map((requests) => ({ requests, tokens: requests * 10, prefill: requests * 10 })),
  );
  const { profiles, settings } = read[0]!.plan!;
  assert.deepEqual(
    encodePlan({ pool: POOL, epoch: 1n, profiles, settings }),
    encodePlan({ ...plans.plan(POOL), epoch: 1n }),
  );
  assert.deepEqual(journals.flatMap(heldBlocks), [100n, 200n]);
});

test("policies read back as they are there", async (t) => {
  const { pools, take } = await sidecar(t);
  const objectives = [{ name: "gold", priority: 5 }];
  const rules = [{ models: ["chat"], targets: [{ model: "base", weight: 1 }] }];
  const createdAt = Date.UTC(2026, 0, 2, 3, 4, 5);
  pools.replace([{ name: POOL, endpoints: [], objectives, rewrites: [{ name: "canary", createdAt, rules }] }]);
  const [pool] = JSON.parse(take()).pools;
  assert.deepEqual(pool.objectives, objectives);
  assert.deepEqual(pool.rewrites, [{ name: "canary", createdAt: "2026-01-02T03:04:05.000Z", rules }]);
  const [read] = readSnapshot(take(), "the sidecar").pools;
  assert.deepEqual(read!.policies, { objectives, rewrites: [{ name: "canary", createdAt, rules }] });
});

test("a snapshot tells nothing of where and how endpoints are scraped", async (t) => {
  const { take } = await sidecar(t);
  assert.doesNotMatch(take(), /secret|http/);
});

test("a pool that goes while it is looked at is left out", async (t) => {
  const { plans, push, pools } = await sidecar(t);
  const source = {
    ...pools,
    pools: () => [POOL, "default/gone"],
    roster: pools.roster.bind(pools),
    load: pools.load.bind(pools),
    subscribe: pools.subscribe.bind(pools),
    policies: pools.policies.bind(pools),
  };
  assert.deepEqual(
    readSnapshot(takeSnapshot(source, plans, push.told), "the sidecar").pools.map(({ name }) => name),
    [POOL],
  );
});

test("one pool's state is what a snapshot says of it, and stays so when more is known", async (t) => {
  const { plans, push, pools, take, connect } = await sidecar(t);
  const gateway = connect(1n);
  gateway.flight({ [keyOf(1)]: 2 });
  await eventually(() => push.told.flights.total(BigInt(keyOf(1))).requests === 2);
  const now = poolState(POOL, pools, plans, push.told)!;
  const [read] = readSnapshot(take(), "the sidecar").pools;
  const without = ({ endpoints, plan: _plan, ...pool }: SnapshotPool) => ({
    ...pool,
    endpoints: endpoints.map((one) => ({ ...one, sample: { ...one.sample, counter: 0 } })),
  });
  assert.deepEqual(without(now), without(read!));
  assert.deepEqual(
    encodePlan({ pool: POOL, epoch: 1n, ...now.plan }),
    encodePlan({ pool: POOL, epoch: 1n, ...read!.plan! }),
  );
  pools.replace([{ name: POOL, endpoints: [], objectives: [], rewrites: [] }]);
  gateway.flight({ [keyOf(1)]: 3 });
  await eventually(() => push.told.flights.total(BigInt(keyOf(1))).requests === 3);
  assert.deepEqual(without(now), without(read!));
  assert.equal(poolState("default/gone", pools, plans, push.told), undefined);
});

const PROMPT = "Sixteen letters ".repeat(80); // 1,280 bytes, 320 tokens, five blocks of 64
const BODY = Buffer.from(JSON.stringify({ model: "base", prompt: PROMPT, max_tokens: 16 }));

/** A gateway that learns: what its filter sends up after a request for the prompt, by where it went. */
function learnedJournal(frames: readonly Uint8Array[], gateway: bigint): Uint8Array {
  const rig = new Rig();
  const vm = rig.vm();
  const root = vm.createRoot(configuration());
  rig.pass(200);
  rig.stream.message(...frames);
  rig.pass(20);
  const stream = vm.createStream(root);
  stream.onRequestHeaders(POST, false);
  stream.onRequestBody(BODY, true);
  stream.onResponseHeaders(endpoint(3).address, [[":status", "200"]]);
  stream.onResponseBody(Buffer.from('{"usage":{"prompt_tokens":320,"completion_tokens":1}}'), true);
  stream.close();
  rig.pass(200);
  const [journal] = rig.stream.journals;
  assert.ok(journal, "the filter has learned nothing");
  const own = journal.slice();
  new DataView(own.buffer).setBigUint64(L.JOURNAL_OWNER, gateway, true);
  return own;
}

test("a live sidecar's request is explained with the scores of a filter that has the same frames", async (t) => {
  const { push, connect, observer, take } = await sidecar(t);
  const [one, two] = [connect(1n), connect(2n)];
  await one.received(4);
  one.call.write(
    Buffer.from(
      learnedJournal(
        one.frames.map(({ bytes }) => bytes),
        1n,
      ),
    ),
  );
  one.flight({ [keyOf(1)]: 4, [keyOf(2)]: 6 });
  await eventually(() => push.told.journals.next === 1 && two.journals.length === 1 && two.flights.length >= 1);
  assert.deepEqual(observer.refusals, []);

  // A gateway that has had none of these requests, and gets every frame that the sidecar sends.
  const rig = new Rig();
  const vm = rig.vm();
  const root = vm.createRoot(configuration({ explainHeader: EXPLAIN }));
  rig.pass(200);
  const first = two.frames.filter(({ kind }) => ["roster", "plan", "load", "flight", "sync"].includes(kind));
  rig.stream.message(...first.map(({ bytes }) => bytes));
  rig.pass(20);
  const warmUp = vm.createStream(root);
  warmUp.onRequestHeaders(POST, false);
  warmUp.close();
  rig.pass(20);
  rig.stream.message(...two.journals);
  rig.pass(50);
  const stream = vm.createStream(root);
  stream.onRequestHeaders([...POST, [EXPLAIN, "9"]], false);
  stream.onRequestBody(BODY, true);
  stream.onResponseHeaders(undefined);
  const there = JSON.parse(stream.responseHeaders!.get(EXPLAIN)!);
  stream.close();

  const snapshot = readSnapshot(take(), "the sidecar");
  const pool = snapshot.pools[0]!;
  const { explanation } = explain(loadFilterModule(), {
    ...{ pool, plan: pool.plan!, journals: snapshot.journals, body: BODY, headers: [], seed: 1 },
  });
  assert.deepEqual(explanation, there);
  const here = explanation!;
  const [profile] = here.profiles;
  assert.equal(profile!.candidates, 3);
  const matched = Object.fromEntries(
    profile!.endpoints.map((address, row) => [address, profile!.signals.matchedBlocks[row]]),
  );
  assert.deepEqual(matched, {
    [endpoint(1).address]: 0,
    [endpoint(2).address]: 0,
    [endpoint(3).address]: here.promptBlocks,
  });
  assert.equal(here.promptBlocks, 5);
});
