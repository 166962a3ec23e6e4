// Spans made of what workers tell, kept where a test can look.

import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { DecisionSpans } from "../../../sidecar/tracing/decision-spans.ts";
import { PoolIndex } from "../../../sidecar/tracing/pool-index.ts";
import type { Observation, TracedRequest } from "../../../wire/model.ts";
import { xxh64 } from "../../../wire/xxh64.ts";
import { observation, POOL } from "../observations/observed.ts";
import { FakeSource } from "../push/fake-source.ts";

/** When every request here begins, microseconds since 1970. */
export const STARTED = 1_700_000_000_123_456n;

/** What is told of a request that was traced. */
export function traced(fields: Partial<TracedRequest> = {}): TracedRequest {
  return {
    record: 0,
    parent: { traceId: "4bf92f3577b34da6a3ce929d0e0e4736", spanId: "00f067aa0ba902b7" },
    started: STARTED,
    whole: 1000,
    decided: 1500,
    picked: xxh64("10.0.0.1:8000"),
    objective: 0n,
    details: "",
    explanation: "",
    ...fields,
  };
}

/** Microseconds from STARTED to a time of a span's. */
export function since([seconds, nanoseconds]: ReadableSpan["startTime"]): number {
  return Number(BigInt(seconds) * 1_000_000n - STARTED) + nanoseconds / 1000;
}

/** The spans of a request of a pool with two endpoints and an objective, by name. */
export async function spansOf(
  record: Partial<Observation>,
  request: Partial<TracedRequest>,
): Promise<(name: string) => ReadableSpan[]> {
  const source = new FakeSource();
  source.setRoster(POOL, 2);
  source.setPolicies(POOL, { objectives: [{ name: "critical", priority: 5 }], rewrites: [] });
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  const spans = new DecisionSpans(provider.getTracer("test"), new PoolIndex(source));
  spans.add(POOL, observation(record), traced(request));
  await provider.forceFlush();
  const all = exporter.getFinishedSpans();
  return (name) => all.filter((span) => span.name === name);
}
