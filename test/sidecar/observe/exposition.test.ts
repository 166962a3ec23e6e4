import assert from "node:assert/strict";
import { test } from "node:test";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { Distribution } from "../../../sidecar/observe/distribution.ts";
import { exposition } from "../../../sidecar/observe/exposition.ts";
import { registerDistributions } from "../../../sidecar/observe/read-metric.ts";
import { wantsOpenMetrics } from "../../../sidecar/observe/wants-open-metrics.ts";
import { written } from "./written.ts";

const PROMETHEUS_2 =
  "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
const PROMETHEUS_3 =
  "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,application/openmetrics-text;version=1.0.0;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1";
const PROMETHEUS_3_WITH_PROTOBUF = `application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,${PROMETHEUS_3}`;

const ACCEPTS: readonly (readonly [string | undefined, boolean])[] = [
  [undefined, false],
  ["", false],
  ["*/*", false],
  ["text/html,*/*;q=0.8", false],
  ["text/plain", false],
  ["text/plain;version=0.0.4;q=0.9, application/openmetrics-text;q=0.8", false],
  ["application/openmetrics-text", true],
  ["Application/OpenMetrics-Text; Version=1.0.0; charset=utf-8", true],
  ["application/openmetrics-text;version=0.0.1", false],
  ["application/openmetrics-text;q=0", false],
  ["application/openmetrics-text;q=x", false],
  [PROMETHEUS_2, true],
  [PROMETHEUS_3, true],
  [PROMETHEUS_3_WITH_PROTOBUF, true],
];

for (const [accept, isWanted] of ACCEPTS) {
  test(`${isWanted ? "OpenMetrics" : "Prometheus' text"} for ${accept}`, () => {
    assert.equal(wantsOpenMetrics(accept), isWanted);
  });
}

test("counters, gauges and histograms as either format has them", async () => {
  const registry = new Registry();
  const registers = [registry];
  new Counter({ name: "picks_total", help: 'Said "go"\n\\', labelNames: ["model"], registers }).inc(
    { model: 'a"\n\\' },
    2,
  );
  new Gauge({ name: "age", help: "Age.", registers }).set(Number.POSITIVE_INFINITY);
  new Histogram({ name: "old", help: "Old.", buckets: [1, 2.5], labelNames: ["to"], registers }).observe(
    { to: "x" },
    2,
  );
  const waits = new Distribution([0.5, 1]);
  waits.observe(0.75, { labelSet: { trace_id: "0af7" }, value: 0.75, timestamp: 1_700_000_000.125 });
  waits.observe(9);
  registerDistributions(registry, { name: "waits", help: "Waits.", labelNames: [], bounds: [0.5, 1] }, () => [
    [{}, waits],
  ]);
  assert.deepEqual((await written(registry, "openmetrics")).split("\n"), [
    "# TYPE picks counter",
    '# HELP picks Said \\"go\\"\\n\\\\',
    'picks_total{model="a\\"\\n\\\\"} 2',
    "# TYPE age gauge",
    "# HELP age Age.",
    "age +Inf",
    "# TYPE old histogram",
    "# HELP old Old.",
    'old_bucket{le="1.0",to="x"} 0',
    'old_bucket{le="2.5",to="x"} 1',
    'old_bucket{le="+Inf",to="x"} 1',
    'old_sum{to="x"} 2',
    'old_count{to="x"} 1',
    "# TYPE waits histogram",
    "# HELP waits Waits.",
    'waits_bucket{le="0.5"} 0',
    'waits_bucket{le="1.0"} 1 # {trace_id="0af7"} 0.75 1700000000.125',
    'waits_bucket{le="+Inf"} 2',
    "waits_sum 9.75",
    "waits_count 2",
    "# EOF",
    "",
  ]);
  // prom-client's writer is right with its own format.
  assert.equal(await written(registry, "text"), (await registry.metrics()).replaceAll("\n\n", "\n"));
});

test("a long exposition comes in pieces, between which others get their turn", async () => {
  const registry = new Registry();
  const gauge = new Gauge({ name: "load", help: "Load.", labelNames: ["of"], registers: [registry] });
  for (let index = 0; index < 10_000; index++) gauge.set({ of: `endpoint-${index}` }, index);
  const order: string[] = [];
  setImmediate(() => order.push("other"));
  const pieces: string[] = [];
  for await (const piece of exposition(registry, "text")) {
    pieces.push(piece);
    order.push("piece");
  }
  assert.deepEqual(order.slice(0, 3), ["piece", "other", "piece"]);
  assert.ok(pieces.every((piece) => piece.length < 70_000 && piece.endsWith("\n")));
  assert.equal(pieces.join(""), await registry.metrics());
  assert.ok(pieces.length > 4);
});
