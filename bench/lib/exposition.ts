// Metric expositions of a vLLM server's shape in any size: the gauges that matter among the histograms that do not.

const HISTOGRAMS = [
  "vllm:time_to_first_token_seconds",
  "vllm:inter_token_latency_seconds",
  "vllm:e2e_request_latency_seconds",
  "vllm:request_queue_time_seconds",
  "vllm:request_prefill_time_seconds",
  "vllm:request_decode_time_seconds",
  "vllm:request_prompt_tokens",
  "vllm:request_generation_tokens",
];
const LABELS = 'engine="0",model_name="base"';

/** An exposition of at least `bytes` bytes, with an idle server's figures. */
export function vllmExposition(bytes: number): string {
  const lines = [
    "# HELP vllm:num_requests_running Number of requests in model execution batches.",
    "# TYPE vllm:num_requests_running gauge",
    `vllm:num_requests_running{${LABELS}} 0.0`,
    "# HELP vllm:num_requests_waiting Number of requests waiting to be processed.",
    "# TYPE vllm:num_requests_waiting gauge",
    `vllm:num_requests_waiting{${LABELS}} 0.0`,
    "# HELP vllm:kv_cache_usage_perc KV-cache usage. 1 means 100 percent usage.",
    "# TYPE vllm:kv_cache_usage_perc gauge",
    `vllm:kv_cache_usage_perc{${LABELS}} 0.0`,
    `vllm:cache_config_info{block_size="16",num_gpu_blocks="4096",${LABELS}} 1.0`,
  ];
  let size = lines.join("\n").length;
  for (let round = 0; size < bytes; round++) {
    const name = HISTOGRAMS[round % HISTOGRAMS.length];
    for (let bucket = 0; bucket < 20 && size < bytes; bucket++) {
      const line = `${name}_bucket{${LABELS},le="${bucket * 0.05}",round="${round}"} ${bucket * 17}.0`;
      lines.push(line);
      size += line.length + 1;
    }
  }
  return `${lines.join("\n")}\n`;
}
