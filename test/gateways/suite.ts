// What must hold of every gateway that picks with this project, whatever configures it: Envoy by itself, Envoy Gateway,
// Istio, or an ext_proc filter in place of the wasm one.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { waitUntil } from "../../scripts/stack/ready.ts";
import {
  byPod,
  chat,
  chatBody,
  chats,
  keepAsking,
  podOf,
  postLines,
  postPieces,
  untilAllGoTo,
  untilAvoided,
  untilUsed,
} from "../harness/requests.ts";
import type { SidecarOptions } from "../harness/sidecar.ts";
import type { SimulatorSpec } from "../harness/simulators.ts";
import type { Stack } from "../harness/stack.ts";
import { onePool } from "../harness/stack.ts";
import type { Host } from "./hosts.ts";
import { BY_LABEL, BY_QUEUE, NOBODY, ONE_EACH } from "./schedules.ts";

/** What the suite asks of: a gateway, and what stands behind it. A Stack is one. */
export type Subject = Pick<Stack, "url" | "simulators" | "sidecar" | "logs" | "stop">;

/** What a subject must be started with: three simulators, and a sidecar that reads files which the suite changes. */
export type Parts = {
  readonly simulators: readonly SimulatorSpec[];
  readonly sidecar: SidecarOptions;
  /** Of the pool that they are. */
  readonly pool: string;
};

/** In what gateways may differ. */
export type Traits = {
  /** What the gateway's requests are for: `default/base`, as in envoy.yaml, unless told. */
  readonly pool?: string;
  /** What it does without a pick: FailClose unless told. */
  readonly failureMode?: "FailClose" | "FailOpen";
  /** The longest body that it takes, in bytes: longer ones get 413. Not tried where it is left out. */
  readonly bodyLimit?: number;
  /** Whether it picks while the sidecar is away: true unless told. Otherwise only what comes after is judged. */
  readonly outlivesSidecar?: boolean;
  /** For the first request to be answered, in milliseconds: half a minute unless told. */
  readonly patienceMs?: number;
};

const SATURATED = { waiting: 50, running: 16, kvCacheUsage: 0.99 };
/** From when the sidecar has taken up a file until every request goes by it, where no answer shows that. */
const IN_USE_MS = 1000;
/** For state to be fresh after the sidecar's return. It takes some 0.1 s where nothing else runs. */
const FRESH_MS = 10_000;
const PATIENCE_MS = 30_000;
/** Room for a prompt of a megabyte. */
const SIMULATOR: SimulatorSpec = { maxModelLen: 2_000_000, numGpuBlocks: 200_000 };
const DESTINATION = "x-gateway-destination-endpoint";

const spoofs = (victim: string): string[][] => [
  [`${DESTINATION}: ${victim}`],
  [`X-GATEWAY-DESTINATION-ENDPOINT:${victim}`],
  [`${DESTINATION}: ${victim}`, `${DESTINATION}: ${victim}`],
  [`${DESTINATION}: ${victim},127.0.0.1:1`],
  [`connection: ${DESTINATION}`, `${DESTINATION}: ${victim}`],
];

/** The body of a chat completion of exactly so many bytes. */
function bodyOf(bytes: number): string {
  const frame = chatBody({ prompt: "" }).length;
  const body = chatBody({ prompt: "word ".repeat(Math.ceil(bytes / 5)).slice(0, bytes - frame) });
  assert.equal(body.length, bytes);
  return body;
}

/** Declares the tests of one gateway, which is started once for all of them. */
export function gatewaySuite({ title: name, traits }: Host, start: (parts: Parts) => Promise<Subject>): void {
  const { pool = "default/base", failureMode = "FailClose", bodyLimit }: Traits = traits;
  const { outlivesSidecar = true, patienceMs = 30_000 }: Traits = traits;

  describe(name, () => {
    let subject: Subject;
    let configured: object = BY_QUEUE;

    /** How often the sidecar has read a file anew, whatever it made of it. */
    const reloads = async (what: "config" | "endpoints"): Promise<number> => {
      const counts = (await subject.sidecar.metrics()).matchAll(
        new RegExp(`^inline_epp_${what}_reloads_total\\{.*\\} (\\d+)$`, "gm"),
      );
      return sum([...counts].map(([, count]) => Number(count)));
    };
    const configure = async (config: object): Promise<void> => {
      if (config === configured) return;
      const before = await reloads("config");
      subject.sidecar.setConfig(config);
      configured = config;
      await waitUntil("the configuration is read", async () => (await reloads("config")) > before, PATIENCE_MS);
      await sleep(IN_USE_MS);
    };
    const setReady = async (ready: boolean): Promise<void> => {
      const before = await reloads("endpoints");
      const pools = onePool(subject.simulators, pool);
      for (const { endpoints } of pools) for (const endpoint of endpoints) endpoint.ready = ready;
      subject.sidecar.setPools(pools);
      await waitUntil("the endpoints are read", async () => (await reloads("endpoints")) > before, PATIENCE_MS);
      await sleep(IN_USE_MS);
    };
    const waitForService = (): Promise<void> =>
      waitUntil(
        `${name}: an answer`,
        async () => (await chat(subject.url).catch(() => null))?.status === 200,
        patienceMs,
      );

    before(async () => {
      const simulators = [SIMULATOR, SIMULATOR, SIMULATOR];
      subject = await start({ simulators, sidecar: { config: BY_QUEUE }, pool });
      try {
        await waitForService();
      } catch (error) {
        console.error(subject.logs());
        throw error;
      }
    });
    after(() => subject?.stop());
    beforeEach(async () => {
      await Promise.all(subject.simulators.map((simulator) => simulator.reset()));
      await configure(BY_QUEUE);
    });
    afterEach((t) => {
      // Node's own types leave the field out.
      if (!(t as TestContext & { passed: boolean }).passed) console.error(subject.logs());
    });

    it("picks follow load", async () => {
      const [first] = subject.simulators;
      await first!.set(SATURATED);
      await untilAvoided(subject.url, first!.name);
      assert.deepEqual([...byPod(await chats(subject.url, 100)).keys()].sort(), ["sim-2", "sim-3"]);
      await first!.reset();
      await untilUsed(subject.url, first!.name);
      const shares = byPod(await chats(subject.url, 300));
      assert.equal(shares.size, 3);
      for (const [pod, count] of shares) assert.ok(count > 60 && count < 140, `${pod} got ${count} of 300`);
    });

    it("a request without a body goes to any endpoint", async () => {
      const pods = new Set<string | null>();
      for (let i = 0; i < 40; i++) {
        const answer = await fetch(`${subject.url}/v1/models`);
        await answer.arrayBuffer();
        assert.equal(answer.status, 200);
        pods.add(answer.headers.get("x-inference-pod"));
      }
      assert.deepEqual([...pods].sort(), ["sim-1", "sim-2", "sim-3"]);
    });

    it("a client cannot choose its destination", async () => {
      const [saturated] = subject.simulators;
      await saturated!.set(SATURATED);
      await untilAvoided(subject.url, saturated!.name);
      // One victim outside the cluster, one inside it that no pick would choose.
      const outside = new URL(subject.sidecar.metricsUrl).host;
      for (const victim of [outside, saturated!.address]) {
        for (const headers of spoofs(victim)) {
          const answer = await postLines(subject.url, headers);
          assert.match(answer, /^HTTP\/1\.1 200 /, headers.join(" | "));
          assert.match(podOf(answer), /^sim-[23]$/, headers.join(" | "));
        }
      }
    });

    it("nor where there is no pick", async () => {
      const victim = subject.simulators[0]!;
      await setReady(false);
      const spoofed = () => postLines(subject.url, [`${DESTINATION}: ${victim.address}`]);
      const answers = await Promise.all(Array.from({ length: 24 }, spoofed));
      await setReady(true);
      const status = failureMode === "FailOpen" ? 200 : 503;
      for (const answer of answers) assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `));
      if (failureMode === "FailOpen") {
        assert.ok(
          new Set(answers.map(podOf)).size > 1,
          `the fallback policy was overridden: all went to ${victim.name}`,
        );
      }
      assert.equal((await chat(subject.url)).status, 200);
    });

    it("long bodies, whole and chunked", async () => {
      const body = bodyOf(900_000);
      const whole = await postPieces(subject.url, [body], 0, { "content-length": `${body.length}` });
      assert.equal(whole.status, 200, whole.text.slice(0, 300));
      const chunked = await postPieces(subject.url, body.match(/[\s\S]{1,65536}/g)!, 0);
      assert.equal(chunked.status, 200, chunked.text.slice(0, 300));
      // The server has read all of it: a token for every few characters.
      for (const { text } of [whole, chunked]) assert.ok(JSON.parse(text).usage.prompt_tokens > 100_000);
    });

    it("a body in small pieces, one that is empty", async () => {
      const body = chatBody();
      const slow = await postPieces(subject.url, [...body].slice(0, 20).concat(body.slice(20)), 20);
      assert.equal(slow.status, 200);
      const empty = await postPieces(subject.url, [], 0, { "content-length": "0" });
      assert.equal(empty.status, 400);
    });

    it("a body beyond the limit gets 413", { skip: bodyLimit === undefined }, async () => {
      const body = bodyOf(bodyLimit! + 1);
      const answer = await postPieces(subject.url, [body], 0, { "content-length": `${body.length}` });
      assert.equal(answer.status, 413);
      assert.equal((await chat(subject.url)).status, 200);
    });

    it("a request that has to wait is held, and goes on when there is room", async () => {
      const inside = async () => {
        const states = subject.simulators.map(async ({ url }) => (await fetch(`${url}/admin/state`)).json());
        const each = (await Promise.all(states)) as { live: { running: number; waiting: number } }[];
        return each.map(({ live: { running, waiting } }) => running + waiting);
      };
      await configure(ONE_EACH);
      for (const simulator of subject.simulators) await simulator.set({ stuck: true });
      const first: ReturnType<typeof chat>[] = [];
      for (let sent = 1; sent <= 3; sent++) {
        first.push(chat(subject.url));
        await waitUntil(`${sent} at the model servers`, async () => sum(await inside()) === sent, PATIENCE_MS);
      }
      // Other workers must have heard of them.
      await sleep(IN_USE_MS);
      let ended = false;
      const held = chat(subject.url).finally(() => {
        ended = true;
      });
      // A held request has a limit of its own on how long it waits, far above this.
      await sleep(500);
      assert.equal(sum(await inside()), 3, "the fourth waits in the gateway");
      assert.equal(ended, false);
      for (const simulator of subject.simulators) await simulator.reset();
      for (const answer of await Promise.all([...first, held])) assert.equal(answer.status, 200, answer.text);
    });

    it("a request that nobody may take gets 429 with the reason", async () => {
      await configure(NOBODY);
      const answer = await fetch(`${subject.url}/v1/chat/completions`, { method: "POST", body: chatBody() });
      assert.equal(answer.status, 429, await answer.clone().text());
      assert.equal(answer.headers.get("x-llm-d-request-dropped-reason"), "rejected-saturated");
      assert.equal(((await answer.json()) as { error: { type: string } }).error.type, "rate_limit_error");
      await configure(BY_QUEUE);
      assert.equal((await chat(subject.url)).status, 200);
    });

    it("a changed configuration is followed, a bad one never, and no request is lost", async (t) => {
      const load = keepAsking(subject.url, 3);
      t.after(() => load.stop());
      const pods = async () => [...byPod(await chats(subject.url, 30)).keys()].sort();
      await configure(BY_LABEL);
      await untilAllGoTo(subject.url, "sim-2");
      assert.deepEqual(await pods(), ["sim-2"]);
      await configure({ ...BY_QUEUE, kind: "Recipe" });
      assert.deepEqual(await pods(), ["sim-2"]);
      await configure(BY_QUEUE);
      await untilUsed(subject.url, "sim-1");
      assert.deepEqual(await pods(), ["sim-1", "sim-2", "sim-3"]);
      await load.answered(50);
      const { failures } = await load.stop();
      assert.deepEqual(failures, []);
    });

    it("a restarted sidecar soon has its say again", async (t) => {
      const load = outlivesSidecar ? keepAsking(subject.url, 3) : null;
      t.after(() => load?.stop());
      await subject.sidecar.kill();
      await sleep(IN_USE_MS);
      if (outlivesSidecar) assert.equal(byPod(await chats(subject.url, 60)).size, 3);
      await subject.simulators[0]!.set(SATURATED);
      await subject.sidecar.start();
      const returned = performance.now();
      await untilAvoided(subject.url, "sim-1");
      const took = performance.now() - returned;
      t.diagnostic(`fresh ${took.toFixed(0)} ms after the sidecar was ready`);
      assert.ok(took < FRESH_MS);
      if (load === null) return;
      await load.answered(50);
      const { failures } = await load.stop();
      assert.deepEqual(failures, []);
    });
  });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
