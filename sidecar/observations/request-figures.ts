// What requests are measured by, under the reference's names with its buckets: of the Gateway API Inference Extension
// (pkg/epp/metrics; those of times to tokens are of its predicted-latency producer) and of llm-d-router.

import type { MetricFamily } from "../observe/metric-family.ts";

const LATENCY_BUCKETS = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60, 120, 180, 240,
  300, 360, 480, 600, 900, 1200, 1800, 2700, 3600,
];
const TTFT_BUCKETS = LATENCY_BUCKETS.filter((bound) => bound <= 120);
const ITL_BUCKETS = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 2];
const TPOT_BUCKETS = [
  0.0005, 0.00205, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.125, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1, 1.5, 2, 3,
  4.5, 6, 12, 18, 24, 30, 36, 48, 60, 90, 120, 180, 270, 360,
];
const SHORT_TPOT_BUCKETS = TPOT_BUCKETS.filter((bound) => bound <= 2 && bound !== 1.5);
const NTPOT_BUCKETS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10];
const QUEUE_BUCKETS = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
/** 64 bytes to 1 GiB. */
const REQUEST_BYTES_BUCKETS = Array.from({ length: 25 }, (_, index) => 64 * 2 ** index);
/** The reference says 32778 where one expects 32768, and so do those who compare with it. */
const ANSWER_BYTES_BUCKETS = [1, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32778, 65536];
const PROMPT_BUCKETS = [...ANSWER_BYTES_BUCKETS, 131072, 262144, 524288, 1048576];
const OUTPUT_BUCKETS = ANSWER_BYTES_BUCKETS.filter((bound) => bound <= 8192);

/** A histogram's name in one of the families. */
interface FamilyName {
  readonly name: string;
  /** Its buckets, where they are not all of the figure's. */
  readonly bounds?: readonly number[];
}

/** Something that requests are measured by. */
export interface Figure {
  readonly help: string;
  readonly bounds: readonly number[];
  /** Its names; none in a family that has no such metric. */
  readonly names: Partial<Record<MetricFamily, FamilyName>>;
  /** What tells its distributions apart beside the request's own labels. */
  readonly by?: "streaming" | "outcome";
}

const objective = (name: string) => ({ name: `inference_objective_${name}` });
const llmD = (name: string) => ({ name: `llm_d_epp_${name}` });

/** All of them. */
export const FIGURES = {
  duration: {
    help: "From a request's headers to its end, in seconds, of those that an endpoint answered.",
    bounds: LATENCY_BUCKETS,
    names: { gie: objective("request_duration_seconds"), "llm-d": llmD("request_duration_seconds") },
  },
  requestBytes: {
    help: "Bytes of requests' bodies.",
    bounds: REQUEST_BYTES_BUCKETS,
    names: { gie: objective("request_sizes"), "llm-d": llmD("request_size_bytes") },
  },
  answerBytes: {
    help: "Bytes of answers' bodies.",
    bounds: ANSWER_BYTES_BUCKETS,
    names: { gie: objective("response_sizes"), "llm-d": llmD("response_size_bytes") },
  },
  prompt: {
    help: "Prompt tokens, by the answer's usage figures.",
    bounds: PROMPT_BUCKETS,
    names: { gie: objective("input_tokens"), "llm-d": llmD("request_input_tokens") },
  },
  output: {
    help: "Generated tokens, by the answer's usage figures.",
    bounds: OUTPUT_BUCKETS,
    names: { gie: objective("output_tokens"), "llm-d": llmD("request_output_tokens") },
  },
  cached: {
    help: "Prompt tokens that the engine had cached.",
    bounds: PROMPT_BUCKETS,
    names: { gie: objective("prompt_cached_tokens"), "llm-d": llmD("request_cached_tokens") },
  },
  perToken: {
    help: "A request's duration by its generated tokens, in seconds.",
    bounds: NTPOT_BUCKETS,
    names: { gie: objective("normalized_time_per_output_token_seconds"), "llm-d": llmD("request_ntpot_seconds") },
  },
  ttft: {
    help: "From a request's headers to the first event of its answer, in seconds; without events, to the answer's end.",
    bounds: LATENCY_BUCKETS,
    names: {
      gie: objective("request_ttft_seconds"),
      "llm-d": { ...llmD("request_ttft_seconds"), bounds: TTFT_BUCKETS },
    },
    by: "streaming",
  },
  tpot: {
    help: "Time from the first event of a streamed answer to its end by the tokens after the first, in seconds.",
    bounds: TPOT_BUCKETS,
    names: {
      gie: objective("request_tpot_seconds"),
      "llm-d": { ...llmD("request_streaming_tpot_seconds"), bounds: SHORT_TPOT_BUCKETS },
    },
  },
  itl: {
    help: "Time between the events of a streamed answer, its mean over the answer, in seconds.",
    bounds: ITL_BUCKETS,
    names: { "llm-d": llmD("request_streaming_itl_seconds") },
  },
  queued: {
    help: "Time that requests waited for room in the pool, in seconds, of those that went on or had to wait.",
    bounds: QUEUE_BUCKETS,
    names: {
      gie: { name: "inference_extension_flow_control_request_queue_duration_seconds" },
      "llm-d": llmD("flow_control_request_queue_duration_seconds"),
    },
    by: "outcome",
  },
} as const satisfies Record<string, Figure>;

export type FigureName = keyof typeof FIGURES;
