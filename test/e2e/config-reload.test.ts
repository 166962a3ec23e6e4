import assert from "node:assert/strict";
import { test } from "node:test";
import { waitUntil } from "../../scripts/stack/ready.ts";
import { chatBody } from "../harness/requests.ts";
import { startStack } from "../harness/stack.ts";

const EXPLAIN = "x-explain";
const CLIENTS = 6;
/** From a change of the file to the last request that is not decided by it. It takes some 0.1 s where nothing else runs. */
const IN_USE_MS = 10_000;
const PATIENCE_MS = 30_000;
/** Requests that show what is in use: several of each client's. */
const SHOWING = 10 * CLIENTS;

const config = (...scorers: readonly string[]) => ({
  apiVersion: "inference.networking.x-k8s.io/v1alpha1",
  kind: "EndpointPickerConfig",
  plugins: scorers.map((type) => ({ type })),
  schedulingProfiles: [{ name: "default", plugins: scorers.map((pluginRef) => ({ pluginRef, weight: 2 })) }],
});
const BY_QUEUE = ["queue-scorer"];
const BY_PREFIX = ["prefix-cache-scorer", "kv-cache-utilization-scorer"];
const BY_RUNNING = ["running-requests-size-scorer"];

/** A request that was answered: when it was sent, and the scorers that its explanation names. */
interface Answered {
  readonly sentAt: number;
  readonly scorers: string;
}

/** Keeps asking, and asking why, until stopped; tells of every answer, and of every request that got none. */
function keepAskingWhy(url: string): { answered: Answered[]; failures: string[]; stop(): Promise<void> } {
  let going = true;
  const answered: Answered[] = [];
  const failures: string[] = [];
  const ask = async (): Promise<void> => {
    const sentAt = performance.now();
    try {
      const headers = { [EXPLAIN]: "1" };
      const answer = await fetch(`${url}/v1/chat/completions`, { method: "POST", headers, body: chatBody() });
      const text = await answer.text();
      if (answer.status !== 200) failures.push(`${answer.status} ${text}`);
      const [{ steps }] = JSON.parse(answer.headers.get(EXPLAIN)!).profiles;
      const scorers = steps.flatMap(({ scorer }: { scorer?: string }) => scorer ?? []).join();
      answered.push({ sentAt, scorers });
    } catch (error) {
      failures.push(String(error));
    }
  };
  const loops = Array.from({ length: CLIENTS }, async () => {
    while (going) await ask();
  });
  return {
    answered,
    failures,
    async stop() {
      going = false;
      await Promise.all(loops);
    },
  };
}

test("a changed configuration is soon in use, a bad one never, and no request is lost", async (t) => {
  const stack = await startStack(
    {
      sidecar: { config: config(...BY_QUEUE) },
      envoy: { concurrency: 2, plugin: { explainHeader: EXPLAIN } },
    },
    t,
  );
  const load = keepAskingWhy(stack.url);
  t.after(() => load.stop());
  const namedSince = (moment: number) =>
    new Set(load.answered.filter(({ sentAt }) => sentAt > moment).map(({ scorers }) => scorers));
  const reloadIs = (success: 0 | 1) =>
    waitUntil(
      `a reload that ${success === 1 ? "succeeds" : "fails"}`,
      async () => (await stack.sidecar.metrics()).includes(`inline_epp_config_last_reload_success ${success}`),
      PATIENCE_MS,
    );
  /** Waits until requests that were sent after now have shown what is in use. */
  const shown = (): Promise<void> => {
    const now = performance.now();
    const later = () => load.answered.filter(({ sentAt }) => sentAt > now).length;
    return waitUntil("requests", () => later() >= SHOWING, PATIENCE_MS);
  };
  await shown();
  assert.deepEqual([...namedSince(0)], [BY_QUEUE.join()]);

  const change = async (before: readonly string[], after: readonly string[]): Promise<void> => {
    const changed = performance.now();
    stack.sidecar.setConfig(config(...after));
    const inUse = (): boolean => {
      const since = load.answered.filter(({ sentAt }) => sentAt > changed).slice(-SHOWING);
      return since.length === SHOWING && since.every(({ scorers }) => scorers === after.join());
    };
    await waitUntil("the new plan in use", inUse, PATIENCE_MS);
    const used = performance.now();
    await shown();
    const since = load.answered.filter(({ sentAt }) => sentAt > changed);
    const old = since.filter(({ scorers }) => scorers === before.join()).map(({ sentAt }) => sentAt - changed);
    const fresh = since.filter(({ scorers }) => scorers === after.join()).map(({ sentAt }) => sentAt - changed);
    assert.equal(
      old.length + fresh.length,
      since.length,
      `neither the old plan nor the new: ${[...namedSince(changed)]}`,
    );
    t.diagnostic(
      `first request by the new plan ${Math.min(...fresh).toFixed(0)} ms after the change of the file, ` +
        `last by the old one ${Math.max(...old).toFixed(0)} ms; ${since.length} requests since`,
    );
    assert.deepEqual([...namedSince(used)], [after.join()]);
    assert.ok(Math.max(...old) < IN_USE_MS);
  };
  await change(BY_QUEUE, BY_PREFIX);

  const bad = [config("no-such-scorer"), "schedulingProfiles: [", { ...config(...BY_RUNNING), kind: "Recipe" }];
  for (const refused of bad) {
    const changed = performance.now();
    stack.sidecar.setConfig(refused);
    await reloadIs(0);
    await shown();
    assert.deepEqual([...namedSince(changed)], [BY_PREFIX.join()], "the old plan stays");
    stack.sidecar.setConfig(config(...BY_PREFIX));
    await reloadIs(1);
  }
  await change(BY_PREFIX, BY_RUNNING);

  await load.stop();
  assert.deepEqual(load.failures, []);
  t.diagnostic(`${load.answered.length} requests in all, none lost`);
});
