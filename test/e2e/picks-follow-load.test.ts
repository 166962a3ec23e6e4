import assert from "node:assert/strict";
import { test } from "node:test";
import { waitUntil } from "../../scripts/stack/ready.ts";
import { byPod, chats, untilAvoided, untilUsed } from "../harness/requests.ts";
import { startStack } from "../harness/stack.ts";

const PATIENCE_MS = 30_000;
const SATURATED = { waiting: 50, running: 16, kvCacheUsage: 0.99 };

for (const hold of ["buffer", "self"] as const) {
  test(`hold ${hold}: a saturated server gets nothing until it recovers, equals share equally`, async (t) => {
    const stack = await startStack({ envoy: { hold, concurrency: 2 } }, t);
    const [first] = stack.simulators;
    assert.ok(first);

    await first.set(SATURATED);
    await untilAvoided(stack.url, "sim-1");
    const avoiding = byPod(await chats(stack.url, 300));
    assert.equal(avoiding.get("sim-1"), undefined);

    await first.reset();
    await untilUsed(stack.url, "sim-1");

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
  const followed = (names: readonly string[]) => {
    const pods = async () => [...byPod(await chats(stack.url, 40)).keys()].sort().join();
    return waitUntil(`picks go to ${names}`, async () => (await pods()) === names.join(), PATIENCE_MS);
  };
  stack.sidecar.setPools(pool(["sim-2", "sim-3"]));
  await followed(["sim-2", "sim-3"]);
  stack.sidecar.setPools(pool(["sim-1", "sim-2", "sim-3"]));
  await followed(["sim-1", "sim-2", "sim-3"]);
});
