// Flow control of several workers as one: who waits in one of them has the same chance as who waits in another. Service
// times are long against what a busy machine adds, and shares and ratios are those of one run.

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { waitUntil } from "../../scripts/stack/ready.ts";
import { createRandom } from "../../simulator/random.ts";
import { complete } from "../harness/completions.ts";
import { type Stack, startStack } from "../harness/stack.ts";

const WAITING = "wasmcustom.inline_epp_waiting";
const IN_FLIGHT = "wasmcustom.inline_epp_in_flight";
const SERVERS = 2;
const PATIENCE_MS = 30_000;
/** Far above what a server gets, so that it serves each as fast as one alone. */
const BATCH = 1024;

function configOf({ concurrency, band = {}, flowControl = {} }: Setting) {
  return {
    apiVersion: "llm-d.ai/v1alpha1",
    kind: "EndpointPickerConfig",
    featureGates: ["flowControl"],
    plugins: [
      { type: "running-requests-size-scorer" },
      { type: "round-robin-fairness-policy" },
      { type: "concurrency-detector", parameters: { maxConcurrency: concurrency } },
    ],
    schedulingProfiles: [{ name: "default", plugins: [{ pluginRef: "running-requests-size-scorer" }] }],
    flowControl: {
      ...flowControl,
      saturationDetector: { pluginRef: "concurrency-detector" },
      defaultPriorityBand: { fairnessPolicyRef: "round-robin-fairness-policy", ...band },
    },
  };
}

/** What became of requests, told as it happens. */
class Clients {
  readonly answered: { tenant: string; firstTokenMs: number; at: number }[] = [];
  readonly refused: string[] = [];
  gone = 0;
  sent = 0;
  readonly #stack: Stack;
  readonly #open = new Set<Promise<void>>();

  constructor(stack: Stack) {
    this.#stack = stack;
  }

  /** One request; never rejects. */
  send(
    tenant: string,
    fields: { outputTokens?: number; objective?: string; signal?: AbortSignal } = {},
  ): Promise<void> {
    this.sent++;
    const { outputTokens = 1, objective, signal } = fields;
    const headers = {
      "x-llm-d-inference-fairness-id": tenant,
      ...(objective === undefined ? {} : { "x-llm-d-inference-objective": objective }),
    };
    const request = complete(this.#stack.url, {
      prompt: "Hello",
      outputTokens,
      headers,
      ...(signal === undefined ? {} : { signal }),
    }).then(
      ({ firstTokenMs }) => {
        this.answered.push({ tenant, firstTokenMs, at: performance.now() });
      },
      (error: Error) => {
        if (error.name === "AbortError") this.gone++;
        else this.refused.push(error.message);
      },
    );
    const tracked = request.finally(() => this.#open.delete(tracked));
    this.#open.add(tracked);
    return tracked;
  }

  /** Sends `perSecond` requests for so long, at random times. */
  async keepSending(tenant: string, perSecond: number, milliseconds: number, seed: number, objective?: string) {
    const random = createRandom(seed);
    let next = performance.now();
    const end = next + milliseconds;
    while (next < end) {
      await sleep(Math.max(next - performance.now(), 0));
      void this.send(tenant, {
        outputTokens: 1 + Math.floor(random() * 100),
        ...(objective === undefined ? {} : { objective }),
      });
      next += (-Math.log(1 - random()) * 1000) / perSecond;
    }
  }

  async all(): Promise<void> {
    while (this.#open.size > 0) await Promise.all(this.#open);
  }

  count(tenant: string): number {
    return this.answered.filter((each) => each.tenant === tenant).length;
  }
}

const ACCEPTED = "wasmcustom.inline_epp_frames_accepted_total";
const OBJECTIVES = [
  { name: "high", priority: 10 },
  { name: "low", priority: -10 },
];

interface Setting {
  readonly workers: number;
  readonly hold: "buffer" | "self";
  /** Requests that each model server may have. */
  readonly concurrency: number;
  /** Milliseconds that a model server takes for the first token. */
  readonly prefillMs: number;
  readonly flowControl?: Readonly<Record<string, unknown>>;
  readonly band?: Readonly<Record<string, unknown>>;
}

async function started(t: TestContext, setting: Setting): Promise<{ stack: Stack; clients: Clients }> {
  // A sequence in an all but empty batch takes half of the full one's time.
  const simulator = { maxNumSeqs: BATCH, prefillBaseMs: 2 * setting.prefillMs, decodePerTokenMs: 20 };
  const stack = await startStack(
    {
      simulators: Array.from({ length: SERVERS }, () => simulator),
      sidecar: { config: configOf(setting) },
      envoy: { hold: setting.hold, concurrency: setting.workers },
    },
    t,
  );
  const endpoints = stack.simulators.map(({ name, address }) => ({ name: `default/${name}`, address }));
  const before = await stack.envoy.stat(ACCEPTED);
  stack.sidecar.setPools([{ name: "default/base", endpoints, objectives: OBJECTIVES }]);
  await waitUntil("the objectives are known", async () => (await stack.envoy.stat(ACCEPTED)) > before, PATIENCE_MS);
  return { stack, clients: new Clients(stack) };
}

/** Requests that the model servers say they have ended, by how. */
async function endedAt(stack: Stack): Promise<{ completed: number; aborted: number }> {
  const ended = { completed: 0, aborted: 0 };
  for (const { url } of stack.simulators) {
    const text = await (await fetch(`${url}/metrics`)).text();
    for (const [, reason, count] of text.matchAll(
      /^vllm:request_success_total\{finished_reason="(\w+)".*\} (\d+)$/gm,
    )) {
      ended[reason === "abort" ? "aborted" : "completed"] += Number(count);
    }
  }
  return ended;
}

/** Connections that each worker has taken. */
async function spread(stack: Stack): Promise<number[]> {
  const stats = await stack.envoy.stats(/worker_\d+\.downstream_cx_total$/);
  return [...stats]
    .filter(([name]) => name.startsWith("listener.") && !name.includes("admin"))
    .map(([, count]) => count);
}

/** Workers hear of each other from the first request on that each has had. */
async function everyWorkerKnown(clients: Clients): Promise<void> {
  await Promise.all(Array.from({ length: 40 }, () => clients.send("first")));
  await sleep(500);
}

async function emptied(stack: Stack): Promise<void> {
  await waitUntil(
    "nothing waits and nothing is in flight",
    async () => {
      const stats = await stack.envoy.stats(/inline_epp_(waiting|in_flight)$/);
      return stats.get(WAITING) === 0 && stats.get(IN_FLIGHT) === 0;
    },
    PATIENCE_MS,
  );
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
}

/** Every request has been answered once, or its client has left; and model servers have had no more than these. */
async function assertAllAccountedFor(t: TestContext, stack: Stack, clients: Clients): Promise<void> {
  await clients.all();
  await emptied(stack);
  const ended = await endedAt(stack);
  const { sent, gone, refused, answered } = clients;
  t.diagnostic(
    `sent ${sent}: answered ${answered.length}, refused ${refused.length}, left ${gone}; ` +
      `model servers completed ${ended.completed}, aborted ${ended.aborted}; connections of workers ${await spread(stack)}`,
  );
  const counters = await stack.envoy.stats(/inline_epp_(dispatched|granted)_total$/);
  const [dispatched, granted] = ["dispatched", "granted"].map(
    (name) => counters.get(`wasmcustom.inline_epp_${name}_total`) ?? 0,
  ) as [number, number];
  t.diagnostic(`of ${dispatched} that waited, ${granted} got their place from another worker's`);
  assert.ok(granted > dispatched / 5, "workers hardly hand places on");
  assert.equal(answered.length + refused.length + gone, sent);
  // A client may leave while its answer is on its way.
  assert.ok(ended.completed >= answered.length, "an answer that no model server gave");
  assert.ok(
    ended.completed + ended.aborted <= answered.length + gone,
    "a request was served twice, or after a refusal",
  );
}

test("four workers: under four times the load, high priority hardly waits, and who leaves makes room", async (t) => {
  const prefillMs = 2500;
  const slots = 40 * SERVERS;
  const { stack, clients } = await started(t, {
    workers: 4,
    hold: "buffer",
    concurrency: 40,
    prefillMs,
    flowControl: { defaultRequestTTL: "3s" },
  });
  await clients.keepSending("alone", 8, 2500, 1, "high");
  await clients.all();
  const leaving = new AbortController();
  const capacity = (slots * 1000) / (prefillMs + 500);
  let waiting = 0;
  await Promise.all([
    // What fills the pool comes bit by bit, so that places fall free the same way ever after.
    clients
      .keepSending("low", capacity, 3500, 2, "low")
      .then(() => clients.keepSending("low", 4 * capacity, 6000, 5, "low")),
    sleep(3500).then(() => clients.keepSending("high", 5, 6000, 3, "high")),
    sleep(5000).then(() => {
      for (let i = 0; i < 40; i++) void clients.send("leaving", { objective: "low", signal: leaving.signal });
    }),
    sleep(6000).then(() => leaving.abort()),
    sleep(8000).then(async () => {
      waiting = await stack.envoy.stat(WAITING);
    }),
  ]);
  await assertAllAccountedFor(t, stack, clients);
  const times = (tenant: string) =>
    clients.answered.filter((each) => each.tenant === tenant).map(({ firstTokenMs }) => firstTokenMs);
  const [alone, high] = [percentile(times("alone"), 0.9), percentile(times("high"), 0.9)];
  const counts = `${times("alone").length} alone, ${times("high").length} under load`;
  t.diagnostic(`p90 of the first token: ${alone.toFixed(0)} ms alone, ${high.toFixed(0)} ms under load (${counts})`);
  t.diagnostic(
    `${(high / alone).toFixed(2)} times as long; ${waiting} waited then; ${clients.count("low")} low ones served`,
  );
  assert.ok(waiting > 2 * slots, "the load is no overload");
  assert.ok(
    clients.refused.every((message) => message.startsWith("429 ")),
    clients.refused[0],
  );
  assert.ok(high <= 1.3 * alone);
});

for (const [workers, hold] of [
  [4, "buffer"],
  [2, "self"],
] as const) {
  test(`${workers} workers, hold ${hold}: two tenants share alike, though one sends ten times as much`, async (t) => {
    const { stack, clients } = await started(t, { workers, hold, concurrency: 10, prefillMs: 600 });
    const end = performance.now() + 9000;
    const loop = async (tenant: string) => {
      while (performance.now() < end) await clients.send(tenant);
    };
    const few = Array.from({ length: 25 }, () => loop("few"));
    await sleep(100);
    const many = Array.from({ length: 250 }, () => loop("many"));
    await sleep(1900);
    const begin = performance.now();
    await sleep(7000);
    const until = performance.now();
    const during = clients.answered.filter(({ at }) => at > begin && at <= until);
    const share = during.filter(({ tenant }) => tenant === "few").length / during.length;
    await Promise.all([...many, ...few]);
    t.diagnostic(`the small tenant got ${(100 * share).toFixed(1)} % of ${during.length}`);
    await assertAllAccountedFor(t, stack, clients);
    assert.ok(Math.abs(share - 0.5) <= 0.05);
    assert.equal(clients.refused.length, 0);
  });
}

test("four workers hold no more than a band's limit together", async (t) => {
  const limit = 60;
  const { stack, clients } = await started(t, {
    workers: 4,
    hold: "buffer",
    concurrency: 10,
    prefillMs: 500,
    band: { maxRequests: limit },
  });
  await everyWorkerKnown(clients);
  for (let i = 0; i < 400; i++) void clients.send(`tenant-${i % 7}`);
  let [most, mostInFlight] = [0, 0];
  while (clients.answered.length + clients.refused.length < clients.sent) {
    const stats = await stack.envoy.stats(/inline_epp_(waiting|in_flight)$/);
    most = Math.max(most, stats.get(WAITING) ?? 0);
    mostInFlight = Math.max(mostInFlight, stats.get(IN_FLIGHT) ?? 0);
    await sleep(20);
  }
  t.diagnostic(
    `${most} waited and ${mostInFlight} were in flight at most, ${clients.refused.length} of ${clients.sent} were refused`,
  );
  await assertAllAccountedFor(t, stack, clients);
  // Workers that take one up at the same moment do not know of each other's.
  assert.ok(most <= limit + 4, `${most} waited`);
  assert.ok(most >= limit - 4, "fewer than the limit were let wait");
});
