// What the extension does to a Gateway that has more than one pool and one route, and to one that has none.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { stringify } from "yaml";
import { waitUntil } from "../../../scripts/stack/ready.ts";
import { type Echo, type EchoServers, startEchoServers } from "../../harness/echo-servers.ts";
import { byPod, chat, chatBody, chats } from "../../harness/requests.ts";
import { type Flags, startSidecarProcess } from "../../harness/sidecar-process.ts";
import { onePool } from "../../harness/stack.ts";
import { startSubject } from "../backends.ts";
import type { Manifest } from "../envoy-gateway/manifests.ts";
import type { Subject } from "../suite.ts";
import { type Extended, extensionFlags, startExtended } from "./gateway.ts";

const PATIENCE_MS = 30_000;
const DESTINATION = "x-gateway-destination-endpoint";
const POOL = { group: "inference.networking.k8s.io", kind: "InferencePool" };

const WITHOUT_PREFIX = {
  type: "URLRewrite",
  urlRewrite: { path: { type: "ReplacePrefixMatch", replacePrefixMatch: "/" } },
};

function route(name: string, path: string, ...backendRefs: object[]): Manifest {
  return {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "HTTPRoute",
    metadata: { name, namespace: "models" },
    spec: {
      parentRefs: [{ name: "inference" }],
      rules: [{ matches: [{ path: { type: "PathPrefix", value: path } }], filters: [WITHOUT_PREFIX], backendRefs }],
    },
  };
}

function pool(name: string): Manifest {
  return {
    apiVersion: "inference.networking.k8s.io/v1",
    kind: "InferencePool",
    metadata: { name, namespace: "models" },
    spec: { selector: { matchLabels: { app: name } }, targetPorts: [{ number: 8000 }] },
  };
}

function backend(name: string, address: string): Manifest {
  const [ip, port] = address.split(":") as [string, string];
  return {
    apiVersion: "gateway.envoyproxy.io/v1alpha1",
    kind: "Backend",
    metadata: { name, namespace: "models" },
    spec: { endpoints: [{ ip: { address: ip, port: Number(port) } }] },
  };
}

describe("Envoy Gateway's extension, route by route", () => {
  let subject: Subject;
  let gateway: Extended;
  let echo: EchoServers;
  let flags: Flags;
  const at = (path: string): string => `${subject.url}${path}`;
  const setPods = (...count: readonly number[]): void => {
    const [all] = onePool(subject.simulators, "models/llama");
    subject.sidecar.setPools(
      count.map((pods, index) => ({
        name: index === 0 ? "models/llama" : "models/qwen",
        endpoints: index === 0 ? all!.endpoints.slice(0, pods) : all!.endpoints.slice(-pods),
      })),
    );
  };

  before(async () => {
    echo = await startEchoServers(1);
    const extension = await extensionFlags();
    flags = extension.flags;
    const { port } = extension;
    const edit = (manifests: Manifest[]): void => {
      manifests.find(({ kind }) => kind === "InferencePool")!.spec.endpointPickerRef.failureMode = "FailOpen";
      manifests.push(
        pool("qwen"),
        backend("web", echo.alive[0]!),
        route("qwen", "/qwen", { ...POOL, name: "qwen" }),
        route("web", "/web", { group: "gateway.envoyproxy.io", kind: "Backend", name: "web" }),
        route("both", "/both", { ...POOL, name: "llama" }, { ...POOL, name: "qwen" }),
        route("nobody", "/nobody", { ...POOL, name: "nobody" }),
      );
    };
    subject = await startSubject(
      { simulators: [{}, {}, {}], sidecar: {}, pool: "models/llama" },
      async (backends) => {
        gateway = await startExtended(backends, port, { edit });
        return gateway;
      },
      flags,
    );
    setPods(2, 1);
    const answers = async () => (await chat(at("/qwen")).catch(() => null))?.pod === "sim-3";
    await waitUntil("the pools", answers, PATIENCE_MS).catch((error) => {
      console.error(subject.logs());
      throw error;
    });
  });
  after(async () => {
    await subject?.stop();
    await echo?.stop();
  });

  it("each pool's route goes to its own endpoints", async () => {
    assert.deepEqual([...byPod(await chats(at("/qwen"), 20)).keys()], ["sim-3"]);
    assert.deepEqual([...byPod(await chats(at(""), 60)).keys()].sort(), ["sim-1", "sim-2"]);
  });

  it("a route to anything else stays as it is", async () => {
    const { status, text } = await chat(at("/web"), { headers: { [DESTINATION]: "192.0.2.1:80" } });
    assert.equal(status, 200);
    assert.equal((JSON.parse(text) as Echo).headers[DESTINATION], "192.0.2.1:80");
  });

  it("a rule with two pools is answered 500 with the reason", async () => {
    const { status, text } = await chat(at("/both"));
    assert.equal(status, 500);
    assert.match(text, /takes one InferencePool, this one has models\/llama, models\/qwen/);
  });

  it("a pool that is not there is answered 500 by Envoy Gateway itself", async () => {
    assert.equal((await chat(at("/nobody"))).status, 500);
  });

  it("the filter stands in the listener once, off, and its configuration is fetched once", async () => {
    const dump = await (await fetch(`${gateway.adminUrl}/config_dump`)).text();
    const { configs } = JSON.parse(dump) as { configs: { "@type": string }[] };
    const textOf = (type: string) => JSON.stringify(configs.filter((each) => each["@type"].endsWith(type)));
    assert.equal(textOf(".ListenersConfigDump").split('"name":"inline-epp"').length - 1, 1);
    assert.match(textOf(".ListenersConfigDump"), /"name":"inline-epp","config_discovery":.*?"disabled":true/);
    assert.equal(textOf(".EcdsConfigDump").split('"root_id":"inline-epp"').length - 1, 1);
    const streams = await (await fetch(`${gateway.adminUrl}/stats?filter=inline_epp_state_stream_open`)).text();
    assert.match(streams, /inline_epp_state_stream_open: 1\n/);
  });

  it("endpoints that come and go are followed without Envoy Gateway", async () => {
    setPods(3, 1);
    const pods = async () => [...byPod(await chats(at(""), 30)).keys()].sort().join();
    await waitUntil("the third", async () => (await pods()) === "sim-1,sim-2,sim-3", PATIENCE_MS);
    setPods(1, 1);
    await waitUntil("the first alone", async () => (await pods()) === "sim-1", PATIENCE_MS);
    setPods(2, 1);
    await waitUntil("both", async () => (await pods()) === "sim-1,sim-2", PATIENCE_MS);
  });

  it("a refused connection goes to the next endpoint", async () => {
    const [first] = subject.simulators;
    await first!.stop();
    for (const { status, pod } of await chats(at(""), 30)) assert.deepEqual([status, pod], [200, "sim-2"]);
    await first!.start();
  });

  it("without a pick the fallback policy chooses, not the client", async () => {
    const [victim, other] = subject.simulators;
    const [all] = onePool(subject.simulators.slice(0, 2), "models/llama");
    const endpoints = all!.endpoints.map((each) => ({ ...each, ready: false }));
    subject.sidecar.setPools([{ name: "models/llama", endpoints }]);
    const spoofed = () => chat(at(""), { headers: { [DESTINATION]: victim!.address } });
    const pods = async () => new Set((await Promise.all(Array.from({ length: 30 }, spoofed))).map(({ pod }) => pod));
    await waitUntil(`${other!.name}, too`, async () => (await pods()).has(other!.name), PATIENCE_MS);
    setPods(2, 1);
  });

  it("a pool that does not fail open answers 503", async () => {
    setPods(2, 0);
    const status = async () => (await chat(at("/qwen"))).status;
    await waitUntil("the refusal", async () => (await status()) === 503, PATIENCE_MS);
    setPods(2, 1);
    await waitUntil("the pool", async () => (await status()) === 200, PATIENCE_MS);
  });

  it("a sidecar that takes another's place brings its own filter, without Envoy Gateway", async () => {
    const folder = mkdtempSync(join(tmpdir(), "inline-epp-next-"));
    await subject.sidecar.stop();
    const endpoints = join(folder, "endpoints.yaml");
    writeFileSync(endpoints, stringify({ pools: onePool(subject.simulators, "models/llama") }));
    const next = await startSidecarProcess({
      folder,
      flags: { ...flags, endpoints, "filter-settings": '{"explainHeader":"x-explain"}' },
    });
    try {
      const explained = async () => {
        const headers = { "content-type": "application/json", "x-explain": "1" };
        const answer = await fetch(at("/v1/chat/completions"), { method: "POST", headers, body: chatBody() });
        await answer.arrayBuffer();
        return answer.status === 200 && answer.headers.has("x-explain");
      };
      await waitUntil("an explanation", explained, PATIENCE_MS);
    } finally {
      await next.stop();
      rmSync(folder, { recursive: true });
      await subject.sidecar.start();
    }
  });

  it("a route that loses its pool gets it back", async () => {
    gateway.update((manifests) => {
      manifests.find(({ metadata }) => metadata.name === "nobody")!.spec.rules[0].backendRefs[0].name = "qwen";
    });
    await waitUntil("the pool", async () => (await chat(at("/nobody"))).pod === "sim-3", PATIENCE_MS);
  });
});
