// The official Python clients of OpenAI's and Anthropic's APIs, unchanged, through Envoy with the filter.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { startStack } from "../harness/stack.ts";
import { runProgram } from "./programs.ts";

/** A configuration whose filter lets no endpoint pass: none has the label. */
const FILTERS_ALL = {
  apiVersion: "llm-d.ai/v1alpha1",
  kind: "EndpointPickerConfig",
  plugins: [{ type: "label-selector-filter", parameters: { matchLabels: { tier: "none" } } }],
  schedulingProfiles: [{ name: "default", plugins: [{ pluginRef: "label-selector-filter" }] }],
};

/** Each client may ask once in 2 s; OpenAI's names itself in one header, Anthropic's in another. */
const LIMITS = {
  apiVersion: "llm-d.ai/v1alpha1",
  kind: "EndpointPickerConfig",
  plugins: [
    { type: "queue-scorer" },
    {
      type: "token-rate-limiter",
      parameters: { limits: [{ name: "slow", key: { header: "authorization" }, requests: 1, per: "2s" }] },
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

for (const hold of ["buffer", "self"] as const) {
  test(`hold ${hold}: the clients' calls and the model servers' errors`, async (t) => {
    const { url } = await startStack({ envoy: { hold } }, t);
    await runProgram(t, "openai_calls.py", url);
    await runProgram(t, "anthropic_calls.py", url);
    await runProgram(t, "openai_errors.py", url, ["model_server", "bad_body"]);
    await runProgram(t, "anthropic_errors.py", url, ["model_server", "bad_body"]);
  });
}

test("429: no endpoint passes the filters", async (t) => {
  const { url } = await startStack({ sidecar: { config: FILTERS_ALL } }, t);
  await runProgram(t, "openai_errors.py", url, ["filtered_out"]);
  await runProgram(t, "anthropic_errors.py", url, ["filtered_out"]);
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
