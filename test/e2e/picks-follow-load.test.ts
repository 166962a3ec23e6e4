import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { byPod, chat, chats } from "../harness/requests.ts";
import { startStack } from "../harness/stack.ts";

const SATURATED = { waiting: 50, running: 16, kvCacheUsage: 0.99 };

for (const hold of ["buffer", "self"] as const) {
  test(`hold ${hold}: a saturated server gets nothing until it recovers, equals share equally`, async (t) => {
    const stack = await startStack({ envoy: { hold, concurrency: 2 } }, t);
    const [first] = stack.simulators;
    assert.ok(first);

    await first.set(SATURATED);
    await sleep(300); // some scrapes
    const avoiding = byPod(await chats(stack.url, 300));
    assert.equal(avoiding.get("sim-1"), undefined);

    await first.reset();
    const recovered = Date.now();
    while ((await chat(stack.url)).pod !== "sim-1") assert.ok(Date.now() - recovered < 1000, "no traffic after 1 s");

    const shares = byPod(await chats(stack.url, 600));
    for (const [pod, count] of shares) {
      const percent = (100 * count) / 600;
      assert.ok(percent > 25 && percent < 41, `${pod} got ${percent.toFixed(1)} %`);
    }
    assert.equal(shares.size, 3);
  });
}

test("a request without a body goes to any ready endpoint", async (t) => {
  const stack = await startStack({}, t);
  const pods = new Set<string | null>();
  for (let i = 0; i < 60; i++) {
    const answer = await fetch(`${stack.url}/v1/models`);
    assert.equal(answer.status, 200);
    await answer.arrayBuffer();
    pods.add(answer.headers.get("x-gateway-destination-endpoint-served"));
  }
  assert.deepEqual(pods, new Set(stack.simulators.map(({ address }) => address)));
});

test("endpoints come and go with the endpoint file, while Envoy runs on", async (t) => {
  const stack = await startStack({}, t);
  const pool = (names: readonly string[]) => {
    const endpoints = stack.simulators
      .filter(({ name }) => names.includes(name))
      .map(({ name, address }) => ({ name: `default/${name}`, address }));
    return [{ name: "default/base", endpoints }];
  };
  const followed = async (names: readonly string[]) => {
    const until = Date.now() + 5000;
    for (;;) {
      const pods = [...byPod(await chats(stack.url, 40)).keys()].sort();
      if (pods.join() === names.join()) return;
      assert.ok(Date.now() < until, `picks still go to ${pods}`);
    }
  };
  stack.sidecar.setPools(pool(["sim-2", "sim-3"]));
  await followed(["sim-2", "sim-3"]);
  stack.sidecar.setPools(pool(["sim-1", "sim-2", "sim-3"]));
  await followed(["sim-1", "sim-2", "sim-3"]);
});
