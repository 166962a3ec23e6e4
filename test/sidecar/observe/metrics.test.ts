import assert from "node:assert/strict";
import { test } from "node:test";
import { registerEndpointMetrics } from "../../../sidecar/observe/endpoint-metrics.ts";
import { createMetrics } from "../../../sidecar/observe/metrics.ts";
import type { Load } from "../../../wire/model.ts";
import { FakeSource, sample } from "../push/fake-source.ts";
import { ManualClock } from "../support/manual-clock.ts";

test("each report moves its metric", async () => {
  const { registry, push, reload } = createMetrics("1.0.0");
  push.gateways(2);
  push.pushed("load", 100);
  push.pushed("roster", 50);
  push.skipped();
  push.acknowledged(0.003);
  push.refused("up", "magic", 3);
  reload.reloaded("refused");
  const text = await registry.metrics();
  for (const line of [
    "inline_epp_gateways 2",
    'inline_epp_push_frames_total{kind="load"} 1',
    'inline_epp_push_frames_total{kind="roster"} 1',
    "inline_epp_push_bytes_total 150",
    "inline_epp_push_skipped_total 1",
    'inline_epp_push_ack_seconds_bucket{le="0.005"} 1',
    'inline_epp_push_ack_seconds_bucket{le="0.0025"} 0',
    'inline_epp_frames_refused_total{direction="up",reason="magic"} 3',
    'inline_epp_config_reloads_total{result="refused"} 1',
    "inline_epp_config_last_reload_success 0",
  ]) {
    assert.ok(text.split("\n").includes(line), line);
  }
  reload.reloaded("unchanged");
  assert.match(await registry.metrics(), /^inline_epp_config_last_reload_success 1$/m);
});

test("every way in which a reload can end is counted from the start", async () => {
  const { registry, reload, endpoints } = createMetrics("1.0.0");
  const series = async () =>
    (await registry.metrics()).split("\n").filter((line) => /reload/.test(line) && line[0] !== "#");
  assert.deepEqual(await series(), [
    'inline_epp_config_reloads_total{result="applied"} 0',
    'inline_epp_config_reloads_total{result="unchanged"} 0',
    'inline_epp_config_reloads_total{result="refused"} 0',
    'inline_epp_config_reloads_total{result="unreadable"} 0',
    "inline_epp_config_last_reload_success 1",
    'inline_epp_endpoints_reloads_total{result="applied"} 0',
    'inline_epp_endpoints_reloads_total{result="refused"} 0',
    "inline_epp_endpoints_last_reload_success 1",
  ]);
  reload.reloaded("unchanged");
  endpoints.reloaded("applied");
  endpoints.reloaded("refused");
  const after = await series();
  assert.equal(after[1], 'inline_epp_config_reloads_total{result="unchanged"} 1');
  assert.deepEqual(after.slice(4), [
    "inline_epp_config_last_reload_success 1",
    'inline_epp_endpoints_reloads_total{result="applied"} 1',
    'inline_epp_endpoints_reloads_total{result="refused"} 1',
    "inline_epp_endpoints_last_reload_success 0",
  ]);
  assert.match(await registry.metrics(), /^inline_epp_endpoints_last_success_timestamp_seconds \d+/m);
});

test("the time of the last good configuration moves with good ones only", async (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: 1_000_000 });
  const { registry, reload } = createMetrics("1.0.0");
  const at = async () =>
    /^inline_epp_config_last_success_timestamp_seconds (\S+)$/m.exec(await registry.metrics())?.[1];
  assert.equal(await at(), "1000");
  t.mock.timers.setTime(2_000_000);
  reload.reloaded("refused");
  reload.reloaded("unreadable");
  assert.equal(await at(), "1000");
  reload.reloaded("unchanged");
  assert.equal(await at(), "2000");
  t.mock.timers.setTime(3_000_000);
  reload.reloaded("applied");
  assert.equal(await at(), "3000");
});

test("process metrics are read when scraped", async () => {
  const { registry } = createMetrics("1.0.0");
  const value = async (name: string) =>
    Number(new RegExp(`^${name} (\\S+)$`, "m").exec(await registry.metrics())?.[1] ?? Number.NaN);
  const before = await value("process_cpu_seconds_total");
  for (const end = performance.now() + 60; performance.now() < end; );
  assert.ok((await value("process_cpu_seconds_total")) > before);
  assert.ok((await value("process_resident_memory_bytes")) > 1e6);
  assert.ok((await value("nodejs_heap_size_used_bytes")) > 1e5);
  assert.ok((await value("nodejs_eventloop_active_seconds_total")) >= 0);
  assert.ok((await value("process_start_time_seconds")) > 1.6e9);
});

test("endpoints are counted by pool and state", async () => {
  const source = new (class extends FakeSource {
    override load(pool: string, sequence: bigint, sentAt: bigint): Load | undefined {
      const load = super.load(pool, sequence, sentAt);
      if (load === undefined || pool === "ns/empty") return load;
      const samples = [
        sample(),
        sample({ age: 2000 }),
        sample({ age: 2001 }),
        sample({ age: undefined }),
        sample({ ready: false }),
        sample({ ready: false, age: undefined }),
      ];
      return { ...load, samples };
    }
  })();
  source.setRoster("ns/a", 6);
  source.setRoster("ns/empty", 0);
  const { registry } = createMetrics("1.0.0");
  registerEndpointMetrics(registry, source, new ManualClock());
  const lines = (await registry.metrics()).split("\n").filter((line) => line.startsWith("inline_epp_endpoints{"));
  assert.deepEqual(lines, [
    'inline_epp_endpoints{pool="ns/a",state="ready"} 2',
    'inline_epp_endpoints{pool="ns/a",state="stale"} 2',
    'inline_epp_endpoints{pool="ns/a",state="not_ready"} 2',
    'inline_epp_endpoints{pool="ns/empty",state="ready"} 0',
    'inline_epp_endpoints{pool="ns/empty",state="stale"} 0',
    'inline_epp_endpoints{pool="ns/empty",state="not_ready"} 0',
  ]);
  source.remove("ns/a");
  assert.doesNotMatch(await registry.metrics(), /pool="ns\/a"/);
});
