import type { Registry } from "prom-client";
import type { RunningRequests as Row } from "../../wire/model.ts";
import type { MetricFamily } from "../observe/metric-family.ts";
import { registerReadings } from "../observe/read-metric.ts";

type RunningLabels = {
  readonly inference_pool: string;
  readonly model_name: string;
};

const NAMES: Record<MetricFamily, string> = {
  gie: "inference_objective_running_requests",
  "llm-d": "llm_d_epp_request_running",
};

/**
 * Makes the gauges of requests that are with endpoints. A series that there has been stays, at 0.
 * @param rows what runs at the moment.
 * @param labelsOf the labels of a row; rows may share them.
 */
export function registerRunningGauges(
  registry: Registry,
  families: readonly MetricFamily[],
  rows: () => readonly Row[],
  labelsOf: (row: Row) => RunningLabels,
): void {
  const known = new Map<string, RunningLabels>();
  function readings() {
    const sums = new Map<string, number>();
    for (const row of rows()) {
      const labels = labelsOf(row);
      const key = JSON.stringify(labels);
      known.set(key, labels);
      sums.set(key, (sums.get(key) ?? 0) + row.requests);
    }
    return [...known].map(([key, labels]) => ({ labels, value: sums.get(key) ?? 0 }));
  }
  for (const family of families) {
    const labelNames = ["inference_pool", "model_name"];
    const head = { name: NAMES[family], help: "Requests that are with endpoints.", labelNames };
    registerReadings(registry, "gauge", head, readings);
  }
}
