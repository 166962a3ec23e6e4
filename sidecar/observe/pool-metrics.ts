// The reference's figures of pools, under the names of the Gateway API Inference Extension and of llm-d-router
// (pkg/epp/metrics in both), for the autoscalers and dashboards that go by them. The pool's namespace is a label more.

import type { Registry } from "prom-client";
import type { Endpoint, Load, Sample } from "../../wire/model.ts";
import { isFresh } from "../state/fresh.ts";
import type { PoolSource } from "../state/source.ts";
import type { Clock } from "../support/clock.ts";
import { inOneGo } from "../support/in-one-go.ts";
import type { MetricFamily } from "./metric-family.ts";
import { podLabels, splitName } from "./pod-labels.ts";
import { registerReadings } from "./read-metric.ts";

/** Mean and standard deviation, 0 and 0 of nothing. */
function spread(values: readonly number[]): { mean: number; deviation: number } {
  if (values.length === 0) return { mean: 0, deviation: 0 };
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / values.length) };
}

/** A pool at the moment. */
interface PoolNow {
  readonly labels: { readonly name: string; readonly namespace: string };
  readonly endpoints: readonly Endpoint[];
  readonly samples: readonly Sample[];
  /** Those that the means are taken over: ready, with a sample that is not stale. */
  readonly fresh: readonly Sample[];
}

function poolNow(pool: string, { samples, freshFor }: Load, endpoints: readonly Endpoint[]): PoolNow {
  const fresh = samples.filter((sample) => sample.ready && isFresh(sample, freshFor));
  return { labels: splitName(pool), endpoints, samples, fresh };
}

/** Requests queued, by endpoint. A file may call several endpoints alike: they are one then. */
function queues({ endpoints, samples }: PoolNow): Map<string, number> {
  const sums = new Map<string, number>();
  for (const [index, { name, rank }] of endpoints.entries()) {
    const waiting = samples[index]?.waiting;
    const { pod } = podLabels(name, rank);
    if (waiting !== undefined) sums.set(pod, (sums.get(pod) ?? 0) + waiting);
  }
  return sums;
}

const SIGNALS: readonly { name: string; help: string; of: (sample: Sample) => number }[] = [
  { name: "kv_cache_utilization", help: "KV-cache utilization, 0 to 1", of: ({ kvUsage }) => kvUsage },
  { name: "queue_size", help: "Requests queued in engines", of: ({ waiting }) => waiting },
  { name: "running_requests", help: "Requests running in engines", of: ({ running }) => running },
];
const LABELS = ["name", "namespace"];

const NAMES: Record<MetricFamily, { prefix: string; ready: string; queue: string; endpointLabel: string }> = {
  gie: {
    ...{ prefix: "inference_pool", ready: "inference_pool_ready_pods" },
    ...{ queue: "inference_pool_per_pod_queue_size", endpointLabel: "model_server_pod" },
  },
  "llm-d": {
    ...{ prefix: "llm_d_epp", ready: "llm_d_epp_ready_endpoints" },
    ...{ queue: "llm_d_epp_per_endpoint_queue_size", endpointLabel: "model_server_endpoint" },
  },
};

/** Adds the pools' figures, taken when scraped, under the names of these families. */
export function registerPoolMetrics(
  registry: Registry,
  families: readonly MetricFamily[],
  source: PoolSource,
  clock: Clock,
): void {
  const pools = inOneGo(() =>
    source.pools().flatMap((pool) => {
      const load = source.load(pool, 0n, clock.wall());
      return load === undefined ? [] : [poolNow(pool, load, source.roster(pool)?.endpoints ?? [])];
    }),
  );
  function gauge(name: string, help: string, figure: (pool: PoolNow) => number): void {
    registerReadings(registry, "gauge", { name, help, labelNames: LABELS }, () =>
      pools().map((pool) => ({ labels: pool.labels, value: figure(pool) })),
    );
  }

  for (const family of families) {
    const { prefix, ready, queue, endpointLabel } = NAMES[family];
    for (const { name, help, of } of SIGNALS) {
      gauge(`${prefix}_average_${name}`, `${help}: mean over the ready endpoints.`, ({ fresh }) => {
        return spread(fresh.map(of)).mean;
      });
      if (family !== "llm-d") continue;
      gauge(`${prefix}_std_dev_${name}`, `${help}: standard deviation over the ready endpoints.`, ({ fresh }) => {
        return spread(fresh.map(of)).deviation;
      });
    }
    gauge(ready, "Endpoints that are ready and have fresh metrics.", ({ fresh }) => fresh.length);
    const help = "Requests queued in the engine of each endpoint.";
    registerReadings(registry, "gauge", { name: queue, help, labelNames: [...LABELS, endpointLabel] }, () =>
      pools().flatMap((pool) =>
        [...queues(pool)].map(([pod, value]) => ({ labels: { ...pool.labels, [endpointLabel]: pod }, value })),
      ),
    );
  }
}
