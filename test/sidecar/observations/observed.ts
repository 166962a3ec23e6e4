// What workers tell, made by hand, and the metrics of it.

import { Registry } from "prom-client";
import { registerRequestMetrics } from "../../../sidecar/observations/request-metrics.ts";
import { METRIC_FAMILIES } from "../../../sidecar/observe/metric-family.ts";
import { FINISH_STOP } from "../../../wire/layout.ts";
import type { Endpoint, Observation, Observed, ObservedModel } from "../../../wire/model.ts";
import { xxh64 } from "../../../wire/xxh64.ts";
import { ManualClock } from "../support/manual-clock.ts";

export const POOL = "default/base";

export function model(name: string): ObservedModel {
  return { hash: xxh64(name), name };
}

/** A streamed request that an endpoint answered, with what a test wants different. */
export function observation(fields: Partial<Observation> = {}): Observation {
  return {
    pool: xxh64(POOL),
    endpoint: xxh64("10.0.0.1:8000"),
    model: model("chat"),
    target: model("chat-v2"),
    priority: 0,
    status: 200,
    streamed: true,
    local: false,
    finish: FINISH_STOP,
    duration: 3_000_000,
    queued: 0,
    ttft: 500_000,
    itl: 25_000,
    chunks: 101,
    requestBytes: 1000,
    answerBytes: 20_000,
    prompt: 300,
    output: 100,
    cached: 200,
    cachedKnown: true,
    ...fields,
  };
}

/** A worker's batch. */
export function observed(records: readonly Observation[], fields: Partial<Observed> = {}): Observed {
  return { worker: 1n, records, running: [], waiting: [], traced: [], ...fields };
}

/** The metrics of a sidecar with one pool, and a reader of their samples. */
export function measuring({
  configured = [] as readonly string[],
  rewrites = {} as Readonly<Record<string, string>>,
  flowControl = false,
  families = METRIC_FAMILIES,
  endpoints = [] as readonly Endpoint[],
} = {}) {
  const registry = new Registry();
  const clock = new ManualClock();
  const take = registerRequestMetrics(registry, {
    poolName: (key) => (key === xxh64(POOL) ? POOL : ""),
    isConfigured: (_, name) => configured.includes(name),
    rewriteOf: (_, model, target) => rewrites[`${model} ${target}`],
    hasFlowControl: () => flowControl,
    endpoints: () => endpoints,
    families,
    clock,
  });
  /** Samples whose lines begin so: what follows of the name and the labels, by value. */
  const samples = async (prefix: string): Promise<Record<string, number>> => {
    const lines = (await registry.metrics()).split("\n").filter((line) => line.startsWith(prefix));
    return Object.fromEntries(
      lines.map((line) => {
        const space = line.lastIndexOf(" ");
        return [line.slice(prefix.length, space), Number(line.slice(space + 1))];
      }),
    );
  };
  return { registry, clock, take, samples };
}
