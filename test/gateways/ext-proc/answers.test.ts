// What only shows through a real Envoy: answers, metadata, and the modes in which no body can be judged.

import assert from "node:assert/strict";
import { test } from "node:test";
import { waitUntil } from "../../../scripts/stack/ready.ts";
import { complete } from "../../harness/completions.ts";
import { connectionManager, type HttpFilter, listenerOf, setPlugin } from "../../harness/envoy-config.ts";
import { byPod, chat, chatBody, chats, untilAvoided } from "../../harness/requests.ts";
import { type Stack, startStack } from "../../harness/stack.ts";
import { MODES, type ModeName, startExtProcStack } from "./envoy.ts";

const PATIENCE_MS = 30_000;
const SUBSET_HEADER = "x-subset";

/** Puts what a header says where the data plane tells the picker among whom to choose. */
const SUBSET_FROM_HEADER: HttpFilter = {
  name: "envoy.filters.http.header_to_metadata",
  typed_config: {
    "@type": "type.googleapis.com/envoy.extensions.filters.http.header_to_metadata.v3.Config",
    request_rules: [
      {
        header: SUBSET_HEADER,
        on_header_present: {
          metadata_namespace: "envoy.lb.subset_hint",
          key: "x-gateway-destination-endpoint-subset",
          type: "STRING",
        },
      },
    ],
  },
};

async function waitForService(stack: Stack): Promise<void> {
  await waitUntil("an answer", async () => (await chat(stack.url)).status === 200, PATIENCE_MS);
}

function sumOf(exposition: string, name: string): number {
  const lines = exposition.split("\n").filter((line) => line.startsWith(`${name}{`));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
}

for (const mode of ["duplex", "buffered", "wholly"] as const satisfies readonly ModeName[]) {
  test(`mode ${mode}: usage of streamed answers is known, and nothing stays in flight`, async (t) => {
    const stack = await startExtProcStack(t, { extProc: { mode: MODES[mode] } });
    await waitForService(stack);
    const before = sumOf(await stack.sidecar.metrics(), "inference_objective_output_tokens_sum");
    for (let i = 0; i < 5; i++) {
      const { promptTokens } = await complete(stack.url, { prompt: "one two three ".repeat(50), outputTokens: 16 });
      assert.ok(promptTokens > 0);
    }
    const seen = async () => sumOf(await stack.sidecar.metrics(), "inference_objective_output_tokens_sum") - before;
    // What the first request has produced may come to be counted after the look before.
    await waitUntil("usage of five answers", async () => (await seen()) >= 80, PATIENCE_MS);
    const gauge = async (name: string) =>
      Number(new RegExp(`^${name} (\\d+)$`, "m").exec(await stack.sidecar.metrics())?.[1]);
    await waitUntil("no stream is left", async () => (await gauge("inline_epp_ext_proc_streams")) === 0, PATIENCE_MS);
    const inFlight = 'inline_epp_ext_proc_filter\\{name="inline_epp_in_flight"\\}';
    await waitUntil("nothing is in flight", async () => (await gauge(inFlight)) === 0, PATIENCE_MS);
  });
}

for (const mode of ["streamed", "headers"] as const satisfies readonly ModeName[]) {
  test(`mode ${mode}: picks go by load, whatever the body`, async (t) => {
    const stack = await startExtProcStack(t, { extProc: { mode: MODES[mode] } });
    await waitForService(stack);
    await stack.simulators[0]!.set({ waiting: 50, running: 16, kvCacheUsage: 0.99 });
    await untilAvoided(stack.url, "sim-1");
    const answers = await chats(stack.url, 40, { prompt: "word ".repeat(20_000) });
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
    assert.deepEqual([...byPod(answers).keys()].sort(), ["sim-2", "sim-3"]);
  });
}

test("a subset that the gateway names is kept to, by ext_proc and by the filter", async (t) => {
  const byExtProc = await startExtProcStack(t, {
    extProc: { mode: MODES.duplex, before: [SUBSET_FROM_HEADER] },
  });
  const byFilter = await startStack(
    {
      envoy: {
        edit(config) {
          const listener = listenerOf(config);
          setPlugin(listener, { subset: "metadata" });
          connectionManager(listener).http_filters.unshift(SUBSET_FROM_HEADER);
        },
      },
    },
    t,
  );
  for (const stack of [byExtProc, byFilter]) {
    await waitForService(stack);
    const [first, second] = stack.simulators.map(({ address }) => address);
    const among = (subset: string) => chats(stack.url, 20, { headers: { [SUBSET_HEADER]: subset } });
    assert.deepEqual([...byPod(await among(first!)).keys()], ["sim-1"]);
    assert.deepEqual([...byPod(await among(`${first},${second}`)).keys()].sort(), ["sim-1", "sim-2"]);
    for (const { status } of await among("10.9.9.9:1")) assert.equal(status, 503);
  }
});

test("a load balancer that reads metadata, not headers, obeys as well", async (t) => {
  const stack = await startExtProcStack(t, {
    extProc: { mode: MODES.duplex },
    envoy: {
      edit(config) {
        const cluster = config.static_resources.clusters.find(({ name }) => name === "model-servers")!;
        const text = JSON.stringify(cluster.load_balancing_policy);
        const metadata = { metadata: { key: "envoy.lb", path: [{ key: "x-gateway-destination-endpoint" }] } };
        const sources = '"override_host_sources":[{"header":"x-gateway-destination-endpoint"}]';
        assert.ok(text.includes(sources));
        const changed = text.replace(sources, `"override_host_sources":${JSON.stringify([metadata])}`);
        cluster.load_balancing_policy = JSON.parse(changed);
      },
    },
  });
  await waitForService(stack);
  await stack.simulators[0]!.set({ waiting: 50, running: 16, kvCacheUsage: 0.99 });
  await untilAvoided(stack.url, "sim-1");
  assert.deepEqual([...byPod(await chats(stack.url, 60)).keys()].sort(), ["sim-2", "sim-3"]);
});

test("a conformance test says where its request goes, where the sidecar lets it", async (t) => {
  const headers = { "test-epp-endpoint-selection": "" };
  for (const flags of [{ conformance: true }, {}] as const) {
    const stack = await startExtProcStack(t, { extProc: { mode: MODES.duplex }, sidecar: { flags } });
    await waitForService(stack);
    headers["test-epp-endpoint-selection"] = stack.simulators[1]!.address;
    const pods = byPod(await chats(stack.url, 30, { headers }));
    assert.equal(pods.size, "conformance" in flags ? 1 : 3);
    const answer = await fetch(`${stack.url}/v1/chat/completions`, { method: "POST", body: chatBody(), headers });
    await answer.arrayBuffer();
    assert.equal(answer.headers.has("x-conformance-test-served-endpoint"), "conformance" in flags);
  }
});
