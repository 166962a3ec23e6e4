import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { encodeJournal } from "../../../wire/encode.ts";
import { xxh64 } from "../../../wire/xxh64.ts";
import { start } from "../cli/run.ts";
import { held } from "../push/records.ts";
import { TestGateway } from "../push/test-gateway.ts";
import { planOf, poolOf, snapshotText, WORKED_EXAMPLE } from "./snapshots.ts";

const REQUEST = '{"model": "m", "prompt": "twelve bytes"}';
const CONFIG = `apiVersion: llm-d.ai/v1alpha1
kind: EndpointPickerConfig
plugins: [{type: kv-cache-utilization-scorer}]
schedulingProfiles: [{name: by-cache, plugins: [{pluginRef: kv-cache-utilization-scorer, weight: 3}]}]
`;

let folder = "";
let request = "";
let state = "";

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "inline-epp-"));
  request = await write("request.json", REQUEST);
  state = await write("state.json", snapshotText({ pools: [WORKED_EXAMPLE] }));
});
after(() => rm(folder, { recursive: true }));

async function write(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

/** A server of that answer; its address. */
async function serving(t: TestContext, status: number, body: string): Promise<string> {
  const server = createServer((_, response) => response.writeHead(status).end(body));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("a decision is explained as text, without colours where nobody looks", async (t) => {
  const run = start(t, ["explain", request, "--state", state]);
  assert.equal(await run.status, 0, run.error);
  assert.equal(run.error, "");
  assert.match(run.out, /^pool default\/base; a prompt of 3 tokens, 0 blocks\n/);
  assert.match(run.out, /^10\.0\.0\.1:8000 .* 1\.0000 {2}2\.0000 {2}0\.7500 {2}0\.7500 {2}2\.7500$/m);
  assert.match(run.out, /^picked 10\.0\.0\.1:8000: 0\.25 ahead of 10\.0\.0\.3:8000$/m);
});

test("or as JSON, the request from stdin, by another configuration", async (t) => {
  const config = await write("other.yaml", CONFIG);
  const run = start(t, ["explain", "-", "--state", state, "--config", config, "--output", "json", "--endpoints", "1"]);
  run.child.stdin!.end(REQUEST);
  assert.equal(await run.status, 0, run.error);
  const { profiles, decision } = JSON.parse(run.out);
  assert.deepEqual([profiles[0].name, profiles[0].candidates], ["by-cache", 4]);
  assert.deepEqual(profiles[0].steps[0], { scorer: "kv-cache-utilization-scorer", weight: 3, scores: [1] });
  assert.equal(decision.destinations.length, 3);
});

test("a configuration whose blocks are not those of the snapshot's journals comes with a note", async (t) => {
  const address = "10.0.0.1:8000";
  const frame = encodeJournal({ owner: 0n, first: 0n, records: [held(xxh64(address), 1)] });
  const plan = planOf([{ plugin: "max-score-picker" }], { blockTokens: 16 });
  const pools = [poolOf([{ address }], { plan })];
  const recorded = snapshotText({ pools, journals: [Buffer.from(frame).toString("base64")] });
  const args = ["explain", request, "--state", await write("recorded.json", recorded)];
  const config = ["--config", await write("other.yaml", CONFIG)];
  const note = "prefixes in the snapshot are of 16-token blocks, this configuration's are 64: matches are not known";
  const text = start(t, [...args, ...config]);
  assert.equal(await text.status, 0, text.error);
  assert.equal(text.out.split("\n")[1], `note: ${note}`);
  const json = start(t, [...args, ...config, "--output", "json"]);
  assert.equal(await json.status, 0, json.error);
  assert.deepEqual(JSON.parse(json.out).notes, [note]);
  const own = start(t, [...args, "--output", "json"]);
  assert.equal(await own.status, 0, own.error);
  assert.deepEqual(JSON.parse(own.out).notes, []);
});

test("without a plan the built-in one decides", async (t) => {
  const bare = await write("bare.json", snapshotText({ pools: [poolOf([{ address: "10.0.0.1:8000" }])] }));
  const run = start(t, ["explain", request, "--state", bare]);
  assert.equal(await run.status, 0, run.error);
  assert.match(run.out, /^profile default: 1 of 1 endpoints/m);
});

test("a pool is chosen by its name", async (t) => {
  const pools = [poolOf([{ address: "10.0.0.1:8000" }]), { name: "ns/other", endpoints: [{ address: "10.9.9.9:80" }] }];
  const several = await write("several.json", snapshotText({ pools }));
  const run = start(t, ["explain", request, "--state", several, "--pool", "ns/other"]);
  assert.equal(await run.status, 0, run.error);
  assert.match(run.out, /^destination: 10\.9\.9\.9:80$/m);
});

test("headers are passed on, the seed decides between equals", async (t) => {
  const endpoints = [1, 2, 3, 4].map((number) => ({ address: `10.0.0.${number}:80`, name: `default/pod-${number}` }));
  const session = { plugin: "session-affinity-scorer", text: "x-session-token" };
  const plan = { profiles: [{ name: "p", steps: [session, { plugin: "max-score-picker" }] }] };
  const bound = await write("bound.json", snapshotText({ pools: [poolOf(endpoints, { plan })] }));
  const token = Buffer.from("default/pod-3").toString("base64");
  const withHeader = start(t, ["explain", request, "--state", bound, "--header", `X-Session-Token: ${token}`]);
  assert.equal(await withHeader.status, 0, withHeader.error);
  assert.match(withHeader.out, /^picked 10\.0\.0\.3:80: 1 ahead of /m);
  const seeds = ["5", "5"].map((seed) => start(t, ["explain", request, "--state", bound, "--seed", seed]));
  for (const run of seeds) assert.equal(await run.status, 0, run.error);
  assert.match(seeds[0]!.out, /by chance among 4 endpoints that tie at 0$/m);
  assert.equal(seeds[0]!.out, seeds[1]!.out);
});

test("a running sidecar is asked for its state", { timeout: 180_000 }, async (t) => {
  const signals = ["num_requests_waiting 7", "num_requests_running 1", "kv_cache_usage_perc 0.25"];
  const server = (await serving(t, 200, signals.map((line) => `vllm:${line}\n`).join(""))).replace("http://", "");
  const pools = [{ name: "ns/p", endpoints: [{ address: server, name: "ns/pod" }] }];
  const run = start(t, [
    ...["serve", "--endpoints", await write("endpoints.json", JSON.stringify({ pools }))],
    ...["--config-file", await write("live.yaml", CONFIG)],
    ...["--grpc-port=0", "--grpc-health-port=0", "--metrics-port=0"],
  ]);
  const gateway = new TestGateway(await run.port("gateways"));
  t.after(() => gateway.close());
  gateway.hello();
  const url = `http://127.0.0.1:${await run.port("metrics and probes")}`;
  // A gateway that says nothing for 3 s counts no more.
  const flights = setInterval(() => gateway.flight({ [`${xxh64(server)}`]: 9 }), 20);
  try {
    for (let seen = ""; !/"waiting":7/.test(seen) || !/"requests":9/.test(seen); ) {
      seen = await (await fetch(`${url}/state`)).text();
    }
    for (const address of [url, `${url}/`, `${url}/state`, `${url}/state/`]) {
      const explained = start(t, ["explain", request, "--sidecar", address, "--output", "json"]);
      assert.equal(await explained.status, 0, explained.error);
      const { pool, profiles } = JSON.parse(explained.out);
      assert.deepEqual([pool, profiles[0].name, profiles[0].endpoints], ["ns/p", "by-cache", [server]]);
      assert.deepEqual([profiles[0].signals.queue, profiles[0].signals.inFlight], [[8], [9]]);
    }
  } finally {
    clearInterval(flights);
  }
});

test("help has examples", async (t) => {
  const run = start(t, ["explain", "--help"]);
  assert.equal(await run.status, 0);
  assert.match(run.out, /Examples:\n {2}What would a running sidecar's gateways do/);
  for (const flag of ["--state", "--sidecar", "--config", "--pool", "--header", "--endpoints", "--seed", "--output"]) {
    assert.ok(run.out.includes(flag), flag);
  }
});

/** Files by name, arguments, exit status and what stderr says first. */
const FAILURES: readonly (readonly [string, Record<string, string>, number, RegExp])[] = [
  ["explain", {}, 2, /^error: missing required argument 'request'/],
  ["explain REQUEST", {}, 2, /^error: there is no state to decide by: give --state FILE or --sidecar URL/],
  ["explain REQUEST --state STATE --sidecar http://a", {}, 2, /'--sidecar <url>' cannot be used with option '--state/],
  ["explain REQUEST --sidecar a:9090", {}, 2, /Expected a URL such as http:\/\/127\.0\.0\.1:9090/],
  ["explain REQUEST --state STATE --header x", {}, 2, /Expected 'name: value', such as 'x-slo-ttft-ms: 200'/],
  ["explain REQUEST --state STATE --endpoints 0", {}, 2, /Expected a whole number from 1 to 4096/],
  ["explain REQUEST --state STATE --output yaml", {}, 2, /Allowed choices are text, json/],
  ["explain none.json --state STATE", {}, 1, /^cannot read .*none\.json: ENOENT/],
  ["explain REQUEST --state none.json", {}, 1, /^cannot read .*none\.json: ENOENT/],
  ["explain r.json --state STATE", { "r.json": "hello" }, 1, /r\.json is not JSON: .*; expected a request's body$/m],
  ["explain r.json --state STATE", { "r.json": "[]" }, 1, /r\.json is no JSON object; expected a request's body such/],
  ["explain REQUEST --state s.json", { "s.json": "{" }, 1, /s\.json is refused:\n {2}is not JSON: /],
  ["explain REQUEST --state s.json", { "s.json": '{"version": 1, "pools": []}' }, 1, /^the snapshot has no pools$/m],
  ["explain REQUEST --state STATE --pool p", {}, 1, /^the snapshot has no pool p; it has default\/base$/m],
  [
    "explain REQUEST --state s.json",
    { "s.json": snapshotText({ pools: ["a", "b"].map((name) => ({ name, endpoints: [] })) }) },
    1,
    /^the snapshot has several pools: choose one with --pool: a, b$/m,
  ],
  ["explain REQUEST --state STATE --config c.yaml", { "c.yaml": "plugins: 1" }, 1, /c\.yaml is refused:\n {2}/],
  ["explain REQUEST --sidecar http://127.0.0.1:1", {}, 1, /^cannot reach http:\/\/127\.0\.0\.1:1\/state: .*; is the/],
];

for (const [args, files, status, message] of FAILURES) {
  test(`status ${status}: ${args}${Object.values(files)[0] ?? ""}`, async (t) => {
    for (const [name, text] of Object.entries(files)) await write(name, text);
    const paths = new Map([
      ["REQUEST", request],
      ["STATE", state],
    ]);
    const words = args
      .split(" ")
      .map((word) => paths.get(word) ?? (/\.(json|yaml)$/.test(word) ? join(folder, word) : word));
    const run = start(t, words);
    assert.equal(await run.status, status, run.error);
    assert.match(run.error, message);
    assert.equal(run.out, "");
  });
}

test("status 1: a sidecar that is none, is starting, or says what cannot be read", async (t) => {
  for (const [code, body, message] of [
    [404, "", /\/state answers 404: is that the --metrics-port of a sidecar\?$/m],
    [
      401,
      "a token is needed\n",
      /\/state answers 401: a token is needed; save what curl -H .*\/state shows, and give it/m,
    ],
    [503, "", /\/state answers 503: the sidecar is starting; ask again$/m],
    [200, "<html>", /\/state is refused:\n {2}is not JSON: /],
  ] as const) {
    const run = start(t, ["explain", request, "--sidecar", await serving(t, code, body)]);
    assert.equal(await run.status, 1, run.error);
    assert.match(run.error, message);
  }
});
