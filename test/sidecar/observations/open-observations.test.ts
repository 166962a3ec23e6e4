// What gateways tell reaches everybody who wants it, with what the one makes of it for the other.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openObservations } from "../../../sidecar/observations/open-observations.ts";
import { createMetrics } from "../../../sidecar/observe/metrics.ts";
import { Traffic } from "../../../sidecar/page/traffic.ts";
import type { Parts } from "../../../sidecar/parts.ts";
import type { Tracing } from "../../../sidecar/tracing/open-tracing.ts";
import type { Observed } from "../../../wire/model.ts";
import { written } from "../observe/written.ts";
import { FakePlans, FakeSource } from "../push/fake-source.ts";
import { RecordingLog } from "../push/recorder.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { observation, observed, POOL } from "./observed.ts";

function tracingBy(follow: Tracing["follow"]): Tracing {
  return { sampling: {} as Tracing["sampling"], follow, stop: async () => {} };
}

test("spans that cannot be made cost no counts, and are spoken of once", async () => {
  const source = new FakeSource();
  source.setRoster(POOL, 1);
  const metrics = createMetrics("1.0.0", ["llm-d"]);
  const log = new RecordingLog();
  const parts = { clock: new ManualClock(), metrics, log } as unknown as Parts;
  const broken = tracingBy(() => () => {
    throw new TypeError("no spans today");
  });
  const take = openObservations(source, new FakePlans(), undefined, broken, parts);
  for (let told = 0; told < 3; told++) take(observed([observation()]));
  const text = await written(metrics.registry, "openmetrics");
  assert.match(text, /^llm_d_epp_request_ttft_seconds_count\{.*\} 3$/m);
  const said = log.of("no spans could be made of requests");
  assert.deepEqual(
    said.map(({ error }) => (error as Error).message),
    ["no spans today"],
  );
});

test("the ids of the spans that are made of a batch stand beside its metrics", async () => {
  const source = new FakeSource();
  source.setRoster(POOL, 1);
  const metrics = createMetrics("1.0.0", ["llm-d"]);
  const parts = { clock: new ManualClock(), metrics } as unknown as Parts;
  const seen: Observed[] = [];
  const tracing = tracingBy(() => (batch) => {
    seen.push(batch);
    return new Map([[1, "0af7651916cd43dd8448eb211c80319c"]]);
  });
  const take = openObservations(source, new FakePlans(), undefined, tracing, parts);
  const batch = observed([observation(), observation({ ttft: 700_000 })]);
  take(batch);
  assert.deepEqual(seen, [batch]);
  const text = await written(metrics.registry, "openmetrics");
  const exemplars = text.split("\n").filter((line) => /^llm_d_epp_request_ttft.* # /.test(line));
  assert.equal(exemplars.length, 1);
  assert.match(
    exemplars[0]!,
    /le="0\.8",inference_pool="default\/base",.* 2 # \{trace_id="0af7651916cd43dd8448eb211c80319c"\} 0\.7 /,
  );
});

test("the page hears what waits, under the names of pools", () => {
  const source = new FakeSource();
  source.setRoster(POOL, 1);
  const clock = new ManualClock();
  const traffic = new Traffic(
    () => clock.now(),
    () => 0,
  );
  const parts = { clock, metrics: createMetrics("1.0.0", ["llm-d"]) } as unknown as Parts;
  const take = openObservations(source, new FakePlans(), traffic, undefined, parts);
  take(observed([], { waiting: [{ pool: observation().pool, priority: 5, requests: 2, oldest: 70 }] }));
  assert.deepEqual(
    traffic.pool(POOL).priorities.map(({ priority, waiting, oldest }) => [priority, waiting, oldest]),
    [[5, 2, 70]],
  );
});
