import assert from "node:assert/strict";
import { test } from "node:test";
import { waitUntil } from "../../scripts/stack/ready.ts";
import { byPod, chat } from "../harness/requests.ts";
import type { Sidecar } from "../harness/sidecar.ts";
import { startStack } from "../harness/stack.ts";

const IN_FLIGHT = "wasmcustom.inline_epp_in_flight";
const PATIENCE_MS = 30_000;

/** Scrapes that have gone well, of all endpoints. */
async function scrapes(sidecar: Sidecar): Promise<number> {
  return Number(/^inline_epp_scrapes_total\{result="ok"\} (\d+)$/m.exec(await sidecar.metrics())![1]);
}

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
      await waitUntil("in flight zero", async () => (await stack.envoy.stat(IN_FLIGHT)) === 0, PATIENCE_MS);
      // The next round starts from fresh samples: each endpoint has been scraped twice more, the second time since then.
      const from = await scrapes(stack.sidecar);
      await waitUntil("fresh samples", async () => (await scrapes(stack.sidecar)) >= from + 6, PATIENCE_MS);
    }
  });
}
