// What the manifests for Envoy Gateway promise beyond the suite: a route per pool, other routes left alone, the way to the
// sidecar shut, and changes of the policies while requests come.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { waitUntil } from "../../../scripts/stack/ready.ts";
import { type Echo, type EchoServers, startEchoServers } from "../../harness/echo-servers.ts";
import { byPod, chat, chats, keepAsking, postLines } from "../../harness/requests.ts";
import { onePool } from "../../harness/stack.ts";
import { startSubject } from "../backends.ts";
import { BY_QUEUE } from "../schedules.ts";
import type { Subject } from "../suite.ts";
import { type Manifest, NAMESPACE } from "./manifests.ts";
import { codeOf, type EnvoyGateway, startEnvoyGateway } from "./standalone.ts";

const PICKS = "wasmcustom.inline_epp_picks_total";
const PATIENCE_MS = 60_000;
const DESTINATION = "x-gateway-destination-endpoint";
const WAY = { draft: { headers: { "x-way": "draft" } }, web: { headers: { "x-way": "web" } } };

/** A copy of the route of pool `llama` for requests with `x-way: <name>`. */
function copyRoute(manifests: readonly Manifest[], name: string): Manifest {
  const copy = structuredClone(
    manifests.find(({ kind, metadata }) => kind === "HTTPRoute" && metadata.name === "llama")!,
  );
  copy.metadata.name = name;
  copy.spec.rules[0].matches[0].headers = [{ name: "x-way", value: name }];
  copy.spec.rules[0].backendRefs[0].name = name;
  return copy;
}

describe("Envoy Gateway's policies", () => {
  let subject: Subject;
  let gateway: EnvoyGateway;
  let echo: EchoServers;

  /** Two simulators are pool `llama`, one is `draft`; true: they take requests. */
  const setPools = (ready: { llama: boolean; draft: boolean }): void => {
    const pools = [
      ...onePool(subject.simulators.slice(0, 2), `${NAMESPACE}/llama`),
      ...onePool(subject.simulators.slice(2), `${NAMESPACE}/draft`),
    ];
    for (const endpoint of pools[0]!.endpoints) endpoint.ready = ready.llama;
    for (const endpoint of pools[1]!.endpoints) endpoint.ready = ready.draft;
    subject.sidecar.setPools(pools);
  };
  const picks = async (): Promise<number> => {
    const answer = await fetch(`${gateway.adminUrl}/stats?format=json&filter=^${PICKS}$`);
    return ((await answer.json()) as { stats: { value?: number }[] }).stats[0]?.value ?? 0;
  };
  /** The count is brought up to date by ticks. */
  const settledPicks = async (): Promise<number> => {
    let [before, last] = [-1, -2];
    const stays = async () => {
      await sleep(300);
      [before, last] = [last, await picks()];
      return before === last;
    };
    await until("a count that stays", stays);
    return last;
  };
  const until = (what: string, check: () => Promise<boolean>): Promise<void> => waitUntil(what, check, PATIENCE_MS);
  const editWasm = (edit: (wasm: { failOpen: boolean; config: Record<string, string> }) => void): void =>
    gateway.update((manifests) => edit(manifests.find(({ kind }) => kind === "EnvoyExtensionPolicy")!.spec.wasm[0]));
  const setFailureMode = (mode: string): void =>
    editWasm((wasm) => {
      wasm.config.failureMode = mode;
    });
  const setFailOpen = (failOpen: boolean): void =>
    editWasm((wasm) => {
      wasm.failOpen = failOpen;
    });

  before(async () => {
    echo = await startEchoServers(1);
    const parts = { simulators: [{}, {}, {}], sidecar: { config: BY_QUEUE }, pool: `${NAMESPACE}/llama` };
    subject = await startSubject(parts, async (backends) => {
      const addresses = backends.simulators.map(({ address }) => address);
      gateway = await startEnvoyGateway(backends, {
        services: {
          llama: { addresses: addresses.slice(0, 2) },
          draft: { addresses: addresses.slice(2) },
          web: { addresses: echo.alive },
        },
        edit(manifests) {
          const web = copyRoute(manifests, "web");
          delete web.metadata.labels;
          delete web.spec.rules[0].filters;
          manifests.push(copyRoute(manifests, "draft"), web);
        },
      });
      return gateway;
    });
    setPools({ llama: true, draft: true });
    const answers = async () => (await chat(subject.url, WAY.draft).catch(() => null))?.status === 200;
    await until("the first answer", answers);
  });
  after(async () => {
    await subject?.stop();
    await echo?.stop();
  });
  afterEach((t) => {
    // Node's own types leave the field out.
    if (!(t as TestContext & { passed: boolean }).passed) console.error(subject.logs());
  });

  test("each route's requests go to the pool of its name", async () => {
    assert.deepEqual([...byPod(await chats(subject.url, 40)).keys()].sort(), ["sim-1", "sim-2"]);
    assert.deepEqual([...byPod(await chats(subject.url, 10, WAY.draft)).keys()], ["sim-3"]);
  });

  test("a route without the label is left alone, but for what clients may not say", async () => {
    const before = await settledPicks();
    const answer = await chat(subject.url, { headers: { ...WAY.web.headers, [DESTINATION]: "192.0.2.1:80" } });
    assert.equal(answer.status, 200);
    const seen = JSON.parse(answer.text) as Echo;
    assert.equal(seen.headers[DESTINATION], undefined);
    assert.ok(seen.bytes > 0);
    await chat(subject.url);
    await until("the other's pick", async () => (await picks()) > before);
    assert.equal(await settledPicks(), before + 1);
  });

  test("nobody gets through to the sidecar", async () => {
    assert.match(await postLines(subject.url, [], "inline-epp.invalid"), /^HTTP\/1\.1 403 /);
    // What Envoy says of a 403 to who speaks gRPC: permission denied.
    const toGrpc = await postLines(subject.url, ["content-type: application/grpc"], "inline-epp.invalid");
    assert.match(toGrpc, /^grpc-status: 7\r$/m);
  });

  test("without a pick, FailOpen leaves the choice to the cluster and not to the client", async (t) => {
    const load = keepAsking(subject.url, 2);
    t.after(() => load.stop());
    // One pool without endpoints tells which policy is in force; nothing of the other's is lost meanwhile.
    setPools({ llama: true, draft: false });
    // Each time over a connection of its own: one that is open keeps to the policy under which it began.
    const answered = (status: number) => async () =>
      (await postLines(subject.url, ["x-way: draft"])).startsWith(`HTTP/1.1 ${status} `);
    await until("no endpoint", answered(503));
    setFailureMode("FailOpen");
    await until("the changed policy", answered(200));
    assert.deepEqual((await load.stop()).failures, []);

    setPools({ llama: false, draft: false });
    const lines = [`${DESTINATION}: ${subject.simulators[0]!.address}`];
    const isUnpicked = async () => {
      const count = await settledPicks();
      await postLines(subject.url, lines);
      return (await settledPicks()) === count;
    };
    await until("no endpoint", isUnpicked);
    const pods = new Set<string>();
    for (let i = 0; i < 40; i++) {
      const answer = await postLines(subject.url, lines);
      assert.match(answer, /^HTTP\/1\.1 200 /);
      pods.add(/^x-inference-pod: (\S+)/im.exec(answer)![1]!);
    }
    assert.deepEqual([...pods].sort(), ["sim-1", "sim-2"]);

    setPools({ llama: true, draft: false });
    setFailureMode("FailClose");
    await until("the policy as it was", answered(503));
    setPools({ llama: true, draft: true });
  });

  test("a server that is gone: the retry takes the next of the pick", async () => {
    const [gone] = subject.simulators;
    await gone!.stop();
    for (const { status, pod } of await chats(subject.url, 40)) assert.deepEqual([status, pod], [200, "sim-2"]);
    await gone!.start();
  });

  test("a module that is not what the policy says is not run, until it is put right", async () => {
    const lines = [`${DESTINATION}: ${subject.simulators[0]!.address}`];
    const ask = () => postLines(subject.url, lines);
    const answered = (status: number) => async () => (await ask()).startsWith(`HTTP/1.1 ${status} `);
    let right = "";
    gateway.update((manifests) => {
      right = codeOf(manifests).sha256;
      codeOf(manifests).sha256 = "0".repeat(64);
    });
    await until("the refusal", answered(500));
    // Where the policy lets requests by, they go to any server, but not to one of the client's choice.
    setFailOpen(true);
    await until("the way round", answered(200));
    const pods = new Set<string>();
    for (let i = 0; i < 40; i++) pods.add(/^x-inference-pod: (\S+)/im.exec(await ask())![1]!);
    assert.deepEqual([...pods].sort(), ["sim-1", "sim-2"]);

    setFailOpen(false);
    gateway.update((manifests) => {
      codeOf(manifests).sha256 = right;
    });
    const before = await settledPicks();
    const isPicked = async () => {
      await ask();
      return (await picks()) > before;
    };
    await until("a pick", isPicked);
  });
});
