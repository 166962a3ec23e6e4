// Two Envoys with one sidecar choose as one: each knows what the other has sent where.

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { waitUntil } from "../../scripts/stack/ready.ts";
import { createRandom } from "../../simulator/random.ts";
import { complete } from "../harness/completions.ts";
import type { Envoy } from "../harness/envoy.ts";
import type { SimulatorSpec } from "../harness/simulators.ts";
import { type Stack, startStack } from "../harness/stack.ts";

const CONVERSATIONS = 40;
/** Conversations that are under way at once. */
const AT_ONCE = 8;
const SERVERS = 4;
const PATIENCE_MS = 30_000;
/** A gateway that has gone silent counts for 3 s; the rest is for a busy machine. */
const FORGOTTEN_MS = 10_000;
/** What workers have heard from others; ticks bring the figure up to date. */
const LEARNED = "wasmcustom.inline_epp_records_learned_total";
const ACCEPTED = "wasmcustom.inline_epp_frames_accepted_total";

const config = (weights: Readonly<Record<string, number>>) => ({
  apiVersion: "inference.networking.x-k8s.io/v1alpha1",
  kind: "EndpointPickerConfig",
  plugins: Object.keys(weights).map((type) => ({ type })),
  schedulingProfiles: [
    { name: "default", plugins: Object.entries(weights).map(([pluginRef, weight]) => ({ pluginRef, weight })) },
  ],
});

async function twoGateways(
  t: TestContext,
  weights: Readonly<Record<string, number>>,
  simulator: SimulatorSpec,
): Promise<Stack & { other: Envoy }> {
  const stack = await startStack(
    {
      simulators: Array.from({ length: SERVERS }, () => simulator),
      sidecar: { config: config(weights), flags: { "metrics-staleness-threshold": "10m" } },
      envoy: { concurrency: 2 },
    },
    t,
  );
  const other = await stack.addEnvoy({ concurrency: 2, nodeId: "gateway-2" });
  return { ...stack, sidecar: stack.sidecar, other };
}

/** Text of so many tokens, of four characters each. */
function textOf(random: () => number, tokens: number): string {
  return Array.from({ length: tokens }, () => (random() * 0x7fffffff).toString(36).slice(0, 3).padEnd(4)).join("");
}

/** Waits until a gateway has heard more than this, and then hears nothing new for a while. */
async function heardAll(gateway: Envoy, before: number): Promise<void> {
  let last = before;
  const settled = async () => {
    const seen = last;
    await sleep(300);
    last = await gateway.stat(LEARNED);
    return last > before && last === seen;
  };
  await waitUntil("the other gateway has heard", settled, PATIENCE_MS);
}

/** Frames that the sidecar has written to both gateways: of one kind, or all. */
async function written({ sidecar }: Stack, kind = ""): Promise<number> {
  const lines = (await sidecar.metrics()).matchAll(/^inline_epp_push_frames_total\{kind="(\w+)"\} (\d+)$/gm);
  return [...lines].reduce((sum, [, each, count]) => sum + (kind === "" || each === kind ? Number(count) : 0), 0);
}

/**
 * Does something that changes what one gateway has in flight, and waits until the other knows: news of that have been
 * written, no more come, and whatever was written has arrived.
 */
async function untilTold(stack: Stack & { other: Envoy }, change: () => unknown): Promise<void> {
  const before = await written(stack, "flight");
  let last = before;
  const settled = async () => {
    const seen = last;
    await sleep(300);
    last = await written(stack, "flight");
    return last > before && last === seen;
  };
  await change();
  await waitUntil("news of what is in flight", settled, PATIENCE_MS);
  const frames = await written(stack);
  const accepted = async () => (await stack.envoy.stat(ACCEPTED)) + (await stack.other.stat(ACCEPTED));
  await waitUntil("all that was written", async () => (await accepted()) >= frames, PATIENCE_MS);
}

test("a conversation that began at one gateway goes on at the other where its prefix is", async (t) => {
  // Load spreads the conversations, and is no reason to leave a prefix.
  const weights = { "prefix-cache-scorer": 3, "running-requests-size-scorer": 1 };
  const stack = await twoGateways(t, weights, { prefillBaseMs: 5, numGpuBlocks: 20_000 });
  const random = createRandom(7);
  const system = textOf(random, 512);
  for (const heardMs of [20, 50, 100, null]) {
    const begun = new Map<string, number>();
    let [common, cached, sameServer] = [0, 0, 0];
    for (let from = 0; from < CONVERSATIONS; from += AT_ONCE) {
      const prompts = Array.from({ length: AT_ONCE }, () => system + textOf(random, 1000 + random() * 2000));
      const known = await stack.other.stat(LEARNED);
      const firsts = prompts.map((prompt) => complete(stack.url, { prompt }));
      const heard = heardMs === null && Promise.all(firsts).then(() => heardAll(stack.other, known));
      await Promise.all(
        prompts.map(async (prompt, index) => {
          const first = await firsts[index]!;
          begun.set(first.pod, (begun.get(first.pod) ?? 0) + 1);
          await (heard || sleep(Math.max(0, heardMs! - first.totalMs)));
          const second = await complete(stack.other.url, { prompt: prompt + textOf(random, 200) });
          common += Math.floor(first.promptTokens / 16) * 16;
          cached += second.cachedTokens;
          if (second.pod === first.pod) sameServer++;
        }),
      );
    }
    t.diagnostic(
      `${CONVERSATIONS} conversations, second requests ${heardMs === null ? "when heard" : `${heardMs} ms after the first`}: ` +
        `${((100 * cached) / common).toFixed(1)} % of the common tokens cached, ${sameServer} at the same server`,
    );
    if (heardMs !== null) continue;
    const fewest = Math.min(...begun.values());
    assert.ok(begun.size === SERVERS && fewest >= 4, `they began at ${[...begun].join(" ")}, which proves nothing`);
    assert.ok(cached >= 0.95 * common, `${cached} of ${common} tokens were cached`);
    assert.ok(sameServer >= 0.95 * CONVERSATIONS, `${sameServer} of ${CONVERSATIONS}`);
  }
});

test("requests in flight at one gateway count at the other, until it is killed", async (t) => {
  // Samples stand still: only what the gateways tell each other shows that a server is busy.
  const weights = { "session-affinity-scorer": 9, "running-requests-size-scorer": 1 };
  const stack = await twoGateways(t, weights, { decodePerTokenMs: 50, maxNumSeqs: 64 });
  for (const simulator of stack.simulators) await simulator.set({ metrics: "error" });
  // Minutes, unless they are hung up.
  const long = { prompt: "Hello", outputTokens: 5000 };

  const running = async () => {
    const states = stack.simulators.map(async ({ url }) => (await fetch(`${url}/admin/state`)).json());
    return (await Promise.all(states)).map((state) => (state as { live: { running: number } }).live.running);
  };

  const sum = async () => (await running()).reduce((total, each) => total + each);

  // Each gateway sends every other request, and nothing ends: all servers get equally many.
  const hangUp = new AbortController();
  for (let number = 0; number < 3 * SERVERS; number++) {
    const url = number % 2 === 0 ? stack.url : stack.other.url;
    await untilTold(stack, async () => {
      complete(url, { ...long, signal: hangUp.signal }).catch(() => undefined);
      await waitUntil("it is there", async () => (await sum()) === number + 1, PATIENCE_MS);
    });
  }
  const spread = await running();
  t.diagnostic(`${3 * SERVERS} requests, every other through each gateway: ${spread} in flight at the servers`);
  assert.deepEqual(spread, Array(SERVERS).fill(3));
  await untilTold(stack, async () => {
    hangUp.abort();
    await waitUntil("all hung up", async () => (await sum()) === 0, PATIENCE_MS);
  });

  // All of the first gateway's requests are one session's. The other gateway keeps away from its server.
  const busy = stack.simulators[0]!.name;
  const headers = { "x-session-token": Buffer.from(`default/${busy}`).toString("base64") };
  await untilTold(stack, async () => {
    for (let i = 0; i < 6; i++) complete(stack.url, { ...long, headers }).catch(() => undefined);
    await waitUntil("six at one server", async () => (await running())[0] === 6, PATIENCE_MS);
  });
  const pick = async () => (await complete(stack.other.url, { prompt: "Hello", outputTokens: 1 })).pod;
  const pods: string[] = [];
  for (let i = 0; i < 20; i++) pods.push(await pick());
  assert.equal(pods.includes(busy), false, `${pods}`);

  stack.envoy.child.kill("SIGKILL");
  await stack.envoy.child.exited;
  const killed = performance.now();
  while ((await pick()) !== busy) assert.ok(performance.now() - killed < FORGOTTEN_MS, "still counted");
  t.diagnostic(`a killed gateway's requests no longer count after ${Math.round(performance.now() - killed)} ms`);
});
