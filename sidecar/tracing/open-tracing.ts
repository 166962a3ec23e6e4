// Traces of requests, put together with what they need. Only a process that is told to make traces loads this.

import { OTLPTraceExporter as GrpcExporter } from "@opentelemetry/exporter-trace-otlp-grpc";
import { OTLPTraceExporter as HttpExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { detectResources, envDetector, resourceFromAttributes } from "@opentelemetry/resources";
import { AlwaysOnSampler, type SpanExporter, TracerProvider } from "@opentelemetry/sdk-trace";
import { SAMPLER_PARENT } from "../../wire/layout.ts";
import type { Observed } from "../../wire/model.ts";
import { Quiet } from "../observe/quiet.ts";
import type { Parts } from "../parts.ts";
import type { PolicySource, PoolSource } from "../state/source.ts";
import { DecisionSpans } from "./decision-spans.ts";
import { PoolIndex } from "./pool-index.ts";
import { registerSpanMetrics } from "./register-metrics.ts";
import type { ExportProtocol, TracingSettings } from "./settings.ts";
import { type SpanObserver, SpanQueue } from "./span-queue.ts";

const SERVICE = "inline-epp";

/** Tracing at work. */
export interface Tracing {
  readonly sampling: TracingSettings["sampling"];
  /**
   * What takes the traced requests of batches, and returns their traces' ids by the indices of their records; `poolName`
   * is the name of the pool with a key.
   */
  follow(
    source: PoolSource & PolicySource,
    poolName: (key: bigint) => string,
  ): (batch: Observed) => ReadonlyMap<number, string>;
  /** Sends what waits, unless the collector takes too long. */
  stop(): Promise<void>;
}

function exporterOf(protocol: ExportProtocol): SpanExporter {
  return protocol === "grpc" ? new GrpcExporter() : new HttpExporter();
}

/** Begins to make spans. A collector that cannot be reached costs spans and nothing else. */
export function openTracing(
  { sampling, protocol, endpoint }: TracingSettings,
  version: string,
  { clock, log, metrics }: Parts,
): Tracing {
  const counted = registerSpanMetrics(metrics.registry);
  const quiet = new Quiet(clock);
  const observer: SpanObserver = {
    exported: counted.exported,
    dropped(reason, count, error) {
      counted.dropped(reason, count);
      const unsaid = quiet.mayI(reason);
      // Of the exporter's errors the stack tells nothing: it is the same whatever is wrong.
      const why = error?.message.split("\n", 1)[0];
      if (unsaid !== undefined) log.warn({ reason, spans: count, endpoint, why, unsaid }, "spans dropped");
    },
  };
  const queue = new SpanQueue(exporterOf(protocol), observer, clock);
  const named = resourceFromAttributes({ "service.name": SERVICE, "service.version": version });
  const provider = new TracerProvider({
    resource: named.merge(detectResources({ detectors: [envDetector] })),
    sampler: new AlwaysOnSampler(), // the filter has chosen
    spanProcessors: [queue],
  });
  const tracer = provider.getTracer(SERVICE, version);
  const { ratio, sampler } = sampling;
  log.info({ endpoint, protocol, ratio, parentBased: sampler === SAMPLER_PARENT }, "requests are traced");
  return {
    sampling,
    follow(source, poolName) {
      const spans = new DecisionSpans(tracer, new PoolIndex(source));
      return ({ records, traced }) => {
        const ids = new Map<number, string>();
        for (const one of traced) {
          const record = records[one.record]!;
          const id = spans.add(poolName(record.pool), record, one);
          if (id !== undefined) ids.set(one.record, id);
        }
        return ids;
      };
    },
    stop: () => provider.shutdown(),
  };
}
