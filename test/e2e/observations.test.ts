import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { waitUntil } from "../../scripts/stack/ready.ts";
import { chat, chatBody, chats, keepAsking } from "../harness/requests.ts";
import { startStack } from "../harness/stack.ts";

const PATIENCE_MS = 30_000;
const DROPPED = "wasmcustom.inline_epp_observations_dropped_total";

/** The sum of a family's series in an exposition that have all these labels. */
function sumOf(exposition: string, name: string, ...labels: readonly string[]): number {
  const lines = exposition.split("\n").filter((line) => line.startsWith(`${name}{`));
  const matching = lines.filter((line) => labels.every((label) => line.includes(label)));
  return matching.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
}

/** A figure two seconds later: many batches of a worker. */
async function settled(figure: () => Promise<number>): Promise<number> {
  await sleep(2000);
  return figure();
}

test("every worker's requests are in the sidecar's metrics, and go on without it", async (t) => {
  const stack = await startStack({ envoy: { concurrency: 2 } }, t);
  const total = async () => sumOf(await stack.sidecar.metrics(), "inference_objective_request_total");
  await chats(stack.url, 300);
  await waitUntil("300 requests in the metrics", async () => (await total()) >= 300, PATIENCE_MS);
  const exposition = await stack.sidecar.metrics();
  assert.equal(sumOf(exposition, "inference_objective_request_total"), 300);
  const pool = 'inference_pool="default/base"';
  assert.equal(sumOf(exposition, "inference_objective_request_total", pool, 'model_name="base"'), 300);
  assert.equal(sumOf(exposition, "inference_objective_request_error_total"), 0);
  assert.equal(sumOf(exposition, "inference_objective_request_duration_seconds_count"), 300);
  assert.equal(sumOf(exposition, "inference_objective_input_tokens_count"), 300);
  assert.equal(sumOf(exposition, "inference_objective_output_tokens_count"), 300);
  assert.equal(await stack.envoy.stat(DROPPED), 0);

  await stack.sidecar.kill();
  for (let asked = 0; asked < 50; asked++) await chat(stack.url);
  await waitUntil("all are dropped", async () => (await stack.envoy.stat(DROPPED)) >= 50, PATIENCE_MS);
  assert.equal(await stack.envoy.stat(DROPPED), 50, "nothing is kept for later, and nothing counts twice");

  await stack.sidecar.start();
  const hasGateway = async () => /^inline_epp_gateways 1$/m.test(await stack.sidecar.metrics());
  await waitUntil("the gateway is back", hasGateway, PATIENCE_MS);
  await chats(stack.url, 20);
  await waitUntil("the next ones are told again", async () => (await total()) >= 20, PATIENCE_MS);
  assert.equal((await total()) + (await stack.envoy.stat(DROPPED)), 70);
});

test("a sidecar killed while requests run, and restarted: none fails, what was lost is counted, the rest is told", async (t) => {
  const stack = await startStack({ envoy: { concurrency: 2 } }, t);
  const total = async () => sumOf(await stack.sidecar.metrics(), "inference_objective_request_total");
  const dropped = () => stack.envoy.stat(DROPPED);
  const load = keepAsking(stack.url, 4);
  await waitUntil("requests in the metrics", async () => (await total()) > 100, PATIENCE_MS);
  await stack.sidecar.kill();
  await waitUntil("requests are dropped", async () => (await dropped()) > 100, PATIENCE_MS);
  await stack.sidecar.start();
  await waitUntil("requests in the metrics again", async () => (await total()) > 100, PATIENCE_MS);
  const { answers, failures } = await load.stop();
  assert.deepEqual(failures, []);
  // What the killed sidecar had counted is gone with it; all else is in one of the two figures.
  await waitUntil("nothing is under way", async () => (await total()) === (await settled(total)), PATIENCE_MS);
  const [told, lost] = [await total(), await dropped()];
  assert.ok(told + lost < answers.length, `${told} told and ${lost} dropped of ${answers.length}`);
  await chats(stack.url, 20);
  await waitUntil("the next ones are told", async () => (await total()) >= told + 20, PATIENCE_MS);
  assert.deepEqual([await total(), await dropped()], [told + 20, lost]);
});

test("requests that run are told while they do, also to a sidecar that has come since", async (t) => {
  // Minutes, if anyone waited for their ends.
  const slow = { prefillBaseMs: 10, decodePerTokenMs: 2000 };
  const stack = await startStack({ simulators: [slow, slow], envoy: { concurrency: 2 } }, t);
  const running = async () => sumOf(await stack.sidecar.metrics(), "inference_objective_running_requests");
  const clients = new AbortController();
  const request = {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: chatBody({ maxTokens: 200 }),
    signal: clients.signal,
  };
  const asked = Array.from({ length: 5 }, () => fetch(`${stack.url}/v1/chat/completions`, request));
  await waitUntil("five run", async () => (await running()) === 5, PATIENCE_MS);
  await stack.sidecar.kill();
  await stack.sidecar.start();
  await waitUntil("five run, as the new sidecar knows", async () => (await running()) === 5, PATIENCE_MS);
  clients.abort();
  for (const { status } of await Promise.allSettled(asked)) assert.equal(status, "rejected");
  await waitUntil("none runs", async () => (await running()) === 0, PATIENCE_MS);
  const exposition = await stack.sidecar.metrics();
  assert.match(
    exposition,
    /^inference_objective_running_requests\{inference_pool="default\/base",model_name="base"\} 0$/m,
  );
});
