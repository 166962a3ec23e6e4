import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { byPod, chat, chats, keepAsking } from "../harness/requests.ts";
import { startStack } from "../harness/stack.ts";

test("without its sidecar Envoy serves on, and has fresh state within 2 s of its return", async (t) => {
  const stack = await startStack({ envoy: { concurrency: 2, plugin: { staleAfter: "1s" } } }, t);
  const load = keepAsking(stack.url, 4);
  await stack.sidecar.kill();
  await sleep(3000); // past staleAfter: now in-flight counts alone decide
  const alone = byPod(await chats(stack.url, 90));
  assert.equal(alone.size, 3, "without samples every endpoint still gets its share");

  await stack.simulators[0]?.set({ waiting: 50, running: 16, kvCacheUsage: 0.99 });
  await stack.sidecar.start();
  const returned = Date.now();
  // Fresh: ten picks in a row avoid the saturated server.
  for (let avoided = 0; avoided < 10; ) {
    avoided = (await chat(stack.url)).pod === "sim-1" ? 0 : avoided + 1;
    assert.ok(Date.now() - returned < 2000, "state is not fresh after 2 s");
  }
  t.diagnostic(`fresh ${Date.now() - returned} ms after the sidecar was ready`);
  const { answers, failures } = await load.stop();
  assert.deepEqual(failures, []);
  assert.ok(answers.length > 100, `${answers.length} requests`);
  assert.equal(stack.envoy.child.hasExited(), false, "Envoy was never restarted");
});
