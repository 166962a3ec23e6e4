import assert from "node:assert/strict";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, type TestContext, test } from "node:test";
import { FileDiscovery } from "../../../sidecar/discovery/file-discovery.ts";
import { createScrapedState, type ScrapedStateOptions } from "../../../sidecar/state/scraped-state.ts";
import type { Sample } from "../../../wire/model.ts";
import { vllmExposition } from "../scrape/fixtures.ts";
import { type Behaviour, MetricsServer, until } from "../scrape/metrics-server.ts";

const folder = await mkdtemp(join(tmpdir(), "scraped-state-"));
after(() => rm(folder, { recursive: true }));

/** A server that is stopped when the test ends, however it ends. */
async function serve(context: TestContext, behaviour?: Behaviour, port?: number): Promise<MetricsServer> {
  const server = await MetricsServer.start(behaviour, port);
  context.after(() => server.stop());
  return server;
}

/** Replaces a file in one step. */
async function put(file: string, pools: unknown): Promise<void> {
  await writeFile(`${file}.new`, typeof pools === "string" ? pools : JSON.stringify({ pools }));
  await rename(`${file}.new`, file);
}

async function setUp(context: TestContext, name: string, pools: unknown, options: Partial<ScrapedStateOptions> = {}) {
  const file = join(folder, name);
  await put(file, pools);
  const refused: string[] = [];
  const discovery = new FileDiscovery({
    file,
    poll: 50,
    settle: 5,
    onRefused: ({ problems }) => refused.push(...problems),
  });
  const state = createScrapedState({ discovery, interval: 10, ...options });
  context.after(() => state.stop());
  const sample = (pool: string, index = 0): Sample | undefined =>
    state.source.load(pool, 1n, BigInt(Date.now()) * 1000n)?.samples[index];
  return { file, state, refused, sample };
}

describe("state from a file and scrapes", () => {
  test("follows the endpoints' metrics, and shows a lost endpoint's last sample growing old", async (context) => {
    const server = await serve(context, { kind: "body", body: vllmExposition({ running: 3 }) });
    const { state, sample } = await setUp(context, "metrics.json", [
      { name: "a/b", endpoints: [{ address: server.address }] },
    ]);
    await state.start();
    assert.deepEqual(state.source.pools(), ["a/b"]);
    await until("the first sample", () => sample("a/b")?.running === 3);
    const counter = sample("a/b")?.counter as number;
    server.behaviour = { kind: "body", body: vllmExposition({ running: 4, waiting: 1, kv: 0.5 }) };
    await until("the change is seen", () => sample("a/b")?.running === 4);
    assert.ok((sample("a/b")?.counter as number) > counter);
    await server.stop();
    await until("the sample is old", () => (sample("a/b")?.age as number) > 150);
    const last = sample("a/b");
    assert.deepEqual([last?.running, last?.waiting, last?.kvUsage], [4, 1, 0.5]);
    assert.ok(state.scrapes.totals().connect > 0);
    await serve(context, { kind: "body", body: vllmExposition({ running: 9 }) }, server.port);
    await until("it is scraped again", () => sample("a/b")?.running === 9);
    await state.stop();
    assert.equal(sample("a/b")?.running, 9, "the last state stays readable");
  });

  test("a reload keeps what stays; a bad one keeps all", async (context) => {
    const [one, two] = await Promise.all([serve(context), serve(context)]);
    const first = { address: one.address, name: "one" };
    const { file, state, refused, sample } = await setUp(context, "reload.json", [{ name: "p", endpoints: [first] }]);
    await state.start();
    await until("samples", () => state.scrapes.totals().ok > 3);
    const before = sample("p")?.counter as number;
    const epoch = state.source.roster("p")?.epoch as bigint;
    await put(file, [{ name: "p", endpoints: [{ address: two.address }, { ...first, labels: { x: "y" } }] }]);
    await until("the new list", () => state.source.roster("p")?.endpoints.length === 2);
    const kept = sample("p", 1) as Sample;
    assert.ok(kept.counter >= before && kept.counter < before + 1000 && kept.age !== undefined);
    assert.ok((state.source.roster("p")?.epoch as bigint) > epoch);
    await until("the new endpoint is scraped", () => sample("p", 0)?.age !== undefined);
    assert.equal(one.connections, 1, "the connection that was there went on");

    const roster = state.source.roster("p");
    await put(file, [{ name: "p", endpoints: [{ address: "somewhere:80" }] }]);
    await until("it is refused", () => refused.length > 0);
    assert.match(refused[0] as string, /^pools\[0\]\.endpoints\[0\]\.address: "somewhere:80" is not ip:port/);
    assert.equal(state.source.roster("p"), roster);
    const still = state.scrapes.totals().ok;
    await until("scraping goes on", () => state.scrapes.totals().ok > still + 5);

    await put(file, []);
    await until("the pool is gone", () => state.source.pools().length === 0);
    await until("nobody is scraped any more", () => one.open === 0 && two.open === 0);
    await state.stop();
  });

  test("the first round is over when every endpoint was tried, and waits for none that hangs", async (context) => {
    const [well, failing, hanging] = await Promise.all([
      serve(context),
      serve(context, { kind: "body", body: "", status: 500 }),
      serve(context, { kind: "silent" }),
    ]);
    const endpoints = [{ address: well.address }, { address: failing.address }];
    const { state, sample } = await setUp(context, "round.json", [{ name: "p", endpoints }]);
    await state.start();
    await state.firstRound();
    assert.notEqual(sample("p")?.age, undefined);
    assert.ok(state.scrapes.totals().status > 0);

    endpoints.push({ address: hanging.address });
    const other = await setUp(context, "hanging-round.json", [{ name: "p", endpoints }], { timeout: 1900 });
    await other.state.start();
    await other.state.firstRound();
    assert.equal(other.state.scrapes.totals().timeout, 0, "sooner than the scrape's timeout");
  });

  test("an endpoint that is not ready is not scraped, and is scraped as soon as it is", async (context) => {
    const [ready, other] = await Promise.all([serve(context), serve(context)]);
    const pools = (isReady: boolean) => [
      { name: "p", endpoints: [{ address: ready.address }, { address: other.address, ready: isReady }] },
    ];
    const { file, state, sample } = await setUp(context, "ready.json", pools(false));
    await state.start();
    await state.firstRound();
    assert.equal([...state.scrapes.targets()].length, 1);
    assert.deepEqual([sample("p", 1)?.ready, sample("p", 1)?.age], [false, undefined]);
    const epoch = state.source.roster("p")?.epoch;
    await put(file, pools(true));
    await until("it is scraped", () => sample("p", 1)?.age !== undefined);
    await put(file, pools(false));
    await until("it is left alone", () => other.open === 0);
    const left = sample("p", 1);
    assert.equal(left?.ready, false);
    assert.notEqual(left?.age, undefined, "what was seen last stays known");
    assert.equal(state.source.roster("p")?.epoch, epoch);
  });

  test("an endpoint in two pools is scraped once", async (context) => {
    const server = await serve(context);
    const endpoints = [{ address: server.address }];
    const { state, sample } = await setUp(context, "shared.json", [
      { name: "a", endpoints },
      { name: "b", endpoints: [{ ...endpoints[0], name: "elsewhere", zone: "z" }] },
    ]);
    await state.start();
    await until("both have samples", () => sample("a")?.age !== undefined && sample("b")?.age !== undefined);
    assert.equal([...state.scrapes.targets()].length, 1);
    assert.deepEqual([server.connections, server.mostAtOnce], [1, 1]);
    await state.stop();
  });

  test("stops promptly while an endpoint hangs, and does not start on a bad file", async (context) => {
    const server = await serve(context, { kind: "silent" });
    const patient = { timeout: 50_000, metricsStalenessThreshold: 60_000 };
    const { state } = await setUp(
      context,
      "hang.json",
      [{ name: "a", endpoints: [{ address: server.address }] }],
      patient,
    );
    await state.start();
    await until("it hangs", () => server.requests === 1);
    const begin = performance.now();
    await state.stop();
    assert.ok(performance.now() - begin < patient.timeout / 2, "sooner than the scrape's timeout");
    await until("the connection is closed", () => server.open === 0);

    const { state: bad } = await setUp(context, "bad.json", "pools: [{}]");
    await assert.rejects(bad.start(), /pools\[0\]\.name \(line 1\): must be a string, is missing/);
    assert.throws(
      () => createScrapedState({ discovery: new FileDiscovery({ file: "x" }), metricsStalenessThreshold: 1.5 }),
      /metricsStalenessThreshold is 1.5/,
    );
  });
});
