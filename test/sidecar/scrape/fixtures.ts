// Generated inputs; the same seed makes the same input everywhere.

/** Numbers from 0 to 1, below 1 (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** One of a list. */
export function pick<T>(random: () => number, list: readonly T[]): T {
  return list[Math.floor(random() * list.length)] as T;
}

/** An exposition such as a vLLM server gives, with as many histogram lines as asked for. */
export function vllmExposition(
  values: { waiting?: number; running?: number; kv?: number; blocks?: number } = {},
  histogramLines = 20,
): string {
  const { waiting = 0, running = 0, kv = 0, blocks = 1000 } = values;
  const labels = 'engine="0",model_name="base"';
  const lines = [
    "# HELP vllm:num_requests_running Requests in execution.",
    "# TYPE vllm:num_requests_running gauge",
    `vllm:num_requests_running{${labels}} ${running}`,
    "# TYPE vllm:num_requests_waiting gauge",
    `vllm:num_requests_waiting{${labels}} ${waiting}`,
    `vllm:kv_cache_usage_perc{${labels}} ${kv}`,
    `vllm:cache_config_info{block_size="16",enable_prefix_caching="True",num_gpu_blocks="${blocks}"} 1.0`,
  ];
  for (let line = 0; line < histogramLines; line++) {
    lines.push(`vllm:time_to_first_token_seconds_bucket{${labels},le="${line / 8}"} ${line * 3}.0`);
  }
  return `${lines.join("\n")}\n`;
}
