import { Gauge, type Registry } from "prom-client";
import type { RunningRequests as Row } from "../../wire/model.ts";

interface Labels {
  readonly inference_pool: string;
  readonly model_name: string;
}

/**
 * Makes the gauge of requests that are with endpoints. A series that there has been stays, at 0.
 * @param rows what runs at the moment.
 * @param labelsOf the labels of a row; rows may share them.
 */
export function registerRunningGauge(
  registry: Registry,
  rows: () => readonly Row[],
  labelsOf: (row: Row) => Labels,
): void {
  const known = new Map<string, Labels>();
  new Gauge({
    name: "inference_objective_running_requests",
    help: "Requests that are with endpoints.",
    labelNames: ["inference_pool", "model_name"],
    registers: [registry],
    collect() {
      const sums = new Map<string, number>();
      for (const row of rows()) {
        const labels = labelsOf(row);
        const key = JSON.stringify(labels);
        known.set(key, labels);
        sums.set(key, (sums.get(key) ?? 0) + row.requests);
      }
      for (const [key, labels] of known) this.set({ ...labels }, sums.get(key) ?? 0);
    },
  });
}
