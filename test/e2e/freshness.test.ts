import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { chat, untilAvoided } from "../harness/requests.ts";
import { startStack } from "../harness/stack.ts";

const CHANGES = 40;
/** For a change to be used. It takes some 50 ms where nothing else runs. */
const USED_MS = 10_000;

test("a change of a server's metrics is used by the next picks", async (t) => {
  const stack = await startStack({ simulators: [{}, {}] }, t);
  const [first, second] = stack.simulators;
  assert.ok(first && second);
  await first.set({ waiting: 0 });
  await second.set({ waiting: 20 });
  await untilAvoided(stack.url, "sim-2");

  // The first server's queue swings around the second's; every swing turns the picks.
  const delays: number[] = [];
  for (let change = 0; change < CHANGES; change++) {
    const loaded = change % 2 === 0;
    await first.set({ waiting: loaded ? 40 : 0 });
    const changed = performance.now();
    const expected = loaded ? "sim-2" : "sim-1";
    while ((await chat(stack.url)).pod !== expected) {
      assert.ok(performance.now() - changed < USED_MS, "a change was not used");
    }
    delays.push(performance.now() - changed);
    await sleep(30 + 7 * (change % 10)); // so that changes fall anywhere between two scrapes
  }
  delays.sort((a, b) => a - b);
  const at = (q: number) => delays[Math.min(CHANGES - 1, Math.floor(q * CHANGES))]?.toFixed(1);
  t.diagnostic(`scrapes every 50 ms; ms from change to use: p50 ${at(0.5)}, p90 ${at(0.9)}, max ${at(1)}`);
});
