// The reference's metrics of requests, from what gateways tell when one is over, and of those that run or wait. Names, labels and buckets are the
// reference's; the pool is a label more, and nobody tells a request's fairness id.

import type { Registry } from "prom-client";
import type {
  Endpoint,
  Observation,
  Observed,
  ObservedModel,
  RunningRequests,
  WaitingRequests,
} from "../../wire/model.ts";
import type { Exemplar } from "../observe/distribution.ts";
import type { MetricFamily } from "../observe/metric-family.ts";
import type { Clock } from "../support/clock.ts";
import { Attempts } from "./attempts.ts";
import { BoundedNames, OTHER } from "./bounded-names.ts";
import { errorCode } from "./error-code.ts";
import { outcomeOf } from "./outcome.ts";
import { registerAttempts } from "./register-attempts.ts";
import { registerSeries } from "./register-series.ts";
import { type RequestSeries, SeriesTable } from "./request-series.ts";
import { RUNNING, registerToldGauges, WAITING } from "./told-gauges.ts";
import { ToldRows } from "./told-rows.ts";

const MICROSECONDS = 1e6;
/** Priorities come from objectives, of which there are few; further ones are OTHER. */
const MOST_PRIORITIES = 100;

function nameOf(model: ObservedModel | "other" | undefined): string {
  if (model === undefined) return "";
  return model === "other" ? OTHER : model.name;
}

/** What the metrics need to know beside what gateways tell. */
export interface RequestMetricsOptions {
  /** The name of the pool with this key; "" where there is none. */
  poolName(key: bigint): string;
  /** Whether a pool's configuration names this model. */
  isConfigured(pool: string, model: string): boolean;
  /** The name of a pool's rewrite that made one model of the other; undefined: none did. */
  rewriteOf(pool: string, model: string, target: string): string | undefined;
  /** Whether a pool's requests wait for room in it. */
  hasFlowControl(pool: string): boolean;
  /** All endpoints of all pools. */
  endpoints(): readonly Endpoint[];
  /** Whose names the metrics get. */
  readonly families: readonly MetricFamily[];
  readonly clock: Pick<Clock, "now" | "wall">;
}

/** What is measured of an answer that an endpoint gave. */
function measureAnswer(series: RequestSeries, record: Observation, isError: boolean, exemplar: Traced): void {
  const seconds = record.duration / MICROSECONDS;
  series.observe("duration", seconds, exemplar(seconds));
  series.observe("answerBytes", record.answerBytes);
  if (record.prompt > 0) series.observe("prompt", record.prompt);
  if (record.cachedKnown) series.observe("cached", record.cached);
  if (record.output > 0) {
    series.observe("output", record.output);
    series.observe("perToken", seconds / record.output, exemplar(seconds / record.output));
  }
  if (isError) return;
  const hasEvents = record.ttft > 0;
  const first = hasEvents ? record.ttft / MICROSECONDS : seconds;
  series.observe("ttft", first, exemplar(first), String(hasEvents));
  if (record.itl > 0) series.observe("itl", record.itl / MICROSECONDS, exemplar(record.itl / MICROSECONDS));
  if (hasEvents && record.output > 1 && seconds > first) {
    const each = (seconds - first) / (record.output - 1);
    series.observe("tpot", each, exemplar(each));
  }
}

/** Makes an exemplar of a request's value, if the request is traced. */
type Traced = (value: number) => Exemplar | undefined;

function traced(traceId: string | undefined, timestamp: number): Traced {
  return (value) => (traceId === undefined ? undefined : { labelSet: { trace_id: traceId }, value, timestamp });
}

/** Takes what a worker tells. @param traceIds of those records that are traced, in hex, by their indices. */
export type TakeObserved = (observed: Observed, traceIds?: ReadonlyMap<number, string>) => void;

/** Makes the metrics; the returned function adds what a worker tells. */
export function registerRequestMetrics(
  registry: Registry,
  { poolName, isConfigured, rewriteOf, hasFlowControl, endpoints, families, clock }: RequestMetricsOptions,
): TakeObserved {
  const names = new BoundedNames(isConfigured);
  const priorities = new BoundedNames(() => false, MOST_PRIORITIES);
  const running = new ToldRows<RunningRequests>(clock);
  const waiting = new ToldRows<WaitingRequests>(clock);
  const table = new SeriesTable();
  const attempts = new Attempts();
  registerSeries(registry, families, table);
  registerAttempts(registry, families, attempts, endpoints);
  registerToldGauges(registry, families, RUNNING, running, (row) => {
    const pool = poolName(row.pool);
    return { inference_pool: pool, model_name: names.of(pool, nameOf(row.model)) };
  });
  registerToldGauges(registry, families, WAITING, waiting, ({ pool, priority }) => ({
    fairness_id: "",
    priority: pool === 0n ? OTHER : priorities.of("", String(priority)),
    inference_pool: poolName(pool),
    model_name: "",
    target_model_name: "",
  }));

  function add(record: Observation, exemplar: Traced): void {
    const pool = poolName(record.pool);
    const [asked, given] = [nameOf(record.model), nameOf(record.target)];
    const target = names.of(pool, given);
    const priority = priorities.of("", String(record.priority));
    const series = table.of(pool, names.of(pool, asked), target, priority);
    const error = errorCode(record.status, record.local);
    series.count(error, rewriteOf(pool, asked, given));
    series.observe("requestBytes", record.requestBytes);
    const outcome = outcomeOf(record, hasFlowControl(pool));
    if (outcome !== undefined) {
      const waited = record.queued / MICROSECONDS;
      series.observe("queued", waited, exemplar(waited), outcome);
    }
    if (record.endpoint !== 0n || (record.local && record.status === 503)) attempts.count(record.endpoint, target);
    if (record.status !== 0 && !record.local) measureAnswer(series, record, error !== undefined, exemplar);
  }

  return (observed, traceIds) => {
    running.take(observed.worker, observed.running);
    waiting.take(observed.worker, observed.waiting);
    const timestamp = Number(clock.wall()) / MICROSECONDS;
    for (const [index, record] of observed.records.entries()) add(record, traced(traceIds?.get(index), timestamp));
  };
}
