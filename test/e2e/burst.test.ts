import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { waitUntil } from "../../scripts/stack/ready.ts";
import { byPod, chat } from "../harness/requests.ts";
import { startStack } from "../harness/stack.ts";

const IN_FLIGHT = "wasmcustom.inline_epp_in_flight";

for (const concurrency of [1, 2]) {
  test(`a burst inside one scrape interval spreads evenly, with ${concurrency} worker(s)`, async (t) => {
    const slow = { prefillBaseMs: 400, maxNumSeqs: 64 };
    const stack = await startStack(
      {
        simulators: [slow, slow, slow],
        // One scrape a second: the whole burst is invisible to the scrapes.
        sidecar: { flags: { "refresh-metrics-interval": "1s", "metrics-staleness-threshold": "5s" } },
        envoy: { concurrency },
      },
      t,
    );
    for (let round = 0; round < 3; round++) {
      const answers = await Promise.all(Array.from({ length: 60 }, () => chat(stack.url)));
      assert.ok(answers.every(({ status }) => status === 200));
      const counts = byPod(answers);
      t.diagnostic(`round ${round}: ${[...counts].map(([pod, count]) => `${pod} ${count}`).join(", ")}`);
      for (const [pod, count] of counts) assert.ok(Math.abs(count - 20) <= 6, `${pod} got ${count} of 60`);
      await waitUntil("in flight zero", async () => (await stack.envoy.stat(IN_FLIGHT)) === 0, 3000);
      await sleep(1100); // the next round starts from a fresh sample
    }
  });
}
