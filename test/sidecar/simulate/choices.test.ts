// What the shipped filter decides, on a workload like a chat service's: many conversations, a system prompt that all of
// them share, bursts, prompts of very different lengths. The figures are those of virtual time, the same every time.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../../../scripts/stack/command.ts";
import { compile } from "../../../sidecar/epp-config/compile.ts";
import { defaultConfig } from "../../../sidecar/epp-config/default-config.ts";
import { readConfig } from "../../../sidecar/epp-config/read.ts";
import { type PolicyResult, simulate } from "../../../sidecar/simulate/simulate.ts";
import { conversations, traceText } from "../../harness/conversations.ts";

const REFERENCE_DEFAULT = readFileSync(join(ROOT, "docs", "examples", "reference-default.yaml"), "utf8");

/** Of chats whose turns have 300 to 12,000 tokens; the trace's own speed does not matter. */
const TRACE = traceText(
  conversations({
    seed: 11,
    requests: 1500,
    turns: 2,
    systemPrompt: 512,
    longestPrompt: 16_384,
    turn: [300, 12_000],
    output: [50, 600],
    betweenConversations: 250,
    betweenTurns: 4000,
  }),
);

async function run(
  load: number,
  scrapeInterval: number,
  policies: readonly string[],
): Promise<Map<string, PolicyResult>> {
  const folder = mkdtempSync(join(tmpdir(), "inline-epp-"));
  const trace = join(folder, "trace.jsonl");
  try {
    writeFileSync(trace, TRACE);
    const { policies: results } = await simulate(
      {
        trace,
        requests: undefined,
        policies,
        plans: [
          { name: "ours", plan: compile(defaultConfig().config) },
          { name: "reference", plan: compile(readConfig(REFERENCE_DEFAULT, "reference").config) },
        ],
        workers: 2,
        scrapeInterval,
        tokensPerPiece: 0,
        maxPromptTokens: undefined,
        servers: 8,
        maxNumSeqs: 16,
        prefillBaseMs: 7.5,
        prefillPerTokenMs: 0.075,
        decodePerTokenMs: 3.75,
        blockSize: 16,
        cache: { fraction: 1 / 9 },
        pace: { load },
        seed: 3,
        warmup: 0,
      },
      () => {},
    );
    return new Map(results.map((result) => [result.name, result]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function line({ name, ttft, prefix, balance, neighbours }: PolicyResult): string {
  const hits = `${((prefix.shareOfPossible ?? 0) * 100).toFixed(1)} % of the possible hits`;
  const flight = `in flight ${balance.momentary?.toFixed(2)} of the mean`;
  return `${name}: TTFT ${ttft?.mean.toFixed(0)} / ${ttft?.p99.toFixed(0)} ms, ${hits}, ${flight}, ${neighbours.sameServer?.toFixed(2)} together`;
}

test("near saturation both configurations beat least-request, mean and tail, and use all servers evenly", async (t) => {
  const results = await run(0.9, 50, ["least-request", "config"]);
  for (const result of results.values()) t.diagnostic(line(result));
  const least = results.get("least-request")!;
  for (const name of ["ours", "reference"]) {
    const { ttft, prefix, balance, neighbours } = results.get(name)!;
    assert.ok(ttft!.mean <= 0.8 * least.ttft!.mean, `${name}: TTFT`);
    assert.ok(ttft!.p99 <= least.ttft!.p99, `${name}: TTFT p99`);
    assert.ok(prefix.shareOfPossible! >= 0.96, `${name}: hits`);
    assert.ok(balance.momentary! <= 1.2, `${name}: in flight`);
    assert.ok(neighbours.sameServer! <= 0.2, `${name}: two at once`);
    assert.equal(balance.serversUsed, 8);
  }
});

test("rare scrapes cost next to nothing", async (t) => {
  const often = await run(0.9, 50, ["config"]);
  const rarely = await run(0.9, 500, ["config"]);
  for (const name of ["ours", "reference"]) {
    const ratio = rarely.get(name)!.ttft!.mean / often.get(name)!.ttft!.mean;
    t.diagnostic(`${name}: a scrape every 500 ms instead of 50 makes the mean TTFT ${ratio.toFixed(3)} times as long`);
    assert.ok(ratio <= 1.03, name);
  }
});

test("at half the load, a system prompt that all share starves no server", async (t) => {
  const results = await run(0.5, 50, ["config"]);
  for (const result of results.values()) {
    t.diagnostic(line(result));
    assert.equal(result.balance.serversUsed, 8);
    const [fewest] = [...result.balance.shares].sort((a, b) => a - b);
    assert.ok((fewest ?? 0) > 0.08, `${result.name}: ${fewest} of the requests at the least used server`);
  }
});
