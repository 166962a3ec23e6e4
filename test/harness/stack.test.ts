import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { probe, waitUntil } from "../../scripts/stack/ready.ts";
import { connectionManager } from "./envoy-config.ts";
import { startStack } from "./stack.ts";

const PATIENCE_MS = 30_000;
const COMPLETION = '{"model":"base","prompt":"hello","max_tokens":2}';

async function complete(url: string): Promise<Response> {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${url}/v1/completions`, { method: "POST", headers, body: COMPLETION });
  await answer.text();
  return answer;
}

for (const hold of ["buffer", "self"] as const) {
  test(`a stack serves requests and leaves nothing behind (hold: ${hold})`, async () => {
    const stack = await startStack({ simulators: [{}, { separate: true }], envoy: { hold, concurrency: 2 } });
    try {
      const answer = await complete(stack.url);
      assert.equal(answer.status, 200);
      const addresses = stack.simulators.map(({ address }) => address);
      assert.ok(addresses.includes(answer.headers.get("x-gateway-destination-endpoint-served") ?? ""));
      const logged = () => stack.envoy.accessLog().length > 0;
      await waitUntil("a line of the access log", logged, PATIENCE_MS);
      assert.match(stack.envoy.accessLog().at(-1) ?? "", /^\S+ POST \/v1\/completions 200 /);
      assert.equal(await stack.envoy.stat("http.inference.downstream_rq_2xx"), 1);
      const counted = async () => /inline_epp_picks_total\S* 1\b/.test(await stack.envoy.prometheus());
      await waitUntil("the pick in the metrics", counted, PATIENCE_MS);
    } finally {
      await stack.stop();
    }
    assert.ok(stack.envoy.child.hasExited() && stack.sidecar.child.hasExited());
    for (const { url } of stack.simulators) assert.equal(await probe(`${url}/health`), null);
    assert.ok(!existsSync(stack.folder));
  });
}

test("parts of a stack can be killed and started again", async (t) => {
  const stack = await startStack({ simulators: [{}, { separate: true }] }, t);
  await stack.sidecar.kill();
  await stack.sidecar.start();
  const [here, separate] = stack.simulators;
  separate!.child!.kill("SIGKILL");
  await separate!.child!.exited;
  for (let i = 0; i < 4; i++) {
    assert.equal((await complete(stack.url)).headers.get("x-gateway-destination-endpoint-served"), here!.address);
  }
  await separate!.start();
  await here!.stop();
  assert.equal((await complete(stack.url)).headers.get("x-gateway-destination-endpoint-served"), separate!.address);
  await here!.start();
  await here!.set({ waiting: 7 });
  await here!.reset();
});

test("a stack's listener can be changed while it runs", async (t) => {
  const stack = await startStack({ envoy: { dynamicListener: true } }, t);
  const accepted = await stack.envoy.updateListener((listener) => {
    connectionManager(listener).server_name = "changed";
  });
  assert.equal(accepted, true);
  const changed = async (): Promise<boolean> => (await complete(stack.url)).headers.get("server") === "changed";
  await waitUntil("the new listener takes requests", changed, PATIENCE_MS);
  const refused = await stack.envoy.updateListener((listener) => {
    connectionManager(listener).server_name = 5;
  });
  assert.equal(refused, false);
  assert.equal(await changed(), true);
});

test("a stack can have a second gateway, or no sidecar", async (t) => {
  const stack = await startStack({}, t);
  const second = await stack.addEnvoy({ nodeId: "gateway-2" });
  assert.equal((await complete(second.url)).status, 200);
  const alone = await startStack({ withoutSidecar: true }, t);
  assert.equal((await complete(alone.url)).status, 503);
});
