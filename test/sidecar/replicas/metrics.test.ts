import assert from "node:assert/strict";
import { test } from "node:test";
import { Registry } from "prom-client";
import { registerReplicaMetrics } from "../../../sidecar/observe/replica-metrics.ts";
import { Counts } from "../../../sidecar/replicas/counts.ts";

test("every series is there from the start and follows the report", async () => {
  const registry = new Registry();
  const counts = new Counts();
  const report = { counts, connected: false, replicas: 1 };
  registerReplicaMetrics(registry, report);
  const series = async (): Promise<string[]> => {
    return (await registry.metrics()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  };
  const before = await series();
  // 2 gauges; 5 kinds sent and received, 5 dropped, 6 reasons.
  assert.equal(before.length, 2 + 10 + 5 + 6);
  for (const line of before.filter((line) => line !== "inline_epp_replicas 1")) assert.match(line, / 0$/);
  Object.assign(report, { connected: true, replicas: 3 });
  counts.sent.heartbeat = 4;
  counts.received.scrapes = 5;
  counts.dropped.journal = 6;
  counts.refused.late = 7;
  const changed = (await series()).filter((line) => !before.includes(line));
  assert.deepEqual(changed.sort(), [
    "inline_epp_redis_connected 1",
    'inline_epp_replica_messages_dropped_total{kind="journal"} 6',
    'inline_epp_replica_messages_refused_total{reason="late"} 7',
    'inline_epp_replica_messages_total{direction="received",kind="scrapes"} 5',
    'inline_epp_replica_messages_total{direction="sent",kind="heartbeat"} 4',
    "inline_epp_replicas 3",
  ]);
});
