import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { byPod, chats, keepAsking, untilAvoided } from "../harness/requests.ts";
import { startStack } from "../harness/stack.ts";

/** For state to be fresh after the sidecar's return. It takes some 0.1 s where nothing else runs. */
const FRESH_MS = 10_000;

test("without its sidecar Envoy serves on, and has fresh state soon after its return", async (t) => {
  const stack = await startStack({ envoy: { concurrency: 2, plugin: { staleAfter: "1s" } } }, t);
  const load = keepAsking(stack.url, 4);
  await stack.sidecar.kill();
  await sleep(3000); // past staleAfter: now in-flight counts alone decide
  const alone = byPod(await chats(stack.url, 90));
  assert.equal(alone.size, 3, "without samples every endpoint still gets its share");

  await stack.simulators[0]?.set({ waiting: 50, running: 16, kvCacheUsage: 0.99 });
  await stack.sidecar.start();
  const returned = performance.now();
  await untilAvoided(stack.url, "sim-1");
  const took = performance.now() - returned;
  t.diagnostic(`fresh ${took.toFixed(0)} ms after the sidecar was ready`);
  assert.ok(took < FRESH_MS);
  await load.answered(100);
  const { answers, failures } = await load.stop();
  assert.deepEqual(failures, []);
  assert.ok(answers.length > 100, `${answers.length} requests`);
  assert.equal(stack.envoy.child.hasExited(), false, "Envoy was never restarted");
});
