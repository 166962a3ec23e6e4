import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MAX_ADAPTERS } from "../../../sidecar/scrape/adapters.ts";
import { ENGINE_NAMES, engineByName, engineMetrics } from "../../../sidecar/scrape/engines.ts";
import { SignalReader, type Signals } from "../../../sidecar/scrape/signals.ts";
import { encodeLoad } from "../../../wire/encode.ts";
import * as L from "../../../wire/layout.ts";
import { vllmExposition } from "./fixtures.ts";

function read(engine: number, text: string): Signals | string {
  const reader = new SignalReader(engine);
  reader.begin();
  reader.write(Buffer.from(text));
  const reading = reader.finish();
  return "signals" in reading ? reading.signals : reading.unusable;
}

function vllm(text: string): Signals {
  const signals = read(L.ENGINE_VLLM, text);
  assert.ok(typeof signals === "object", String(signals));
  return signals;
}

const NO_ADAPTERS = { runningAdapters: [], waitingAdapters: [], maxAdapters: 0 };

describe("engines", () => {
  test("vllm", () => {
    assert.deepEqual(read(L.ENGINE_VLLM, vllmExposition({ waiting: 4, running: 9, kv: 0.25, blocks: 31250 }, 300)), {
      waiting: 4,
      running: 9,
      kvUsage: 0.25,
      blockSize: 16,
      blockCount: 31250,
      ...NO_ADAPTERS,
    });
  });

  test("vllm's older name of KV usage counts where the newer one is missing", () => {
    const needed = "vllm:num_requests_waiting 1\nvllm:num_requests_running 2\nvllm:gpu_cache_usage_perc 0.5\n";
    assert.equal(vllm(needed).kvUsage, 0.5);
    assert.equal(vllm(`${needed}vllm:kv_cache_usage_perc 0.75\n`).kvUsage, 0.75);
  });

  test("sglang", () => {
    const text = [
      'sglang:num_queue_reqs{model_name="m"} 2.0',
      'sglang:num_running_reqs{model_name="m"} 7.0',
      'sglang:token_usage{model_name="m"} 0.31',
      'sglang:cache_config_info{num_pages="2048",page_size="64"} 1.0',
    ].join("\n");
    assert.deepEqual(read(L.ENGINE_SGLANG, text), {
      waiting: 2,
      running: 7,
      kvUsage: 0.31,
      blockSize: 64,
      blockCount: 2048,
      ...NO_ADAPTERS,
    });
  });

  test("trtllm-serve", () => {
    const text = [
      "trtllm_num_requests_waiting 3",
      "trtllm_num_requests_running 5",
      "trtllm_kv_cache_utilization 0.125",
      "trtllm_kv_cache_tokens_per_block 32",
      "trtllm_kv_cache_max_blocks 4096",
    ].join("\n");
    assert.deepEqual(read(L.ENGINE_TRTLLM_SERVE, text), {
      waiting: 3,
      running: 5,
      kvUsage: 0.125,
      blockSize: 32,
      blockCount: 4096,
      ...NO_ADAPTERS,
    });
  });

  test("triton-tensorrt-llm", () => {
    const requests = (type: string, value: number): string =>
      `nv_trt_llm_request_metrics{model="tensorrt_llm",request_type="${type}",version="1"} ${value}`;
    const blocks = (type: string, value: number): string =>
      `nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type="${type}",model="tensorrt_llm",version="1"} ${value}`;
    const text = [
      requests("context", 90),
      requests("scheduled", 6),
      requests("max", 512),
      requests("active", 8),
      requests("waiting", 2),
      blocks("used", 11),
      blocks("free", 33),
      blocks("fraction", 0.25),
      blocks("tokens_per", 64),
      blocks("max", 44),
    ].join("\n");
    assert.deepEqual(read(L.ENGINE_TRITON_TENSORRT_LLM, text), {
      waiting: 2,
      running: 6,
      kvUsage: 0.25,
      blockSize: 64,
      blockCount: 44,
      ...NO_ADAPTERS,
    });
  });

  test("names and constants belong together", () => {
    assert.deepEqual(ENGINE_NAMES, ["vllm", "sglang", "trtllm-serve", "triton-tensorrt-llm"]);
    for (const name of ENGINE_NAMES) assert.equal(engineMetrics(engineByName(name) as number).name, name);
    assert.equal(engineByName("tgi"), undefined);
    assert.throws(() => new SignalReader(9), /engine is 9/);
  });
});

describe("values", () => {
  const three = (waiting: string, running: string, kv: string): string =>
    `vllm:num_requests_waiting ${waiting}\nvllm:num_requests_running ${running}\nvllm:kv_cache_usage_perc ${kv}\n`;

  test("are held within the fields of a sample and rounded", () => {
    const signals = vllm(three("-3", "2.6", "1.0000001"));
    assert.deepEqual([signals.waiting, signals.running, signals.kvUsage], [0, 3, 1]);
    const infinite = vllm(three("+Inf", "1e300", "-0.5"));
    assert.deepEqual([infinite.waiting, infinite.running, infinite.kvUsage], [0xffffffff, 0xffffffff, 0]);
  });

  test("of several series: requests and blocks add up, KV usage is the mean, the block size the largest", () => {
    const text = [0, 1]
      .map(
        (rank) =>
          `vllm:num_requests_waiting{engine="${rank}"} ${1 + rank}\nvllm:num_requests_running{engine="${rank}"} 4\n` +
          `vllm:kv_cache_usage_perc{engine="${rank}"} ${rank === 0 ? 0.25 : 0.75}\n` +
          `vllm:cache_config_info{block_size="${16 + 16 * rank}",num_gpu_blocks="100",engine="${rank}"} 1\n`,
      )
      .join("");
    const signals = vllm(text);
    assert.deepEqual(
      [signals.waiting, signals.running, signals.kvUsage, signals.blockSize, signals.blockCount],
      [3, 8, 0.5, 32, 200],
    );
  });

  test("a block count that is not yet known is none", () => {
    const config = (count: string): string => `vllm:cache_config_info{block_size="16",num_gpu_blocks="${count}"} 1\n`;
    assert.equal(vllm(three("1", "1", "0") + config("None")).blockCount, 0);
    assert.equal(vllm(three("1", "1", "0") + config("None") + config("512")).blockCount, 512);
    assert.equal(vllm(three("1", "1", "0")).blockSize, 0);
  });

  test("that are missing or NaN make it unusable, naming metric and engine", () => {
    const needed = three("1", "1", "0").trimEnd().split("\n");
    for (const [index, metric] of [
      "vllm:num_requests_waiting",
      "vllm:num_requests_running",
      "vllm:kv_cache_usage_perc",
    ].entries()) {
      const without = needed.filter((_, line) => line !== index).join("\n");
      assert.equal(read(L.ENGINE_VLLM, without), `no ${metric} in the exposition, which engine vllm should have`);
    }
    assert.equal(read(L.ENGINE_VLLM, three("NaN", "1", "0")), "vllm:num_requests_waiting of engine vllm is NaN");
    assert.equal(
      read(L.ENGINE_TRITON_TENSORRT_LLM, three("1", "1", "0")),
      'no nv_trt_llm_request_metrics{request_type="waiting"} in the exposition, which engine triton-tensorrt-llm should have',
    );
    assert.match(String(read(L.ENGINE_VLLM, "")), /^no vllm:num_requests_waiting/);
  });

  test("of one exposition do not reach into the next", () => {
    const reader = new SignalReader(L.ENGINE_VLLM);
    const lora = 'vllm:lora_requests_info{max_lora="4",running_lora_adapters="a",waiting_lora_adapters=""} 5\n';
    for (const text of [`${three("5", "5", "1")}${lora}`, three("1", "2", "0.5")]) {
      reader.begin();
      reader.write(Buffer.from(text));
      reader.write(Buffer.from("vllm:num_requests_wai"));
      if (text.includes("lora")) continue;
      assert.deepEqual(reader.finish(), {
        signals: { waiting: 1, running: 2, kvUsage: 0.5, blockSize: 0, blockCount: 0, ...NO_ADAPTERS },
      });
    }
  });
});

describe("LoRA adapters", () => {
  const series = (running: string, waiting: string, time: string, slots = "4"): string =>
    `vllm:lora_requests_info{max_lora="${slots}",running_lora_adapters="${running}",waiting_lora_adapters="${waiting}"} ${time}\n`;
  const adapters = (text: string): unknown[] => {
    const signals = vllm(vllmExposition() + text);
    return [signals.runningAdapters, signals.waitingAdapters, signals.maxAdapters];
  };

  test("none", () => {
    assert.deepEqual(adapters(""), [[], [], 0]);
    assert.deepEqual(adapters(series("", "", "1.7e+09")), [[], [], 4]);
  });

  test("names are separated by commas, blanks do not count", () => {
    assert.deepEqual(adapters(series("a, b ,,c", " ", "1")), [["a", "b", "c"], [], 4]);
  });

  test("the newest of several series wins, wherever it stands", () => {
    const old = series("old", "", "1.700000001e+09");
    const young = series("a,b", "c", "1.700000002e+09");
    const oldest = series("", "oldest", "5e+08", "9");
    for (const text of [old + young + oldest, young + old + oldest, oldest + old + young]) {
      assert.deepEqual(adapters(text), [["a", "b"], ["c"], 4]);
    }
    assert.deepEqual(adapters(old + series("nan", "", "NaN")), [["old"], [], 4]);
  });

  test("slots that are no number are unknown, too many are cut", () => {
    assert.deepEqual(adapters(series("a", "", "1", "many")), [["a"], [], 0]);
    assert.deepEqual(adapters(series("a", "", "1", "70000")), [["a"], [], 65535]);
  });

  test("as many as are kept of the largest pool fit a frame, running ones first", () => {
    const many = (letter: string, count: number): string =>
      Array.from({ length: count }, (_, index) => `${letter}${index}`).join(",");
    const signals = vllm(vllmExposition() + series(many("r", 100), many("w", 100), "1"));
    assert.equal(signals.runningAdapters.length, 100);
    assert.equal(signals.waitingAdapters.length, MAX_ADAPTERS - 100);
    const sample = { ...signals, ready: true, age: 0, counter: 1 };
    const samples = new Array(L.MAX_ENDPOINTS).fill(sample);
    const frame = encodeLoad({ pool: "p", rosterEpoch: 1n, sequence: 1n, sentAt: 1n, freshFor: 2000, samples });
    assert.ok(frame.length <= L.MAX_FRAME_BYTES);
  });
});
