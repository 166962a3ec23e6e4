// The reference's figures of how full pools are and of what gateways have in flight.

import type { Registry } from "prom-client";
import type { Endpoint } from "../../wire/model.ts";
import type { PlanSource } from "../push/plan-source.ts";
import { endpointKey } from "../state/endpoint-key.ts";
import type { PoolSource } from "../state/source.ts";
import type { Clock } from "../support/clock.ts";
import { inOneGo } from "../support/in-one-go.ts";
import type { MetricFamily } from "./metric-family.ts";
import { podLabels } from "./pod-labels.ts";
import { type Labels, registerReadings } from "./read-metric.ts";
import { type InFlightAt, saturation } from "./saturation.ts";

const SATURATION: Record<MetricFamily, string> = {
  gie: "inference_extension_flow_control_pool_saturation",
  "llm-d": "llm_d_epp_flow_control_pool_saturation",
};

/** What these metrics are read from. */
export interface CapacitySources {
  readonly source: PoolSource;
  readonly plans: Pick<PlanSource, "plan">;
  /** What all gateways together have in flight at the endpoint with this key. */
  readonly inFlight: (endpoint: bigint) => InFlightAt;
  readonly clock: Pick<Clock, "wall">;
}

/** Adds saturation under the names of these families, and llm-d's gauges of what is in flight. */
export function registerCapacityMetrics(
  registry: Registry,
  families: readonly MetricFamily[],
  { source, plans, inFlight, clock }: CapacitySources,
): void {
  const at = (endpoint: Endpoint): InFlightAt => inFlight(endpointKey(endpoint));
  const endpointsOf = (pool: string) => source.roster(pool)?.endpoints ?? [];

  const saturations = inOneGo(() =>
    source.pools().flatMap((pool) => {
      const load = source.load(pool, 0n, clock.wall());
      if (load === undefined) return [];
      const value = saturation(plans.plan(pool).settings.admission, load, endpointsOf(pool), at);
      return { labels: { inference_pool: pool, stage: "effective" }, value };
    }),
  );
  for (const family of families) {
    const labelNames = ["inference_pool", "stage"];
    const help = "How full a pool is by its saturation detector; from 1 on it takes no more.";
    registerReadings(registry, "gauge", { name: SATURATION[family], help, labelNames }, saturations);
  }
  if (!families.includes("llm-d")) return;

  /** Every endpoint once, be it in several pools; those that pools with other ports call alike are one. */
  const held = inOneGo(() => {
    const endpoints = source.pools().flatMap((pool) => endpointsOf(pool).map((one) => [one.address, one] as const));
    const rows = new Map<string, { labels: Labels; requests: number; tokens: number }>();
    for (const endpoint of new Map(endpoints).values()) {
      const { pod, namespace } = podLabels(endpoint.name, endpoint.rank);
      const key = `${namespace}/${pod}`;
      const { requests, tokens } = at(endpoint);
      const row = rows.get(key) ?? { labels: { endpoint_name: pod, namespace }, requests: 0, tokens: 0 };
      row.requests += requests;
      row.tokens += tokens;
      rows.set(key, row);
    }
    return [...rows.values()];
  });
  const labelNames = ["endpoint_name", "namespace"];
  const requests = { name: "llm_d_epp_inflight_requests", help: "Requests that are with an endpoint.", labelNames };
  const tokens = { name: "llm_d_epp_inflight_tokens", help: "Their tokens, estimated.", labelNames };
  registerReadings(registry, "gauge", requests, () =>
    held().map((row) => ({ labels: row.labels, value: row.requests })),
  );
  registerReadings(registry, "gauge", tokens, () => held().map((row) => ({ labels: row.labels, value: row.tokens })));
}
