import { Counter, type Registry } from "prom-client";
import type { SpanObserver } from "./span-queue.ts";

/** Makes the metrics of what becomes of spans. */
export function registerSpanMetrics(registry: Registry): SpanObserver {
  const registers = [registry];
  const exported = new Counter({
    name: "inline_epp_spans_exported_total",
    help: "Spans that the collector has taken.",
    registers,
  });
  const dropped = new Counter({
    name: "inline_epp_spans_dropped_total",
    help: "Spans that no collector has, by why.",
    labelNames: ["reason"],
    registers,
  });
  return {
    exported: (count) => exported.inc(count),
    dropped: (reason, count) => dropped.inc({ reason }, count),
  };
}
