import { Gauge, type Registry } from "prom-client";
import type { ExtProcServer } from "./server.ts";

/**
 * Shows how many requests gateways ask about, and what the filter that answers them counts: what Envoy's own figures
 * are of a filter there, by names of its own.
 */
export function registerExtProcMetrics(registry: Registry, server: Pick<ExtProcServer, "streams" | "metrics">): void {
  new Gauge({
    name: "inline_epp_ext_proc_streams",
    help: "Requests about which gateways ask by ext_proc at this moment.",
    registers: [registry],
    collect() {
      this.set(server.streams);
    },
  });
  new Gauge({
    name: "inline_epp_ext_proc_filter",
    help: "Counters and gauges of the filter that answers gateways which ask by ext_proc, as Envoy has them of its own.",
    labelNames: ["name"],
    registers: [registry],
    collect() {
      for (const name of server.metrics.names()) this.set({ name }, server.metrics.value(name));
    },
  });
}
