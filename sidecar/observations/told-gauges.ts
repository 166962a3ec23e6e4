import type { Registry } from "prom-client";
import type { MetricFamily } from "../observe/metric-family.ts";
import { type Labels, registerReadings } from "../observe/read-metric.ts";
import type { ToldRows } from "./told-rows.ts";

/** Names, help and labels of gauges that add up requests of the moment. */
interface GaugeHead {
  readonly names: Readonly<Record<MetricFamily, string>>;
  readonly help: string;
  readonly labelNames: readonly string[];
}

/** Requests that are with endpoints. */
export const RUNNING: GaugeHead = {
  names: { gie: "inference_objective_running_requests", "llm-d": "llm_d_epp_request_running" },
  help: "Requests that are with endpoints.",
  labelNames: ["inference_pool", "model_name"],
};

/** Requests that wait for a pool; the labels are the reference's. */
export const WAITING: GaugeHead = {
  names: { gie: "inference_extension_flow_control_queue_size", "llm-d": "llm_d_epp_flow_control_queue_size" },
  help: "Requests that wait for room in a pool.",
  labelNames: ["fairness_id", "priority", "inference_pool", "model_name", "target_model_name"],
};

/**
 * Makes gauges of requests of the moment, summed over all workers. A series that there has been stays, at 0.
 * @param labelsOf the labels of a row; rows may share them.
 */
export function registerToldGauges<Row extends { readonly requests: number }>(
  registry: Registry,
  families: readonly MetricFamily[],
  { names, help, labelNames }: GaugeHead,
  told: ToldRows<Row>,
  labelsOf: (row: Row) => Labels,
): void {
  const known = new Map<string, Labels>();
  function readings() {
    const sums = new Map<string, number>();
    for (const { row } of told.all()) {
      const labels = labelsOf(row);
      const key = JSON.stringify(labels);
      known.set(key, labels);
      sums.set(key, (sums.get(key) ?? 0) + row.requests);
    }
    return [...known].map(([key, labels]) => ({ labels, value: sums.get(key) ?? 0 }));
  }
  for (const family of families) {
    registerReadings(registry, "gauge", { name: names[family], help, labelNames: [...labelNames] }, readings);
  }
}
