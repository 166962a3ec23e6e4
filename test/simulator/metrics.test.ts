import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../simulator/virtual-clock.ts";
import { type Client, chatBody, start, until } from "./server-support.ts";

/** The samples by series, as they stand in the text. */
async function scrape(client: Client): Promise<Map<string, number>> {
  const response = await client.get("/metrics");
  assert.equal(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  const samples = new Map<string, number>();
  for (const line of (await response.text()).split("\n").slice(0, -1)) {
    if (/^# (HELP|TYPE) vllm:\w+ \S/.test(line)) continue;
    const match = /^(vllm:\w+\{(?:\w+="(?:[^"\\\n]|\\.)*",?)+\}) (\S+)$/.exec(line);
    assert.ok(match !== null, `no sample: ${line}`);
    const value = Number(match[2]);
    assert.ok(Number.isFinite(value), line);
    samples.set(match[1]!, value);
  }
  return samples;
}

test("an idle server's metrics, under vLLM's names", async (t) => {
  const client = await start(t, { maxLoras: 3 });
  const samples = await scrape(client);
  const m = 'model_name="base"';
  assert.equal(samples.get(`vllm:num_requests_running{${m}}`), 0);
  assert.equal(samples.get(`vllm:num_requests_waiting{${m}}`), 0);
  assert.equal(samples.get(`vllm:kv_cache_usage_perc{${m}}`), 0);
  const config = 'block_size="16",cache_dtype="auto",enable_prefix_caching="True",num_gpu_blocks="4096"';
  assert.equal(samples.get(`vllm:cache_config_info{${config}}`), 1);
  const time = samples.get('vllm:lora_requests_info{max_lora="3",running_lora_adapters="",waiting_lora_adapters=""}');
  assert.ok(Math.abs(time! - Date.now() / 1000) < 60, "the value is the time");
  for (const reason of ["stop", "length", "abort"]) {
    assert.equal(samples.get(`vllm:request_success_total{finished_reason="${reason}",${m}}`), 0);
  }
  for (const name of ["time_to_first_token_seconds", "e2e_request_latency_seconds"]) {
    assert.equal(samples.get(`vllm:${name}_bucket{le="+Inf",${m}}`), 0);
    assert.equal(samples.get(`vllm:${name}_sum{${m}}`), 0);
    assert.equal(samples.get(`vllm:${name}_count{${m}}`), 0);
  }
});

test("a busy server's metrics: batch, queue, cache and adapters", async (t) => {
  const clock = new VirtualClock();
  const client = await start(
    t,
    { prefillBaseMs: 1000, maxNumSeqs: 2, maxLoras: 1, numGpuBlocks: 100, loras: ["a", "b"] },
    clock,
  );
  const calls = ["a", "b", "base", "base"].map(async (model) => {
    const body = chatBody("x".repeat(64 * 4), { model, max_tokens: 8, ignore_eos: true });
    return (await client.post("/v1/chat/completions", body)).json();
  });
  await until(async () => {
    const { live } = await client.state();
    return live.running + live.waiting === 4;
  });
  const busy = await scrape(client);
  const m = 'model_name="base"';
  assert.equal(busy.get(`vllm:num_requests_running{${m}}`), 2);
  assert.equal(busy.get(`vllm:num_requests_waiting{${m}}`), 2);
  assert.ok(busy.get(`vllm:kv_cache_usage_perc{${m}}`)! > 0);
  const [info] = [...busy.keys()].filter((series) => series.startsWith("vllm:lora_requests_info"));
  assert.match(info!, /running_lora_adapters="[ab]?",waiting_lora_adapters="[ab]?"/);
  while ((await client.state()).live.running > 0) clock.runAll();
  await Promise.all(calls);

  const after = await scrape(client);
  assert.equal(after.get(`vllm:request_success_total{finished_reason="length",${m}}`), 4);
  assert.equal(after.get(`vllm:generation_tokens_total{${m}}`), 32);
  // "<|user|>\n", 256 characters and "\n<|assistant|>\n": 280 characters.
  assert.equal(after.get(`vllm:prompt_tokens_total{${m}}`), 4 * 70);
  assert.equal(after.get(`vllm:prefix_cache_queries_total{${m}}`), 4 * 70);
  assert.equal(after.get(`vllm:prefix_cache_hits_total{${m}}`), 64, "the second prompt to the base model");
  assert.equal(after.get(`vllm:time_to_first_token_seconds_count{${m}}`), 4);
  assert.equal(after.get(`vllm:e2e_request_latency_seconds_bucket{le="+Inf",${m}}`), 4);
  assert.equal(after.get(`vllm:kv_cache_usage_perc{${m}}`), 0);
});

test("names are escaped in labels", async (t) => {
  const client = await start(t, { model: 'a"b\\c' });
  assert.equal((await scrape(client)).get('vllm:num_requests_running{model_name="a\\"b\\\\c"}'), 0);
});
