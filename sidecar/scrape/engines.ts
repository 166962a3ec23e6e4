// What each inference engine calls the signals that scheduling needs.

import { ENGINE_SGLANG, ENGINE_TRITON_TENSORRT_LLM, ENGINE_TRTLLM_SERVE, ENGINE_VLLM } from "../../wire/layout.ts";

/** Where a number stands in an exposition. */
export interface Selector {
  readonly metric: string;
  /** Only series that have this label with this text; all of them where left out. */
  readonly where?: { readonly label: string; readonly is: string };
  /** The number is the text of this label; the series' own value where left out. */
  readonly fromLabel?: string;
}

/** An info metric whose value is a timestamp and whose labels list adapters, comma-separated. */
export interface AdapterInfo {
  readonly metric: string;
  readonly running: string;
  readonly waiting: string;
  readonly slots: string;
}

/** One engine's row. */
export interface EngineMetrics {
  /** Value of the engine-type label. */
  readonly name: string;
  readonly queued: Selector;
  readonly running: Selector;
  /** First one that the exposition has counts; the later ones are names of older releases. */
  readonly kvUsage: readonly [Selector, ...Selector[]];
  /** Tokens per KV-cache block; left out where the engine does not tell. */
  readonly blockSize?: Selector;
  /** KV-cache blocks; likewise. */
  readonly blockCount?: Selector;
  readonly adapters?: AdapterInfo;
}

/** The row of an engine by its ENGINE_ constant. */
export type MetricsOf = (engine: number) => EngineMetrics;

function tritonRequests(type: string): Selector {
  return { metric: "nv_trt_llm_request_metrics", where: { label: "request_type", is: type } };
}

function tritonBlocks(type: string): Selector {
  return { metric: "nv_trt_llm_kv_cache_block_metrics", where: { label: "kv_cache_block_type", is: type } };
}

const byEngine = new Map<number, EngineMetrics>([
  [
    ENGINE_VLLM,
    {
      name: "vllm",
      queued: { metric: "vllm:num_requests_waiting" },
      running: { metric: "vllm:num_requests_running" },
      kvUsage: [{ metric: "vllm:kv_cache_usage_perc" }, { metric: "vllm:gpu_cache_usage_perc" }],
      blockSize: { metric: "vllm:cache_config_info", fromLabel: "block_size" },
      blockCount: { metric: "vllm:cache_config_info", fromLabel: "num_gpu_blocks" },
      adapters: {
        metric: "vllm:lora_requests_info",
        running: "running_lora_adapters",
        waiting: "waiting_lora_adapters",
        slots: "max_lora",
      },
    },
  ],
  [
    ENGINE_SGLANG,
    {
      name: "sglang",
      queued: { metric: "sglang:num_queue_reqs" },
      running: { metric: "sglang:num_running_reqs" },
      kvUsage: [{ metric: "sglang:token_usage" }],
      blockSize: { metric: "sglang:cache_config_info", fromLabel: "page_size" },
      blockCount: { metric: "sglang:cache_config_info", fromLabel: "num_pages" },
    },
  ],
  [
    ENGINE_TRTLLM_SERVE,
    {
      name: "trtllm-serve",
      queued: { metric: "trtllm_num_requests_waiting" },
      running: { metric: "trtllm_num_requests_running" },
      kvUsage: [{ metric: "trtllm_kv_cache_utilization" }],
      blockSize: { metric: "trtllm_kv_cache_tokens_per_block" },
      blockCount: { metric: "trtllm_kv_cache_max_blocks" },
    },
  ],
  [
    ENGINE_TRITON_TENSORRT_LLM,
    {
      name: "triton-tensorrt-llm",
      queued: tritonRequests("waiting"),
      running: tritonRequests("scheduled"),
      kvUsage: [tritonBlocks("fraction")],
      blockSize: tritonBlocks("tokens_per"),
      blockCount: tritonBlocks("max"),
    },
  ],
]);

/** Names of all engines, as the engine-type label gives them. */
export const ENGINE_NAMES: readonly string[] = [...byEngine.values()].map((engine) => engine.name);

/** The ENGINE_ constant of a name; undefined where no engine is called so. */
export function engineByName(name: string): number | undefined {
  for (const [engine, metrics] of byEngine) {
    if (metrics.name === name) return engine;
  }
  return undefined;
}

/**
 * The row of an engine.
 * @throws RangeError where the number is none of the ENGINE_ constants.
 */
export function engineMetrics(engine: number): EngineMetrics {
  const metrics = byEngine.get(engine);
  if (metrics === undefined) throw new RangeError(`engine is ${engine}, must be one of the ENGINE_ constants`);
  return metrics;
}

/** How a message names a selector: as one would query it. */
export function selectorText(selector: Selector): string {
  return selector.where === undefined
    ? selector.metric
    : `${selector.metric}{${selector.where.label}="${selector.where.is}"}`;
}
