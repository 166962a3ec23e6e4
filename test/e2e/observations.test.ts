import assert from "node:assert/strict";
import { test } from "node:test";
import { waitUntil } from "../../scripts/stack/ready.ts";
import { chat, chats } from "../harness/requests.ts";
import { startStack } from "../harness/stack.ts";

const PATIENCE_MS = 5000;
const DROPPED = "wasmcustom.inline_epp_observations_dropped_total";

/** The sum of a family's series in an exposition that have all these labels. */
function sumOf(exposition: string, name: string, ...labels: readonly string[]): number {
  const lines = exposition.split("\n").filter((line) => line.startsWith(`${name}{`));
  const matching = lines.filter((line) => labels.every((label) => line.includes(label)));
  return matching.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
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
  await stack.waitForState();
  await chats(stack.url, 20);
  await waitUntil("the next ones are told again", async () => (await total()) >= 20, PATIENCE_MS);
  assert.equal((await total()) + (await stack.envoy.stat(DROPPED)), 70);
});
