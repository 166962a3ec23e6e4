import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { start } from "../cli/run.ts";
import { conversations, traceText } from "./traces.ts";

const CONFIG = `apiVersion: inference.networking.x-k8s.io/v1alpha1
kind: EndpointPickerConfig
plugins:
  - type: running-requests-size-scorer
`;

let folder = "";
let trace = "";

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "inline-epp-"));
  trace = await write("trace.jsonl", traceText(conversations(30, 4, 2)));
});
after(() => rm(folder, { recursive: true }));

async function write(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

test("a table has a column per policy, the same on every run", async (t) => {
  const runs = [1, 2].map(() => start(t, ["simulate", trace, "--servers", "4", "--max-num-seqs", "4"]));
  for (const run of runs) assert.equal(await run.status, 0, run.error);
  const [first, second] = runs.map(({ out }) => out);
  assert.equal(first, second);
  const lines = first!.split("\n");
  assert.match(lines[0]!, /^120 requests; on average \d+ prompt and \d+ output tokens$/);
  assert.match(lines[1]!, /^4 servers of 4 sequences and \d+ KV-cache blocks of 16 tokens$/);
  assert.match(lines[2]!, /^load 0\.900: [\d.]+ times the trace's speed, [\d.]+ s$/);
  assert.match(lines[5]!, /^ +random {2}round-robin {2}least-request {2}default$/);
  for (const label of ["TTFT mean (ms)", "TPOT p50 (ms)", "e2e p99 (ms)", "requests/s", "prefix hit rate"]) {
    const line = lines.slice(6).find((one) => one.startsWith(label)) ?? assert.fail(label);
    assert.match(line.slice(label.length), /^( +[\d.]+){4}$/);
  }
  assert.equal(lines.at(-1), "");
});

test("JSON has everything, configurations are named by their files", async (t) => {
  const config = await write("running.yaml", CONFIG);
  const other = await write(
    "other.json",
    JSON.stringify({
      apiVersion: "llm-d.ai/v1alpha1",
      kind: "EndpointPickerConfig",
      plugins: [{ type: "queue-scorer" }],
    }),
  );
  const run = start(t, [
    ...["simulate", trace, "--config", config, "--config", other, "--policy", "config", "--policy", "round-robin"],
    ...["--servers", "4", "--requests", "100", "--warmup", "0.1", "--speed", "2", "--seed", "9", "--output", "json"],
  ]);
  assert.equal(await run.status, 0, run.error);
  const report = JSON.parse(run.out);
  assert.deepEqual([report.trace.file, report.trace.requests, report.trace.warmup], [trace, 100, 10]);
  assert.deepEqual([report.servers.count, report.arrivals.speed, report.seed], [4, 2, 9]);
  assert.deepEqual(
    report.policies.map(({ name }: { name: string }) => name),
    ["round-robin", "running", "other"],
  );
  for (const policy of report.policies) {
    assert.deepEqual([policy.requests, policy.refused, policy.balance.shares.length], [90, 0, 4]);
    assert.ok(policy.ttft.mean > 0 && policy.ttft.mean < policy.e2e.mean, JSON.stringify(policy));
    assert.ok(policy.prefix.hitRate <= policy.prefix.possibleHitRate);
  }
});

test("files of one name are told apart by their paths", async (t) => {
  const config = await write("a.yaml", CONFIG);
  const same = await write(
    "a.json",
    JSON.stringify({ apiVersion: "llm-d.ai/v1alpha1", kind: "EndpointPickerConfig", plugins: [] }),
  );
  const run = start(t, [
    "simulate",
    trace,
    "--requests",
    "9",
    "--config",
    config,
    "--config",
    same,
    "--output",
    "json",
  ]);
  assert.equal(await run.status, 0, run.error);
  const names = JSON.parse(run.out).policies.map(({ name }: { name: string }) => name);
  assert.deepEqual(names.slice(3), [config, same]);
});

test("what was changed is noted aside", async (t) => {
  const run = start(t, [
    "simulate",
    trace,
    "--max-prompt-tokens",
    "600",
    "--cache-fraction",
    "0",
    "--policy",
    "random",
  ]);
  assert.equal(await run.status, 0, run.error);
  assert.match(
    run.error,
    /^note: 120 of 120 prompts are cut to 600 tokens\nnote: --cache-fraction 0\.00 would give .*\n$/,
  );
  assert.match(run.out, /^120 requests; on average 600 prompt/);
});

/** Files by name, arguments, exit status and what stderr says first. */
const FAILURES: readonly (readonly [string, Record<string, string>, number, RegExp])[] = [
  ["simulate", {}, 2, /^error: missing required argument 'trace'/],
  ["simulate none.jsonl", {}, 1, /^cannot read .*none\.jsonl: ENOENT/],
  ["simulate t.jsonl", { "t.jsonl": "{}\n" }, 1, /t\.jsonl is refused:\n {2}line 1: timestamp is missing/],
  ["simulate TRACE --config c.yaml", { "c.yaml": "plugins: 1" }, 1, /c\.yaml is refused:\n {2}/],
  ["simulate TRACE --config gone.yaml", {}, 1, /gone\.yaml is refused:\n {2}ENOENT/],
  ["simulate TRACE --num-gpu-blocks 3", {}, 1, /^--num-gpu-blocks is 3, but the trace's longest request needs/],
  ["simulate TRACE --num-gpu-blocks 3 --cache-fraction 1", {}, 2, /cannot be used with option '--cache-fraction/],
  ["simulate TRACE --load 1 --speed 1", {}, 2, /cannot be used with option '--load/],
  ["simulate TRACE --block-size 24", {}, 2, /'24' is invalid\. Expected a number of tokens that divides 512/],
  ["simulate TRACE --policy best", {}, 2, /'best' is invalid\. Expected random, round-robin, least-request, config/],
  ["simulate TRACE --servers 0", {}, 2, /'0' is invalid\. Expected a whole number from 1 to 1024/],
  ["simulate TRACE --load -1", {}, 2, /'-1' is invalid\. Expected a number from 0\.001 to 1000/],
  ["simulate TRACE --config a --policy random", {}, 2, /^error: --config has no effect without --policy config/],
  ["simulate TRACE --config a --config a", {}, 2, /^error: --config a is given twice/],
];

for (const [args, files, status, message] of FAILURES) {
  test(`status ${status}: ${args}`, async (t) => {
    for (const [name, text] of Object.entries(files)) await write(name, text);
    const words = args
      .split(" ")
      .map((word) =>
        word === "TRACE" ? trace : /\./.test(word) && !/^[\d.]+$/.test(word) ? join(folder, word) : word,
      );
    const run = start(t, words);
    assert.equal(await run.status, status, run.error);
    assert.match(run.error, message);
    assert.equal(run.out, "");
  });
}
