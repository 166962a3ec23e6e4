import type { Histogram } from "./histogram.ts";
import type { Simulation } from "./simulation.ts";

/** Content type of the Prometheus text exposition format. */
export const METRICS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Escapes a label's value for the exposition format. */
export function escapeLabel(value: string): string {
  return value.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n");
}

function histogram(name: string, help: string, label: string, values: Histogram): string {
  const counts = values.cumulative();
  const buckets = values.bounds.map((bound, i) => `${name}_bucket{le="${bound}",${label}} ${counts[i]}\n`).join("");
  return (
    `# HELP ${name} ${help}\n# TYPE ${name} histogram\n${buckets}` +
    `${name}_bucket{le="+Inf",${label}} ${values.count}\n` +
    `${name}_sum{${label}} ${values.sum}\n${name}_count{${label}} ${values.count}\n`
  );
}

function family(name: string, type: "counter" | "gauge", help: string, samples: string): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${samples}\n`;
}

/**
 * Writes GET /metrics under vLLM's metric names. `unixSeconds` becomes the value of `vllm:lora_requests_info`, as
 * vLLM has it. Overridden figures stand in for the engine's.
 */
export function renderMetrics(simulation: Simulation, unixSeconds: number): string {
  const { engine, options, overrides } = simulation;
  const { stats } = engine;
  const label = `model_name="${escapeLabel(options.model)}"`;
  const plain = (name: string, type: "counter" | "gauge", help: string, value: number): string =>
    family(name, type, help, `${name}{${label}} ${value}`);

  const cache = `block_size="${options.blockSize}",cache_dtype="auto",enable_prefix_caching="True"`;
  const running = engine.runningAdapters().map(escapeLabel).join(",");
  const waiting = engine.waitingAdapters().map(escapeLabel).join(",");
  const loras =
    `vllm:lora_requests_info{max_lora="${options.maxLoras}",running_lora_adapters="${running}",` +
    `waiting_lora_adapters="${waiting}"} ${unixSeconds}`;
  const finished = Object.entries(stats.finished).map(
    ([reason, count]) => `vllm:request_success_total{finished_reason="${reason}",${label}} ${count}`,
  );
  return [
    plain("vllm:num_requests_running", "gauge", "Requests in the batch.", overrides.running ?? engine.running),
    plain("vllm:num_requests_waiting", "gauge", "Requests in the queue.", overrides.waiting ?? engine.waiting),
    plain(
      "vllm:kv_cache_usage_perc",
      "gauge",
      "Share of the KV cache blocks in use, 0 to 1.",
      overrides.kvCacheUsage ?? engine.kvCacheUsage,
    ),
    family(
      "vllm:cache_config_info",
      "gauge",
      "The KV cache's configuration.",
      `vllm:cache_config_info{${cache},num_gpu_blocks="${options.numGpuBlocks}"} 1`,
    ),
    family("vllm:lora_requests_info", "gauge", "LoRA adapters of running and waiting requests.", loras),
    plain("vllm:prompt_tokens_total", "counter", "Prompt tokens computed or found.", stats.promptTokens),
    plain("vllm:generation_tokens_total", "counter", "Tokens generated.", stats.generationTokens),
    plain("vllm:prefix_cache_queries_total", "counter", "Tokens looked up in the cache.", stats.prefixQueries),
    plain("vllm:prefix_cache_hits_total", "counter", "Tokens found in the cache.", stats.prefixHits),
    family("vllm:request_success_total", "counter", "Requests that ended, by reason.", finished.join("\n")),
    histogram(
      "vllm:time_to_first_token_seconds",
      "Time from arrival to the first token.",
      label,
      stats.timeToFirstToken,
    ),
    histogram("vllm:e2e_request_latency_seconds", "Time from arrival to the last token.", label, stats.endToEnd),
  ].join("");
}
