import assert from "node:assert/strict";
import { test } from "node:test";
import { SignalReader } from "../../../sidecar/scrape/signals.ts";
import { ENGINE_VLLM } from "../../../wire/layout.ts";
import { refusalOf, settingsOf } from "./parse.ts";

const FILE = "--endpoints=f";

/** What an exposition says by the flags' names. */
async function read(exposition: string, ...flags: string[]) {
  const { vllmMetrics } = await settingsOf([FILE, ...flags]);
  const reader = new SignalReader(ENGINE_VLLM, () => vllmMetrics!);
  reader.begin();
  reader.write(Buffer.from(exposition));
  return reader.finish();
}

test("without a flag the engine's names stay", async () => {
  assert.equal((await settingsOf([FILE])).vllmMetrics, undefined);
});

test("metrics by other names, by a label and without infos", async () => {
  const exposition = [
    'nv_trt_llm_request_metrics{model="m",request_type="waiting"} 3',
    'nv_trt_llm_request_metrics{model="m",request_type="scheduled"} 5',
    'nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type="fraction",model="m"} 0.5',
    'vllm:cache_config_info{block_size="16",num_gpu_blocks="100"} 1',
    "",
  ].join("\n");
  const reading = await read(
    exposition,
    "--total-queued-requests-metric=nv_trt_llm_request_metrics{request_type=waiting}",
    '--total-running-requests-metric=nv_trt_llm_request_metrics{request_type="scheduled"}',
    "--kv-cache-usage-percentage-metric=nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type=fraction}",
    "--lora-info-metric=",
    "--cache-info-metric=",
  );
  assert.deepEqual(reading, {
    signals: {
      waiting: 3,
      running: 5,
      kvUsage: 0.5,
      blockSize: 0,
      blockCount: 0,
      runningAdapters: [],
      waitingAdapters: [],
      maxAdapters: 0,
    },
  });
});

test("what no flag names stays vLLM's, infos with vLLM's labels", async () => {
  const exposition = [
    "vllm:num_requests_waiting 1",
    "my_running 2",
    "vllm:kv_cache_usage_perc 0.25",
    'my_cache{block_size="32",num_gpu_blocks="7"} 1',
    'my_lora{running_lora_adapters="a",waiting_lora_adapters="b",max_lora="4"} 10',
    "",
  ].join("\n");
  const reading = await read(
    exposition,
    "--total-running-requests-metric=my_running",
    "--cache-info-metric=my_cache",
    "--lora-info-metric=my_lora",
  );
  assert.deepEqual(reading, {
    signals: {
      waiting: 1,
      running: 2,
      kvUsage: 0.25,
      blockSize: 32,
      blockCount: 7,
      runningAdapters: ["a"],
      waitingAdapters: ["b"],
      maxAdapters: 4,
    },
  });
});

for (const value of ["", "a b", "a{b}", "a{b=c,d=e}", "a{b=c", "1a"]) {
  test(`no metric: ${JSON.stringify(value)}`, async () => {
    assert.match(
      await refusalOf([FILE, `--total-queued-requests-metric=${value}`]),
      /Expected a metric's name, or name/,
    );
  });
}

test("certificates are checked, but not where https is asked for by the flag, or where that is asked for", async () => {
  const verifies = async (...flags: string[]) => (await settingsOf(["--pool-name=p", ...flags])).verifyMetricsTls;
  assert.equal(await verifies(), true);
  assert.equal(await verifies("--model-server-metrics-scheme=http"), true);
  assert.equal(await verifies("--model-server-metrics-scheme=https"), false);
  const skip = "--model-server-metrics-https-insecure-skip-verify";
  assert.equal(await verifies("--model-server-metrics-scheme=https", `${skip}=false`), true);
  assert.equal(await verifies(skip), false);
  assert.equal((await settingsOf([FILE, skip])).verifyMetricsTls, false);
});

test("a port of 0 is the endpoint's own, as in the reference", async () => {
  assert.deepEqual((await settingsOf(["--pool-name=p", "--model-server-metrics-port=0"])).metricsPlace, {});
});
