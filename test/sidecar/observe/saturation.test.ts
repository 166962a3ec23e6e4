// Worked examples of both detectors, and what of them is exposed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Registry } from "prom-client";
import { registerCapacityMetrics } from "../../../sidecar/observe/capacity-metrics.ts";
import { METRIC_FAMILIES } from "../../../sidecar/observe/metric-family.ts";
import { saturation } from "../../../sidecar/observe/saturation.ts";
import { DETECTOR_CONCURRENCY, DETECTOR_UTILIZATION } from "../../../wire/layout.ts";
import type { PlanAdmission, Sample } from "../../../wire/model.ts";
import { nameKey } from "../../../wire/name-key.ts";
import { PLAIN_ADMISSION } from "../../../wire/plan-settings.ts";
import { FakePlans, FakeSource, sample } from "../push/fake-source.ts";
import { ManualClock } from "../support/manual-clock.ts";

const PLAIN = { kvUsage: 0, waiting: 0, running: 0 };

/** Saturation of endpoints with these samples, the first of which has 30 requests and 500 tokens, the second 90 and 100. */
function of(admission: Partial<PlanAdmission>, ...samples: Sample[]): number {
  const source = new FakeSource();
  source.setRoster("ns/a", samples.length);
  const load = { ...source.load("ns/a", 0n, 0n)!, samples };
  const { endpoints } = source.roster("ns/a")!;
  return saturation({ ...PLAIN_ADMISSION, ...admission }, load, endpoints, (endpoint) => {
    return endpoint === endpoints[0] ? { requests: 30, tokens: 500 } : { requests: 90, tokens: 100 };
  });
}

test("utilization is the mean of the larger of queue and cache by their thresholds", () => {
  const detector = { detector: DETECTOR_UTILIZATION, detectorParameters: [5, 0.8, 200, 0] };
  const busy = sample({ ...PLAIN, waiting: 10, kvUsage: 0.4 }); // 2 and 0.5
  const full = sample({ ...PLAIN, waiting: 1, kvUsage: 0.8 }); // 0.2 and 1
  assert.equal(of(detector, busy, full), 1.5);
  assert.equal(of(detector, busy, sample({ ...PLAIN, age: 2000 })), 1, "gateways are not told of ages below freshFor");
  assert.equal(of(detector, busy, sample({ ...PLAIN, age: 2001 })), 1.5, "stale is full");
  assert.equal(of(detector, busy, sample({ ...PLAIN, age: undefined })), 1.5);
  assert.equal(of(detector, busy, sample({ ...PLAIN, ready: false, waiting: 100 })), 2);
  assert.equal(of(detector, sample({ ready: false })), 1, "nobody takes requests");
});

test("concurrency is the mean of what is in flight by its maximum", () => {
  const by = (mode: number) => ({ detector: DETECTOR_CONCURRENCY, detectorParameters: [100, 1000, 0, mode] });
  const two = [sample(), sample()];
  assert.equal(of(by(0), ...two), 0.6); // (30 + 90) / (2 x 100)
  assert.equal(of(by(1), ...two), 0.3); // (500 + 100) / (2 x 1000)
  assert.equal(of(by(2), ...two), 0.7); // 500 / 1000 and 90 / 100
});

test("pools' saturation and endpoints' requests are exposed", async () => {
  const registry = new Registry();
  const source = new FakeSource();
  source.setRoster("ns/a", 2);
  source.setRoster("ns/b", 1); // the first of those two
  const plans = new FakePlans();
  const inFlight = (endpoint: bigint) =>
    endpoint === nameKey("10.0.0.1:8000") ? { requests: 3, tokens: 70 } : { requests: 1, tokens: 5 };
  registerCapacityMetrics(registry, METRIC_FAMILIES, { source, plans, inFlight, clock: new ManualClock() });
  source.loads = 0;
  const text = await registry.metrics();
  assert.equal(source.loads, 2, "one of each pool, for both families");
  const lines = text.split("\n").filter((line) => /^\w+\{/.test(line));
  const expected = saturation(
    plans.plan("ns/a").settings.admission,
    source.load("ns/a", 0n, 0n)!,
    source.roster("ns/a")!.endpoints,
    () => {
      return { requests: 0, tokens: 0 };
    },
  );
  const pools = (prefix: string) =>
    ["a", "b"].map(
      (pool) => `${prefix}_flow_control_pool_saturation{inference_pool="ns/${pool}",stage="effective"} ${expected}`,
    );
  assert.deepEqual(lines, [
    ...pools("inference_extension"),
    ...pools("llm_d_epp"),
    'llm_d_epp_inflight_requests{endpoint_name="pod-0",namespace="ns"} 1',
    'llm_d_epp_inflight_requests{endpoint_name="pod-1",namespace="ns"} 3',
    'llm_d_epp_inflight_tokens{endpoint_name="pod-0",namespace="ns"} 5',
    'llm_d_epp_inflight_tokens{endpoint_name="pod-1",namespace="ns"} 70',
  ]);
});
