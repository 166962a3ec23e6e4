// The reference's metrics of requests, from what gateways tell when one is over. Names, labels and buckets are the
// reference's (pkg/epp/metrics of the Gateway API Inference Extension and of llm-d-router); the pool is a label more.

import { Counter, Histogram, type Registry } from "prom-client";
import type { Observation, Observed, ObservedModel } from "../../wire/model.ts";
import type { Clock } from "../support/clock.ts";
import { BoundedNames, OTHER } from "./bounded-names.ts";
import { errorCode } from "./error-code.ts";
import { registerRunningGauge } from "./running-gauge.ts";
import { RunningRequests } from "./running-requests.ts";

const LATENCY_BUCKETS = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60, 120, 180, 240,
  300, 360, 480, 600, 900, 1200, 1800, 2700, 3600,
];
const TTFT_BUCKETS = LATENCY_BUCKETS.filter((bound) => bound <= 120);
const ITL_BUCKETS = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 2];
const NTPOT_BUCKETS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10];
/** 64 bytes to 1 GiB. */
const REQUEST_BYTES_BUCKETS = Array.from({ length: 25 }, (_, index) => 64 * 2 ** index);
/** The reference says 32778 where one expects 32768, and so do those who compare with it. */
const ANSWER_BYTES_BUCKETS = [1, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32778, 65536];
const PROMPT_BUCKETS = [...ANSWER_BYTES_BUCKETS, 131072, 262144, 524288, 1048576];
const OUTPUT_BUCKETS = ANSWER_BYTES_BUCKETS.filter((bound) => bound <= 8192);

const MICROSECONDS = 1e6;
const MODELS = ["inference_pool", "model_name", "target_model_name"] as const;

function nameOf(model: ObservedModel | "other" | undefined): string {
  if (model === undefined) return "";
  return model === "other" ? OTHER : model.name;
}

/** What the metrics need to know of names. */
export interface RequestMetricsOptions {
  /** The name of the pool with this key; "" where there is none. */
  poolName(key: bigint): string;
  /** Whether a pool's configuration names this model. */
  isConfigured(pool: string, model: string): boolean;
  readonly clock: Pick<Clock, "now">;
}

/** Makes the metrics; the returned function adds what a worker tells. */
export function registerRequestMetrics(
  registry: Registry,
  { poolName, isConfigured, clock }: RequestMetricsOptions,
): (observed: Observed) => void {
  const registers = [registry];
  const names = new BoundedNames(isConfigured);
  const running = new RunningRequests(clock);
  registerRunningGauge(
    registry,
    () => running.rows(),
    (row) => {
      const pool = poolName(row.pool);
      return { inference_pool: pool, model_name: names.of(pool, nameOf(row.model)) };
    },
  );
  const histogram = (name: string, help: string, buckets: number[]) =>
    new Histogram({ name: `inference_objective_${name}`, help, labelNames: MODELS, buckets, registers });

  const requests = new Counter({
    name: "inference_objective_request_total",
    help: "Requests that are over.",
    labelNames: [...MODELS, "priority"],
    registers,
  });
  const errors = new Counter({
    name: "inference_objective_request_error_total",
    help: "Requests that ended in an error, or without an answer.",
    labelNames: [...MODELS, "error_code"],
    registers,
  });
  const duration = histogram(
    "request_duration_seconds",
    "From a request's headers to its end, of those that an endpoint answered.",
    LATENCY_BUCKETS,
  );
  const requestSizes = histogram("request_sizes", "Bytes of requests' bodies.", REQUEST_BYTES_BUCKETS);
  const answerSizes = histogram("response_sizes", "Bytes of answers' bodies.", ANSWER_BYTES_BUCKETS);
  const input = histogram("input_tokens", "Prompt tokens, by the answer's usage figures.", PROMPT_BUCKETS);
  const output = histogram("output_tokens", "Generated tokens, by the answer's usage figures.", OUTPUT_BUCKETS);
  const cached = histogram("prompt_cached_tokens", "Prompt tokens that the engine had cached.", PROMPT_BUCKETS);
  const perToken = histogram(
    "normalized_time_per_output_token_seconds",
    "A request's duration by its generated tokens.",
    NTPOT_BUCKETS,
  );
  const ttft = new Histogram({
    name: "llm_d_epp_request_ttft_seconds",
    help: "From a request's headers to the first event of its answer; without events, to the answer's end.",
    labelNames: [...MODELS, "priority", "streaming"],
    buckets: TTFT_BUCKETS,
    registers,
  });
  const itl = new Histogram({
    name: "llm_d_epp_request_streaming_itl_seconds",
    help: "Time between the events of a streamed answer, its mean over the answer.",
    labelNames: [...MODELS, "priority"],
    buckets: ITL_BUCKETS,
    registers,
  });

  const add = (record: Observation): void => {
    const pool = poolName(record.pool);
    const models = {
      inference_pool: pool,
      model_name: names.of(pool, nameOf(record.model)),
      target_model_name: names.of(pool, nameOf(record.target)),
    };
    const priority = String(record.priority);
    requests.inc({ ...models, priority });
    const error = errorCode(record.status, record.local);
    if (error !== undefined) errors.inc({ ...models, error_code: error });
    requestSizes.observe(models, record.requestBytes);
    if (record.status === 0 || record.local) return;
    const seconds = record.duration / MICROSECONDS;
    duration.observe(models, seconds);
    answerSizes.observe(models, record.answerBytes);
    if (record.prompt > 0) input.observe(models, record.prompt);
    if (record.cachedKnown) cached.observe(models, record.cached);
    if (record.output > 0) {
      output.observe(models, record.output);
      perToken.observe(models, seconds / record.output);
    }
    if (error !== undefined) return;
    const streaming = record.ttft > 0;
    const first = streaming ? record.ttft / MICROSECONDS : seconds;
    ttft.observe({ ...models, priority, streaming: String(streaming) }, first);
    if (record.itl > 0) itl.observe({ ...models, priority }, record.itl / MICROSECONDS);
  };
  return (observed) => {
    running.take(observed);
    for (const record of observed.records) add(record);
  };
}
