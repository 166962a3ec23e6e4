// A Prometheus reads what the sidecar exposes: as OpenMetrics, for which it asks by itself, with exemplars.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Registry } from "prom-client";
import { freePorts } from "../../scripts/stack/ports.ts";
import { PROMETHEUS } from "../../scripts/testing/system-programs.ts";
import { registerCapacityMetrics } from "../../sidecar/observe/capacity-metrics.ts";
import { registerEndpointMetrics } from "../../sidecar/observe/endpoint-metrics.ts";
import { startHttpServer } from "../../sidecar/observe/http-server.ts";
import { createMetrics } from "../../sidecar/observe/metrics.ts";
import { registerPoolMetrics } from "../../sidecar/observe/pool-metrics.ts";
import { Readiness } from "../../sidecar/observe/readiness.ts";
import { measuring, observation, observed } from "../sidecar/observations/observed.ts";
import { FakePlans, FakeSource } from "../sidecar/push/fake-source.ts";
import { ManualClock } from "../sidecar/support/manual-clock.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const PATIENCE_MS = 30_000;

/** Starts a Prometheus that scrapes these ports every second; returns what its API answers with once there is something. */
async function startPrometheus(t: TestContext, ports: readonly number[]) {
  const folder = await mkdtemp(join(tmpdir(), "inline-epp-prometheus-"));
  const config = {
    global: { scrape_interval: "1s", scrape_timeout: "1s" },
    scrape_configs: [{ job_name: "epp", static_configs: [{ targets: ports.map((port) => `127.0.0.1:${port}`) }] }],
  };
  await writeFile(join(folder, "prometheus.json"), JSON.stringify(config));
  const [port] = (await freePorts(1)) as [number];
  const child = spawn(
    PROMETHEUS.name,
    [
      `--config.file=${join(folder, "prometheus.json")}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--enable-feature=exemplar-storage",
      "--log.level=error",
    ],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  t.after(async () => {
    const gone = once(child, "exit");
    child.kill();
    await gone;
    await rm(folder, { recursive: true });
  });
  // biome-ignore lint/suspicious/noExplicitAny: answers of several shapes
  return async (path: string, isThere: (data: any) => boolean): Promise<any> => {
    const until = Date.now() + PATIENCE_MS;
    let data: unknown;
    while (Date.now() < until) {
      const answer = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`).catch(() => undefined);
      data = answer?.ok ? ((await answer.json()) as { data: unknown }).data : undefined;
      if (data !== undefined && isThere(data)) return data;
      await delay(50);
    }
    assert.fail(`${path}: ${JSON.stringify(data)}`);
  };
}

/** Serves a registry's metrics; returns the port. */
async function serve(t: TestContext, registry: Registry): Promise<number> {
  const listen = { host: "127.0.0.1", port: 0, flag: "--metrics-port" };
  const server = await startHttpServer(listen, { registry, readiness: new Readiness([]), state: () => undefined });
  t.after(() => server.stop());
  return server.port;
}

/** What a sidecar with a pool of three endpoints has beside its requests. */
function sidecarRegistry(): Registry {
  const { registry, families, push } = createMetrics("1.0.0");
  const clock = new ManualClock();
  const source = new FakeSource();
  source.setRoster("ns/a", 3);
  push.acknowledged(0.003);
  registerEndpointMetrics(registry, source, clock);
  registerPoolMetrics(registry, families, source, clock);
  const inFlight = () => ({ requests: 1, tokens: 2 });
  registerCapacityMetrics(registry, families, { source, plans: new FakePlans(), inFlight, clock });
  return registry;
}

test("Prometheus reads every metric, and the traces of requests beside them", async (t) => {
  const { registry, take, clock } = measuring();
  // Prometheus takes no exemplar from another time.
  clock.advance(Date.now() - Number(clock.wall() / 1000n));
  const target = await serve(t, registry);
  take(
    observed([observation({ model: { hash: 1n, name: 'odd "name"\\\n' } }), observation({ status: 503, local: true })]),
    new Map([[0, TRACE]]),
  );
  const get = await startPrometheus(t, [target, await serve(t, sidecarRegistry())]);

  await get("targets", ({ activeTargets }) => {
    for (const { lastError } of activeTargets) assert.equal(lastError, "");
    return activeTargets.length === 2 && activeTargets.every(({ health }: { health: string }) => health === "up");
  });
  const sum = async (query: string) => {
    const { result } = await get(`query?query=${encodeURIComponent(query)}`, (data) => data.result.length > 0);
    return Number(result[0].value[1]);
  };
  assert.equal(await sum("sum(inference_objective_request_total)"), 2);
  assert.equal(await sum('sum(llm_d_epp_request_ttft_seconds_bucket{le="0.6"})'), 1);
  assert.equal(await sum('count(inference_objective_request_total{model_name="odd \\"name\\"\\\\\\n"})'), 1);

  assert.equal(await sum("sum(llm_d_epp_ready_endpoints)"), 3);
  assert.equal(await sum('inline_epp_push_ack_seconds_bucket{le="+Inf"}'), 1);

  const range = `start=${Math.floor(Date.now() / 1000) - 60}&end=${Math.floor(Date.now() / 1000) + 60}`;
  for (const [name, value] of [
    ["llm_d_epp_request_ttft_seconds_bucket", 0.5],
    ["inference_objective_request_duration_seconds_bucket", 3],
  ] as const) {
    const [series] = await get(`query_exemplars?query=${name}&${range}`, (data) => data.length > 0);
    assert.deepEqual(
      series.exemplars.map((one: { labels: object; value: string }) => [one.labels, Number(one.value)]),
      [[{ trace_id: TRACE }, value]],
    );
  }
});
