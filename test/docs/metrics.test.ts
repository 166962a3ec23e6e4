// docs/metrics.md tells people what the code registers: every metric, with its type and labels, and no other.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { Registry } from "prom-client";
import { registerExtProcMetrics } from "../../sidecar/ext-proc/register-metrics.ts";
import { countedLedger } from "../../sidecar/limits/ledger-metrics.ts";
import { registerRequestMetrics } from "../../sidecar/observations/request-metrics.ts";
import { registerCapacityMetrics } from "../../sidecar/observe/capacity-metrics.ts";
import { registerEndpointMetrics } from "../../sidecar/observe/endpoint-metrics.ts";
import { registerKubernetesMetrics } from "../../sidecar/observe/kubernetes-metrics.ts";
import { createMetrics } from "../../sidecar/observe/metrics.ts";
import { registerPoolMetrics } from "../../sidecar/observe/pool-metrics.ts";
import { registerReplicaMetrics } from "../../sidecar/observe/replica-metrics.ts";
import { registerScrapeMetrics } from "../../sidecar/observe/scrape-metrics.ts";
import { registerSpanMetrics } from "../../sidecar/tracing/register-metrics.ts";
import { configuration } from "../filter/pools.ts";
import { Rig } from "../filter/rig.ts";
import { FakeSource } from "../sidecar/push/fake-source.ts";
import { ManualClock } from "../sidecar/support/manual-clock.ts";

const PAGE = readFileSync(new URL("../../docs/metrics.md", import.meta.url), "utf8");

/** Rows of the tables under a heading of the second level, as `name{labels} type`, sorted. */
function documented(heading: string): string[] {
  const section = PAGE.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
  assert.ok(section, `no section ${heading}`);
  const rows = section.matchAll(/^\| ((?:`[^`]+`(?:<br>)?)+) \| (\w+) \| /gm);
  return [...rows]
    .flatMap(([, metrics, type]) => metrics!.split("<br>").map((metric) => `${metric.slice(1, -1)} ${type}`))
    .toSorted();
}

/** What a registry has, likewise. */
function registered(registry: Registry): string[] {
  const metrics = registry.getMetricsAsArray() as unknown as { name: string; type: string; labelNames: string[] }[];
  return metrics
    .map(({ name, type, labelNames }) => `${name}${labelNames.length > 0 ? `{${labelNames.join(", ")}}` : ""} ${type}`)
    .toSorted();
}

test("the filter's metrics are those of the page", () => {
  const rig = new Rig();
  const names: string[] = [];
  const define = rig.metrics.define.bind(rig.metrics);
  rig.metrics.define = (name) => {
    names.push(name);
    return define(name);
  };
  rig.vm().createRoot(configuration());
  const typed = names.map((name) => `${name} ${name.endsWith("_total") ? "counter" : "gauge"}`);
  assert.deepEqual(documented("In Envoy"), typed.toSorted());
});

test("the sidecar's metrics are those of the page", () => {
  const { registry, families } = createMetrics("1.0.0");
  const clock = new ManualClock();
  // None of these is asked for figures here.
  registerEndpointMetrics(registry, new FakeSource(), clock);
  registerPoolMetrics(registry, families, new FakeSource(), clock);
  registerScrapeMetrics(registry, families, {} as Parameters<typeof registerScrapeMetrics>[2]);
  registerKubernetesMetrics(registry);
  registerSpanMetrics(registry);
  countedLedger({} as Parameters<typeof countedLedger>[0], registry);
  registerExtProcMetrics(registry, {} as Parameters<typeof registerExtProcMetrics>[1]);
  registerReplicaMetrics(registry, {} as Parameters<typeof registerReplicaMetrics>[1]);
  registerCapacityMetrics(registry, families, {} as Parameters<typeof registerCapacityMetrics>[2]);
  const options = { clock, families } as unknown as Parameters<typeof registerRequestMetrics>[1];
  registerRequestMetrics(registry, options);
  assert.deepEqual(documented("In the sidecar"), registered(registry));
});
