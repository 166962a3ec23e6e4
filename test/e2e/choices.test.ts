// How good the choices are: a made-up workload of conversations in real time, through a real Envoy to real simulators,
// under two configurations and under Envoy's own policies, beside what `simulate` says of the same.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ROOT } from "../../scripts/stack/command.ts";
import { compile } from "../../sidecar/epp-config/compile.ts";
import { defaultConfig } from "../../sidecar/epp-config/default-config.ts";
import { readConfig } from "../../sidecar/epp-config/read.ts";
import { Balance } from "../../sidecar/simulate/balance.ts";
import { BYTES_PER_TOKEN, writePrompt } from "../../sidecar/simulate/prompt-body.ts";
import { type SimulateSettings, type Simulation, simulate } from "../../sidecar/simulate/simulate.ts";
import { spreadOf } from "../../sidecar/simulate/statistics.ts";
import type { TraceRequest } from "../../sidecar/simulate/trace.ts";
import { type Completion, complete } from "../harness/completions.ts";
import { conversations, traceText } from "../harness/conversations.ts";
import { balancePlainly } from "../harness/envoy-config.ts";
import { type Stack, type StackOptions, startStack } from "../harness/stack.ts";

const SERVERS = 4;
const REQUESTS = conversations({
  seed: 1,
  requests: 600,
  turns: 10,
  systemPrompt: 1024,
  longestPrompt: 8000,
  turn: [200, 1200],
  output: [4, 16],
  betweenConversations: 130,
  betweenTurns: 1000,
});
/**
 * Costs at a full batch, as simulators take them; half of that on an empty server, as `simulate` takes them. Long against
 * what a busy machine adds to a first token, some 0.1 s, of which each policy may meet another share.
 */
const COSTS = { prefillBaseMs: 18.75, prefillPerTokenMs: 0.1875, decodePerTokenMs: 75 };
const SIMULATOR = { ...COSTS, maxNumSeqs: 8, numGpuBlocks: 4096 };

const QUEUE_KV_PREFIX = readFileSync(join(ROOT, "docs", "examples", "reference-default.yaml"), "utf8");

/** What one policy came to. */
interface Result {
  readonly name: string;
  readonly ttft: { readonly mean: number; readonly p50: number; readonly p99: number };
  /** Cached over all prompt tokens. */
  readonly hitRate: number;
  /** Time averages: the most in flight at one server over the mean. */
  readonly momentary: number;
}

/** The same workload in virtual time. */
function predict(t: TestContext): Promise<Simulation> {
  const folder = mkdtempSync(join(tmpdir(), "inline-epp-trace-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const trace = join(folder, "conversations.jsonl");
  writeFileSync(trace, traceText(REQUESTS));
  const plans = [
    { name: "default", plan: compile(defaultConfig().config) },
    { name: "queue-kv-prefix", plan: compile(readConfig(QUEUE_KV_PREFIX, "queue-kv-prefix").config) },
  ];
  const { prefillBaseMs, prefillPerTokenMs, decodePerTokenMs } = COSTS;
  const settings: SimulateSettings = {
    ...{ trace, plans, policies: ["round-robin", "least-request", "config"], servers: SERVERS },
    ...{ maxNumSeqs: SIMULATOR.maxNumSeqs, blockSize: 16, cache: { numGpuBlocks: SIMULATOR.numGpuBlocks } },
    prefillBaseMs: prefillBaseMs / 2,
    prefillPerTokenMs: prefillPerTokenMs / 2,
    decodePerTokenMs: decodePerTokenMs / 2,
    ...{ pace: { load: 0.9 }, workers: 1, scrapeInterval: 50, tokensPerPiece: 0, warmup: 0, seed: 1 },
    ...{ requests: undefined, maxPromptTokens: undefined },
  };
  return simulate(settings, () => undefined);
}

function promptOf(request: TraceRequest): string {
  const bytes = Buffer.alloc(request.promptTokens * BYTES_PER_TOKEN);
  writePrompt(request, bytes);
  return bytes.toString("latin1");
}

/** Sends every request when its time has come, whatever became of those before. */
async function replay(name: string, stack: Stack, arrivals: readonly number[]): Promise<Result> {
  const began = performance.now();
  const answers = await Promise.all(
    REQUESTS.map(async (request, index): Promise<Completion & { sentAt: number }> => {
      await sleep(arrivals[index]);
      const sentAt = performance.now() - began;
      return {
        sentAt,
        ...(await complete(stack.url, { prompt: promptOf(request), outputTokens: request.outputTokens })),
      };
    }),
  );
  const servers = stack.simulators.map((simulator) => simulator.name);
  const changes = answers.flatMap(({ pod, sentAt, totalMs }) => [
    { at: sentAt, server: servers.indexOf(pod), by: 1 as const },
    { at: sentAt + totalMs, server: servers.indexOf(pod), by: -1 as const },
  ]);
  const balance = new Balance(SERVERS);
  for (const { at, server, by } of changes.sort((a, b) => a.at - b.at)) balance.change(server, by, at);
  const sum = (field: "promptTokens" | "cachedTokens") => answers.reduce((total, answer) => total + answer[field], 0);
  return {
    name,
    ttft: spreadOf(answers.map(({ firstTokenMs }) => firstTokenMs))!,
    hitRate: sum("cachedTokens") / sum("promptTokens"),
    momentary: balance.momentary,
  };
}

const ARMS: Readonly<Record<string, StackOptions>> = {
  "round-robin": { withoutSidecar: true, envoy: { edit: (config) => balancePlainly(config, "ROUND_ROBIN") } },
  "least-request": { withoutSidecar: true, envoy: { edit: (config) => balancePlainly(config, "LEAST_REQUEST") } },
  default: { sidecar: { config: null } },
  "queue-kv-prefix": { sidecar: { config: QUEUE_KV_PREFIX } },
};

function line({ name, ttft, hitRate, momentary }: Result): string {
  const ms = (value: number) => value.toFixed(0).padStart(5);
  return (
    `${name.padEnd(16)} TTFT mean ${ms(ttft.mean)} p50 ${ms(ttft.p50)} p99 ${ms(ttft.p99)} ms, ` +
    `${(100 * hitRate).toFixed(1)} % cached, in flight max/mean ${momentary.toFixed(2)}`
  );
}

/** Both configurations are ahead of Envoy's own best policy, with room for noise. */
function assertAhead(what: string, results: readonly Result[]): void {
  const [, leastRequest, ...configured] = results as [Result, Result, ...Result[]];
  for (const { name, ttft, hitRate } of configured) {
    const share = ttft.mean / leastRequest.ttft.mean;
    assert.ok(share < 0.8, `${what}: the mean TTFT under ${name} is ${share.toFixed(2)} of least-request's`);
    assert.ok(hitRate > leastRequest.hitRate + 0.1, `${what}: ${hitRate} cached under ${name}`);
  }
}

async function run(t: TestContext, name: string, arrivals: readonly number[]): Promise<Result> {
  const stack = await startStack({ simulators: Array(SERVERS).fill(SIMULATOR), ...ARMS[name] }, t);
  const result = await replay(name, stack, arrivals);
  await stack.stop();
  return result;
}

test("conversations find their prefixes: sooner first tokens and more hits than under Envoy's own policies", async (t) => {
  const simulation = await predict(t);
  const predicted = simulation.policies.map(({ name, ttft, prefix, balance }) => ({
    name,
    ttft: ttft!,
    hitRate: prefix.hitRate!,
    momentary: balance.momentary!,
  }));
  const measured: Result[] = [];
  for (const { name } of predicted) measured.push(await run(t, name, simulation.built.workload.arrivals));
  for (const result of predicted) t.diagnostic(`simulated: ${line(result)}`);
  for (const result of measured) t.diagnostic(`measured:  ${line(result)}`);
  assertAhead("simulated", predicted);
  assertAhead("measured", measured);
  for (const [index, { name, hitRate }] of predicted.entries()) {
    const difference = Math.abs(measured[index]!.hitRate - hitRate);
    assert.ok(difference < 0.08, `the hit rates under ${name} differ by ${difference}`);
  }
});
