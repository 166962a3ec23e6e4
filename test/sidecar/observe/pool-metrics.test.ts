import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { createMetrics } from "../../../sidecar/observe/metrics.ts";
import { registerPoolMetrics } from "../../../sidecar/observe/pool-metrics.ts";
import type { Load } from "../../../wire/model.ts";
import { FakeSource, sample } from "../push/fake-source.ts";
import { ManualClock } from "../support/manual-clock.ts";

test("a pool's figures are means over ready endpoints with fresh samples, under both names", async () => {
  const source = new (class extends FakeSource {
    override load(pool: string, sequence: bigint, sentAt: bigint): Load | undefined {
      const load = super.load(pool, sequence, sentAt);
      const samples = [
        sample({ waiting: 2, running: 4, kvUsage: 0.25 }),
        sample({ waiting: 6, running: 8, kvUsage: 0.75 }),
        sample({ waiting: 100, age: 2001 }),
        sample({ waiting: 200, ready: false }),
      ];
      return load && { ...load, samples };
    }
  })();
  source.setRoster("ns/a", 4);
  const { registry, families } = createMetrics("1.0.0");
  registerPoolMetrics(registry, families, source, new ManualClock());
  const lines = (await registry.metrics()).split("\n").filter((line) => /^(inference_pool|llm_d)/.test(line));
  const pool = 'name="a",namespace="ns"';
  assert.deepEqual(
    lines.filter((line) => line.startsWith("inference_pool")),
    [
      `inference_pool_average_kv_cache_utilization{${pool}} 0.5`,
      `inference_pool_average_queue_size{${pool}} 4`,
      `inference_pool_average_running_requests{${pool}} 6`,
      `inference_pool_ready_pods{${pool}} 2`,
      `inference_pool_per_pod_queue_size{${pool},model_server_pod="pod-0"} 2`,
      `inference_pool_per_pod_queue_size{${pool},model_server_pod="pod-1"} 6`,
      `inference_pool_per_pod_queue_size{${pool},model_server_pod="pod-2"} 100`,
      `inference_pool_per_pod_queue_size{${pool},model_server_pod="pod-3"} 200`,
    ],
  );
  for (const line of [
    `llm_d_epp_average_queue_size{${pool}} 4`,
    `llm_d_epp_std_dev_queue_size{${pool}} 2`,
    `llm_d_epp_std_dev_kv_cache_utilization{${pool}} 0.25`,
    `llm_d_epp_ready_endpoints{${pool}} 2`,
    `llm_d_epp_per_endpoint_queue_size{${pool},model_server_endpoint="pod-1"} 6`,
  ]) {
    assert.ok(lines.includes(line), line);
  }
  source.remove("ns/a");
  await setImmediate();
  assert.doesNotMatch(await registry.metrics(), /namespace="ns"/);
});
