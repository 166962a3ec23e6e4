import assert from "node:assert/strict";
import { after, describe, type TestContext, test } from "node:test";
import type { TargetChange } from "../../../sidecar/scrape/report.ts";
import type { ScrapeTarget } from "../../../sidecar/scrape/scrape-target.ts";
import { type ScrapeOptions, Scraper } from "../../../sidecar/scrape/scraper.ts";
import { ENGINE_VLLM } from "../../../wire/layout.ts";
import { vllmExposition } from "./fixtures.ts";
import { MetricsServer, until } from "./metrics-server.ts";

const servers = await Promise.all(Array.from({ length: 6 }, () => MetricsServer.start()));
after(() => Promise.all(servers.map((server) => server.stop())));
const [good, slow, hanging, huge, failing, garbage] = servers as [
  MetricsServer,
  MetricsServer,
  MetricsServer,
  MetricsServer,
  MetricsServer,
  MetricsServer,
];

function targetOf(server: MetricsServer): ScrapeTarget {
  return { key: server.address, address: server.address, metricsUrl: server.url, engine: ENGINE_VLLM };
}

function counting(context: TestContext, options: ScrapeOptions = {}) {
  const samples = new Map<string, number>();
  const changes: TargetChange[] = [];
  const scraper = new Scraper((key) => samples.set(key, (samples.get(key) ?? 0) + 1), {
    interval: 10,
    onTargetChange: (change) => changes.push(change),
    ...options,
  });
  context.after(() => scraper.stop());
  return { scraper, changes, samplesOf: (server: MetricsServer) => samples.get(server.address) ?? 0 };
}

describe("a scraper", () => {
  test("is not held up by endpoints that are slow, silent, huge, failing or full of garbage", async (context) => {
    slow.behaviour = { kind: "body", body: vllmExposition(), after: 40 };
    hanging.behaviour = { kind: "silent" };
    huge.behaviour = { kind: "endless" };
    failing.behaviour = { kind: "body", body: "no", status: 503 };
    garbage.behaviour = { kind: "body", body: "<html>\0\xff" };
    const { scraper, samplesOf } = counting(context, { timeout: 750, maxBytes: 200_000, concurrency: 10 });
    scraper.watch(servers.map(targetOf));
    await until("all have ended a few times", () =>
      [...scraper.targets()].every(({ outcomes }) => Object.values(outcomes).reduce((a, b) => a + b) >= 3),
    );
    await until("the good one went on", () => samplesOf(good) > 20 && samplesOf(slow) >= 5);
    const reports = new Map([...scraper.targets()].map((report) => [report.target.address, report]));
    const outcomesOf = (server: MetricsServer): string[] =>
      Object.entries(reports.get(server.address)?.outcomes ?? {})
        .filter(([, count]) => count > 0)
        .map(([outcome]) => outcome);
    assert.deepEqual(outcomesOf(good), ["ok"]);
    assert.deepEqual(outcomesOf(slow), ["ok"]);
    assert.deepEqual(outcomesOf(hanging), ["timeout"]);
    assert.deepEqual(outcomesOf(huge), ["too_large"]);
    assert.deepEqual(outcomesOf(failing), ["status"]);
    assert.deepEqual(outcomesOf(garbage), ["unusable"]);
    assert.equal(reports.get(failing.address)?.lastError, "answered 503");
    assert.ok((reports.get(slow.address)?.lastDuration ?? 0) >= 35);
    const stopping = performance.now();
    await scraper.stop();
    assert.ok(performance.now() - stopping < 10_000, "prompt, though some endpoints hang");
    await until("every connection is closed", () => servers.every((server) => server.open === 0));
    for (const server of servers) assert.equal(server.mostAtOnce, 1, "never two scrapes of one endpoint at a time");
    const total = scraper.totals();
    assert.equal(total.ok, samplesOf(good) + samplesOf(slow));
    assert.deepEqual([...scraper.targets()], []);
    good.requests = 0;
    await new Promise((resolve) => setTimeout(resolve, 40));
    assert.equal(good.requests, 0, "nothing is scraped after the end");
  });

  test("keeps the counts and the connection of a target that stays", async (context) => {
    const { scraper, samplesOf } = counting(context);
    slow.behaviour = { kind: "body", body: vllmExposition() };
    good.connections = 0;
    scraper.watch([targetOf(good)]);
    await until("a few samples", () => samplesOf(good) > 5);
    const [report] = scraper.targets();
    scraper.watch([targetOf(slow), targetOf(good), targetOf(good)]);
    await until("the other one too", () => samplesOf(slow) > 2);
    assert.equal([...scraper.targets()].length, 2);
    assert.ok([...scraper.targets()].includes(report as never));
    assert.equal(good.connections, 1);
    scraper.watch([targetOf(slow)]);
    await until("the connection of the one that went is closed", () => good.open === 0);
    const { ok } = scraper.totals();
    assert.ok(ok >= samplesOf(good), "what was counted stays counted");
    await scraper.stop();
  });

  test("tells when a target begins to fail and when it is back, not every time", async (context) => {
    const { scraper, changes } = counting(context);
    good.behaviour = { kind: "body", body: vllmExposition() };
    scraper.watch([targetOf(good)]);
    const heard = (outcome: string): boolean => changes.at(-1)?.outcome === outcome;
    await until("it works", () => heard("ok"));
    good.behaviour = { kind: "body", body: "", status: 404 };
    await until("it fails", () => heard("status") && ([...scraper.targets()][0]?.failures ?? 0) >= 3);
    good.behaviour = { kind: "body", body: vllmExposition() };
    await until("it works again", () => heard("ok"));
    await scraper.stop();
    assert.deepEqual(
      changes.map(({ outcome, reason }) => [outcome, reason]),
      [
        ["ok", undefined],
        ["status", "answered 404"],
        ["ok", undefined],
      ],
    );
  });

  test("refuses options that make no sense, by name", () => {
    const make = (options: ScrapeOptions) => () => new Scraper(() => undefined, options);
    assert.throws(make({ interval: 0 }), /interval is 0, must be at least 1 and below 2000/);
    assert.throws(make({ interval: 2000 }), /interval is 2000/);
    assert.throws(make({ timeout: 2000 }), /timeout is 2000, must be at least 1 and below 2000/);
    assert.throws(make({ timeout: 600, metricsStalenessThreshold: 500 }), /timeout is 600/);
    assert.throws(make({ metricsStalenessThreshold: 0.5 }), /metricsStalenessThreshold is 0.5/);
    assert.throws(make({ metricsStalenessThreshold: Number.NaN }), /metricsStalenessThreshold is NaN/);
    assert.throws(make({ concurrency: 1 }), /concurrency is 1/);
    assert.throws(make({ maxBytes: 0 }), /maxBytes is 0/);
    assert.doesNotThrow(make({ metricsStalenessThreshold: 200 }));
  });
});
