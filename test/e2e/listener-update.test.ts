import assert from "node:assert/strict";
import { test } from "node:test";
import { waitUntil } from "../../scripts/stack/ready.ts";
import { connectionManager, setPlugin } from "../harness/envoy-config.ts";
import { keepAsking } from "../harness/requests.ts";
import { startStack } from "../harness/stack.ts";

const PATIENCE_MS = 30_000;

test("a changed filter configuration and a changed listener fail no request under load", async (t) => {
  const stack = await startStack({ envoy: { concurrency: 2, dynamicListener: true } }, t);
  const load = keepAsking(stack.url, 8);
  await load.answered(50);
  for (const staleAfter of ["3s", "4s", "5s"]) {
    assert.ok(await stack.envoy.updateListener((listener) => setPlugin(listener, { staleAfter })));
    await load.answered(50);
  }
  assert.ok(
    await stack.envoy.updateListener((listener) => {
      connectionManager(listener).stat_prefix = "changed";
    }),
  );
  await load.answered(50);
  const { answers, failures } = await load.stop();
  assert.deepEqual(failures, []);
  const picks = () => stack.envoy.stat("wasmcustom.inline_epp_picks_total");
  await waitUntil("every request was picked for", async () => (await picks()) >= answers.length, PATIENCE_MS);
});

test("a bad filter configuration is refused by name and the old one serves on", async (t) => {
  const stack = await startStack({ envoy: { dynamicListener: true } }, t);
  const load = keepAsking(stack.url, 4);
  const accepted = await stack.envoy.updateListener((listener) => setPlugin(listener, { staleAfter: "soon" }));
  assert.equal(accepted, false);
  const { failures } = await load.stop();
  assert.deepEqual(failures, []);
  assert.match(stack.envoy.child.tail(60), /configuration refused: staleAfter is "soon", must be a duration/);
});
