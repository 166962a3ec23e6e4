// The reference's figures of pools, under the names of the Gateway API Inference Extension and of llm-d-router
// (pkg/epp/metrics in both), for the autoscalers and dashboards that go by them. The pool's namespace is a label more.

import { Gauge, type Registry } from "prom-client";
import type { Load, Sample } from "../../wire/model.ts";
import { isFresh } from "../state/fresh.ts";
import type { PoolSource } from "../state/source.ts";
import type { Clock } from "../support/clock.ts";

/** Mean and standard deviation, 0 and 0 of nothing. */
function spread(values: readonly number[]): { mean: number; deviation: number } {
  if (values.length === 0) return { mean: 0, deviation: 0 };
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / values.length) };
}

/** Of `namespace/name`; a name without a namespace has an empty one. */
function labelsOf(pool: string): { name: string; namespace: string } {
  const slash = pool.indexOf("/");
  return { name: pool.slice(slash + 1), namespace: pool.slice(0, Math.max(0, slash)) };
}

/** Those that the means are taken over: ready, with a sample that is not stale. */
function fresh({ samples, freshFor }: Load): Sample[] {
  return samples.filter((sample) => sample.ready && isFresh(sample, freshFor));
}

const SIGNALS: readonly { name: string; help: string; of: (sample: Sample) => number }[] = [
  { name: "kv_cache_utilization", help: "KV-cache utilization, 0 to 1", of: ({ kvUsage }) => kvUsage },
  { name: "queue_size", help: "Requests queued in engines", of: ({ waiting }) => waiting },
  { name: "running_requests", help: "Requests running in engines", of: ({ running }) => running },
];
const LABELS = ["name", "namespace"];

/** Adds the pools' figures, taken when scraped. */
export function registerPoolMetrics(registry: Registry, source: PoolSource, clock: Clock): void {
  /** A gauge that is set anew for each pool. */
  function gauge(name: string, help: string, values: (load: Load) => number): void {
    new Gauge({
      name,
      help,
      labelNames: LABELS,
      registers: [registry],
      collect() {
        this.reset();
        for (const pool of source.pools()) {
          const load = source.load(pool, 0n, clock.wall());
          if (load !== undefined) this.set(labelsOf(pool), values(load));
        }
      },
    });
  }

  for (const { name, help, of } of SIGNALS) {
    const mean = (load: Load) => spread(fresh(load).map(of)).mean;
    gauge(`inference_pool_average_${name}`, `${help}: mean over the ready endpoints.`, mean);
    gauge(`llm_d_epp_average_${name}`, `${help}: mean over the ready endpoints.`, mean);
    gauge(`llm_d_epp_std_dev_${name}`, `${help}: standard deviation over the ready endpoints.`, (load) => {
      return spread(fresh(load).map(of)).deviation;
    });
  }
  for (const name of ["inference_pool_ready_pods", "llm_d_epp_ready_endpoints"]) {
    gauge(name, "Endpoints that are ready and have fresh metrics.", (load) => fresh(load).length);
  }

  for (const [name, label] of [
    ["inference_pool_per_pod_queue_size", "model_server_pod"],
    ["llm_d_epp_per_endpoint_queue_size", "model_server_endpoint"],
  ] as const) {
    new Gauge({
      name,
      help: "Requests queued in the engine of each endpoint.",
      labelNames: [...LABELS, label],
      registers: [registry],
      collect() {
        this.reset();
        for (const pool of source.pools()) {
          const load = source.load(pool, 0n, clock.wall());
          const endpoints = source.roster(pool)?.endpoints ?? [];
          for (const [index, { name, rank }] of endpoints.entries()) {
            const waiting = load?.samples[index]?.waiting;
            const pod = labelsOf(name).name;
            // Several ranks of one pod are several endpoints.
            if (waiting !== undefined)
              this.set({ ...labelsOf(pool), [label]: rank === 0 ? pod : `${pod}-rank-${rank}` }, waiting);
          }
        }
      },
    });
  }
}
