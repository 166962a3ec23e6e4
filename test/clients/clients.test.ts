// The official Python clients of OpenAI's and Anthropic's APIs, unchanged, through Envoy with the filter.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { waitUntil } from "../../scripts/stack/ready.ts";
import { chat, chatBody } from "../harness/requests.ts";
import { startStack } from "../harness/stack.ts";
import { runProgram } from "./programs.ts";

const PATIENCE_MS = 30_000;

/** A configuration whose filter lets no endpoint pass: none has the label. */
const FILTERS_ALL = {
  apiVersion: "llm-d.ai/v1alpha1",
  kind: "EndpointPickerConfig",
  plugins: [{ type: "label-selector-filter", parameters: { matchLabels: { tier: "none" } } }],
  schedulingProfiles: [{ name: "default", plugins: [{ pluginRef: "label-selector-filter" }] }],
};

/** Each client may ask once in 10 s; OpenAI's names itself in one header, Anthropic's in another. */
const LIMITS = {
  apiVersion: "llm-d.ai/v1alpha1",
  kind: "EndpointPickerConfig",
  plugins: [
    { type: "queue-scorer" },
    {
      type: "token-rate-limiter",
      parameters: { limits: [{ name: "slow", key: { header: "authorization" }, requests: 1, per: "10s" }] },
    },
  ],
  schedulingProfiles: [{ name: "default", plugins: [{ pluginRef: "queue-scorer" }] }],
};

/** A model server that answers each path 429 at first and asks for a second's patience. Returns its address. */
async function startBusyServer(t: TestContext): Promise<string> {
  const met = new Set<string>();
  const server = createServer((request, response) => {
    const first = !met.has(request.url!);
    met.add(request.url!);
    const headers = { "content-type": "application/json", ...(first ? { "retry-after": "1" } : {}) };
    request.resume().on("end", () => {
      response.writeHead(first ? 429 : 200, headers).end(JSON.stringify({ id: first ? "first" : "second" }));
    });
  });
  await new Promise<void>((listening) => {
    server.listen(0, "127.0.0.1", listening);
  });
  t.after(() => server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A model server for forms that answers with the model and how many bytes of files it got. Returns its address. */
async function startFormServer(t: TestContext): Promise<string> {
  const server = createServer(async (request, response) => {
    if (request.method !== "POST") return response.writeHead(404).end(); // the sidecar asks for metrics
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    for await (const piece of request) pieces.push(piece);
    const headers = { "content-type": request.headers["content-type"] ?? "" };
    const form = await new Response(new Blob(pieces), { headers }).formData();
    let bytes = 0;
    for (const [, value] of form) bytes += typeof value === "string" ? 0 : value.size;
    const text = `${form.get("model")} ${bytes}`;
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ text, created: 0, data: [{ b64_json: Buffer.from(text).toString("base64") }] }));
  });
  await new Promise<void>((listening) => {
    server.listen(0, "127.0.0.1", listening);
  });
  t.after(() => server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

for (const hold of ["buffer", "self"] as const) {
  test(`hold ${hold}: the clients' calls and the model servers' errors`, async (t) => {
    const { url } = await startStack({ envoy: { hold } }, t);
    await runProgram(t, "openai_calls.py", url);
    await runProgram(t, "anthropic_calls.py", url);
    await runProgram(t, "openai_errors.py", url, ["model_server", "bad_body"]);
    await runProgram(t, "anthropic_errors.py", url, ["model_server", "bad_body"]);
  });
}

for (const hold of ["buffer", "self"] as const) {
  test(`hold ${hold}: the model of forms is rewritten`, async (t) => {
    const address = await startFormServer(t);
    const rule = { matches: [{ model: { value: "asked" } }], targets: [{ modelRewrite: "given", weight: 1 }] };
    const rewrites = [{ name: "all", rules: [rule] }];
    const pools = [{ name: "default/base", endpoints: [{ address, name: "default/forms" }], rewrites }];
    const { url } = await startStack({ envoy: { hold }, modelServers: [address], sidecar: { pools } }, t);
    await runProgram(t, "openai_rewrites.py", url);
  });
}

test("429: no endpoint passes the filters", async (t) => {
  const { url } = await startStack({ sidecar: { config: FILTERS_ALL } }, t);
  await runProgram(t, "openai_errors.py", url, ["filtered_out"]);
  await runProgram(t, "anthropic_errors.py", url, ["filtered_out"]);
});

/** Runs the same cases of both clients. */
async function bothErrors(t: TestContext, url: string, name: string): Promise<void> {
  await runProgram(t, "openai_errors.py", url, [name]);
  await runProgram(t, "anthropic_errors.py", url, [name]);
}

test("429: a saturated pool, and a priority below 0", async (t) => {
  const stack = await startStack({ simulators: [{}], sidecar: { config: null } }, t);
  const [server] = stack.simulators;
  await server!.set({ waiting: 50 });
  const objectives = [{ name: "batch", priority: -1 }];
  stack.sidecar.setPools([{ name: "default/base", endpoints: [{ address: server!.address }], objectives }]);
  const headers = { "x-llm-d-inference-objective": "batch" };
  const isShed = async () => (await chat(stack.url, { headers })).status === 429;
  await waitUntil("the objective and the queue are known", isShed, PATIENCE_MS);
  await bothErrors(t, stack.url, "shed");
});

/** A pool that takes one request at a time, for which one more may wait as long as that. */
const oneAtATime = (ttl: string) => ({
  apiVersion: "llm-d.ai/v1alpha1",
  kind: "EndpointPickerConfig",
  featureGates: ["flowControl"],
  plugins: [{ type: "concurrency-detector", parameters: { maxConcurrency: 1 } }],
  schedulingProfiles: [{ name: "default", plugins: [] }],
  flowControl: {
    saturationDetector: { pluginRef: "concurrency-detector" },
    defaultRequestTTL: ttl,
    defaultPriorityBand: { maxRequests: 1 },
  },
});

/** Asks for answers that nobody waits for, until the test ends. */
function occupy(t: TestContext, url: string, count: number): void {
  const clients = new AbortController();
  t.after(() => clients.abort());
  const headers = { "content-type": "application/json" };
  const request = { method: "POST", headers, body: chatBody({ maxTokens: 100 }), signal: clients.signal };
  for (let i = 0; i < count; i++) void fetch(`${url}/v1/chat/completions`, request).catch(() => undefined);
}

for (const { name, ttl, occupied } of [
  { name: "queue_full", ttl: "60s", occupied: 2 },
  { name: "expired", ttl: "200ms", occupied: 1 },
]) {
  test(`429 with retry-after: ${name.replace("_", " ")}`, async (t) => {
    const simulators = [{ decodePerTokenMs: 5000 }];
    const sidecar = { config: oneAtATime(ttl) };
    const stack = await startStack({ simulators, sidecar, envoy: { concurrency: 1 } }, t);
    occupy(t, stack.url, occupied);
    const held = () => stack.envoy.stat("wasmcustom.inline_epp_held_total");
    const picked = () => stack.envoy.stat("wasmcustom.inline_epp_picks_total");
    const isFull = async () => (await picked()) >= 1 && (await held()) >= occupied - 1;
    await waitUntil("the pool is full", isFull, PATIENCE_MS);
    await bothErrors(t, stack.url, name);
  });
}

test("503: no endpoint takes requests", async (t) => {
  const stack = await startStack({ simulators: [{}] }, t);
  const { address } = stack.simulators[0]!;
  stack.sidecar.setPools([{ name: "default/base", endpoints: [{ address, ready: false }] }]);
  await waitUntil("nobody is ready", async () => (await chat(stack.url)).status === 503, PATIENCE_MS);
  await bothErrors(t, stack.url, "no_endpoint");
});

test("503: no state yet, and FailClose", async (t) => {
  const { url } = await startStack({ withoutSidecar: true }, t);
  await runProgram(t, "openai_errors.py", url, ["unavailable"]);
  await runProgram(t, "anthropic_errors.py", url, ["unavailable"]);
});

test("retry-after: the clients wait as long as the model server says", async (t) => {
  const { url } = await startStack({ modelServers: [await startBusyServer(t)] }, t);
  await runProgram(t, "openai_errors.py", url, ["told_to_wait"]);
  await runProgram(t, "anthropic_errors.py", url, ["told_to_wait"]);
});

test("429: a rate limit is reached, and the clients wait until it is not", async (t) => {
  const { url } = await startStack({ sidecar: { config: LIMITS } }, t);
  await runProgram(t, "openai_errors.py", url, ["rate_limited"]);
  await runProgram(t, "anthropic_errors.py", url, ["rate_limited"]);
});
