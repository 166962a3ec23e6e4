// What the manifests do to a Gateway beside picking: as little as possible on other routes, and what is seen when the
// module cannot be fetched.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { waitUntil } from "../../../scripts/stack/ready.ts";
import { findKustomize } from "../../../scripts/tools/deploy-tools.ts";
import { type Echo, type EchoServers, startEchoServers } from "../../harness/echo-servers.ts";
import type { KubeObject } from "../../harness/helm.ts";
import { chatBody } from "../../harness/requests.ts";
import { type Stack, startStack } from "../../harness/stack.ts";
import { istioGateway } from "./gateway.ts";
import { buildExample, type Wishes } from "./manifests.ts";

const PATIENCE_MS = 30_000;
const DESTINATION = "x-gateway-destination-endpoint";
const NAMES = { namespace: "default", pool: "base", sidecar: "picker.default.svc.cluster.local" };
/** Another team's route on the same Gateway, and one to our pool whose rule has no name: an endpoint picker's. */
const OTHERS: KubeObject = {
  apiVersion: "gateway.networking.k8s.io/v1",
  kind: "HTTPRoute",
  metadata: { name: "others", namespace: "default", labels: {} },
  spec: {
    rules: [
      {
        matches: [{ path: { type: "PathPrefix", value: "/web" } }],
        backendRefs: [{ kind: "Service", name: "web", port: 80 }],
      },
      {
        matches: [{ path: { type: "PathPrefix", value: "/picker" } }],
        backendRefs: [{ group: "inference.networking.k8s.io", kind: "InferencePool", name: "base" }],
      },
    ],
  },
};

const folder = mkdtempSync(join(tmpdir(), "inline-epp-istio-"));
before(() => findKustomize());
after(() => rmSync(folder, { recursive: true }));

/** A stack of echo servers: two in the pool and one behind the other route. */
async function serving(servers: EchoServers, wishes: Wishes, fetchFails = false): Promise<Stack> {
  const names = { ...NAMES, ...wishes.names };
  const objects = await buildExample("pool", { ...wishes, names });
  const [web, ...pods] = servers.alive;
  const gateway = istioGateway({
    objects,
    folder,
    fetchFails,
    otherRoutes: [OTHERS],
    otherServices: { web: [web!] },
  });
  return startStack({ modelServers: pods, envoy: gateway, withoutSidecar: fetchFails });
}

describe("on a Gateway of Istio", () => {
  let servers: EchoServers;
  let stack: Stack;
  let web: string;
  let pods: string[];

  before(async () => {
    servers = await startEchoServers(3);
    [web, ...pods] = servers.alive as [string, ...string[]];
    stack = await serving(servers, {});
    await waitUntil("an answer", async () => (await post("/v1/chat/completions")).status === 200, PATIENCE_MS);
  });
  after(async () => {
    await stack?.stop();
    await servers?.stop();
  });

  function post(path: string, body = chatBody(), headers: Record<string, string> = {}): Promise<Response> {
    return fetch(stack.url + path, { method: "POST", body, headers });
  }
  const stat = (name: RegExp): Promise<number> =>
    stack.envoy.stats(name).then((found) => [...found.values()].reduce((sum, value) => sum + value, 0));
  const picks = async (): Promise<number> => {
    // Counts come with a worker's next tick: many of them have added nothing.
    for (let last = Number.NaN; ; ) {
      const now = await stack.envoy.stat("wasmcustom.inline_epp_picks_total");
      if (now === last) return now;
      last = now;
      await sleep(300);
    }
  };

  test("our routes are picked for, and ext_proc is not asked", async () => {
    const before = await picks();
    for (let i = 0; i < 10; i++) {
      const answer = await post("/v1/chat/completions", chatBody(), { [DESTINATION]: web });
      const echo = (await answer.json()) as Echo;
      assert.equal(answer.headers.get(`${DESTINATION}-served`), echo.address);
      assert.ok(pods.includes(echo.address));
      assert.equal(echo.headers[DESTINATION]?.split(",")[0], echo.address);
    }
    assert.equal((await picks()) - before, 10);
    assert.equal(await stat(/ext_proc\.streams_(started|failed)$/), 0);
  });

  test("other routes are as they were: headers, bodies of any kind and length, and no picks", async () => {
    const before = await picks();
    const body = "not JSON ".repeat(1_200_000);
    const answer = await post("/web", body, { [DESTINATION]: pods[0]!, "x-prefiller-host-port": "10.9.9.9:1" });
    assert.equal(answer.status, 200);
    const echo = (await answer.json()) as Echo;
    assert.deepEqual([echo.address, echo.bytes], [web, body.length]);
    assert.equal(echo.headers[DESTINATION], pods[0]);
    assert.equal(echo.headers["x-prefiller-host-port"], "10.9.9.9:1");
    assert.equal(await picks(), before);
  });

  test("a route to the pool by another name stays with its endpoint picker", async () => {
    const before = await picks();
    const asked = await stat(/ext_proc\.streams_started$/);
    // The picker is the sidecar, too, over the connection on which the filter has its state.
    for (let i = 0; i < 10; i++) {
      const answer = await post("/picker/v1/chat/completions");
      const echo = (await answer.json()) as Echo;
      assert.equal(answer.status, 200);
      assert.equal(echo.headers[DESTINATION]?.split(",")[0], echo.address);
    }
    assert.equal((await stat(/ext_proc\.streams_started$/)) - asked, 10);
    assert.equal(await stat(/ext_proc\.streams_failed$/), 0);
    assert.equal(await picks(), before);
  });

  test("what a body is to its route: our routes refuse what no model server serves, others do not", async () => {
    const json = { "content-type": "application/json" };
    assert.equal((await post("/v1/chat/completions", "{", json)).status, 400);
    assert.equal((await post("/web/v1/chat/completions", "{", json)).status, 200);
  });
});

describe("when Istio's agent cannot fetch the module", () => {
  let servers: EchoServers;
  before(async () => {
    servers = await startEchoServers(3);
  });
  after(() => servers?.stop());

  test("FAIL_OPEN passes by the picker, which the metrics show; a client cannot take its place", async () => {
    const stack = await serving(servers, {}, true);
    try {
      const [web, ...pods] = servers.alive as [string, ...string[]];
      const seen = new Set<string>();
      for (let i = 0; i < 20; i++) {
        const answer = await fetch(`${stack.url}/v1/chat/completions`, {
          method: "POST",
          body: chatBody(),
          headers: { [DESTINATION]: pods[0]! },
        });
        const echo = (await answer.json()) as Echo;
        assert.equal(echo.headers[DESTINATION], undefined);
        seen.add(echo.address);
      }
      assert.deepEqual([...seen].sort(), [...pods].sort(), "Istio's own balancing");
      assert.equal((await fetch(`${stack.url}/web`, { method: "POST" })).status, 200);
      assert.ok(web);
      const names = [...(await stack.envoy.stats(/./)).keys()];
      assert.deepEqual(
        names.filter((name) => name.includes("inline_epp")),
        [],
        "no metric of the filter at all",
      );
      assert.ok(names.some((name) => name.includes("wasm-default-allow")));
    } finally {
      await stack.stop();
    }
  });

  test("FAIL_RELOAD closes the whole Gateway", async () => {
    const stack = await serving(servers, { names: { failStrategy: "FAIL_RELOAD" } }, true);
    try {
      for (const path of ["/v1/chat/completions", "/web"]) {
        assert.equal((await fetch(stack.url + path, { method: "POST", body: chatBody() })).status, 403);
      }
    } finally {
      await stack.stop();
    }
  });
});
