import type { Registry } from "prom-client";
import type { Endpoint } from "../../wire/model.ts";
import type { MetricFamily } from "../observe/metric-family.ts";
import { registerReadings } from "../observe/read-metric.ts";
import { inOneGo } from "../support/in-one-go.ts";
import type { Attempts } from "./attempts.ts";

const NAMES: Record<MetricFamily, { readonly name: string; readonly podLabel: string }> = {
  gie: { name: "inference_extension_scheduler_attempts_total", podLabel: "pod_name" },
  "llm-d": { name: "llm_d_epp_scheduler_attempts_total", podLabel: "endpoint_name" },
};

/** Makes the counters of requests by who served them. @param endpoints all that there are at the moment. */
export function registerAttempts(
  registry: Registry,
  families: readonly MetricFamily[],
  attempts: Attempts,
  endpoints: () => readonly Endpoint[],
): void {
  const byEndpoint = inOneGo(() => attempts.served(endpoints()));
  for (const family of families) {
    const { name, podLabel } = NAMES[family];
    registerReadings(
      registry,
      "counter",
      {
        name,
        help: "Requests that an endpoint was found for, by who answered them, and those that none was found for.",
        labelNames: ["status", "target_model_name", podLabel, "namespace", "port"],
      },
      () => {
        const failed = [...attempts.failed].map(([model, value]) => {
          const nobody = { [podLabel]: "", namespace: "", port: "" };
          return { labels: { status: "failure", target_model_name: model, ...nobody }, value };
        });
        const served = byEndpoint().map(({ pod, namespace, port, model, count }) => {
          const labels = { status: "success", target_model_name: model, [podLabel]: pod, namespace, port };
          return { labels, value: count };
        });
        return [...failed, ...served];
      },
    );
  }
}
