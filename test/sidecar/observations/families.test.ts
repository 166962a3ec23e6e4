// The same requests under the names of either family, and what each of them has beside the other.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Endpoint, Observation, RunningRequests } from "../../../wire/model.ts";
import { xxh64 } from "../../../wire/xxh64.ts";
import { written } from "../observe/written.ts";
import { measuring, model, observation, observed, POOL } from "./observed.ts";

const MODELS = `inference_pool="${POOL}",model_name="chat",target_model_name="chat-v2"`;

test("llm-d's series are told apart by priority, gie's are their sums", async () => {
  const { take, samples } = measuring();
  const slow = { priority: 5, duration: 8_000_000, status: 500 };
  take(observed([observation(), observation(slow), observation(slow)]));
  assert.deepEqual(await samples("llm_d_epp_request_duration_seconds_sum"), {
    [`{${MODELS},priority="0"}`]: 3,
    [`{${MODELS},priority="5"}`]: 16,
  });
  assert.deepEqual(await samples("inference_objective_request_duration_seconds_sum"), { [`{${MODELS}}`]: 19 });
  assert.deepEqual(await samples('inference_objective_request_duration_seconds_bucket{le="8"'), { [`,${MODELS}}`]: 3 });
  assert.deepEqual(await samples("llm_d_epp_request_error_total"), {
    [`{${MODELS},priority="5",error_code="ModelServerError"}`]: 2,
  });
  assert.deepEqual(await samples("inference_objective_request_error_total"), {
    [`{${MODELS},error_code="ModelServerError"}`]: 2,
  });
});

test("every figure has its names and its sum in both", async () => {
  const { take, samples } = measuring();
  take(observed([observation()]));
  for (const [gie, llmD, value] of [
    ["request_sizes", "request_size_bytes", 1000],
    ["response_sizes", "response_size_bytes", 20_000],
    ["input_tokens", "request_input_tokens", 300],
    ["output_tokens", "request_output_tokens", 100],
    ["prompt_cached_tokens", "request_cached_tokens", 200],
    ["normalized_time_per_output_token_seconds", "request_ntpot_seconds", 0.03],
    // 2.5 s for the 99 tokens after the first.
    ["request_tpot_seconds", "request_streaming_tpot_seconds", 2.5 / 99],
  ] as const) {
    assert.deepEqual(await samples(`inference_objective_${gie}_sum`), { [`{${MODELS}}`]: value }, gie);
    assert.deepEqual(await samples(`llm_d_epp_${llmD}_sum`), { [`{${MODELS},priority="0"}`]: value }, llmD);
  }
});

test("gie's time to the first token is that of streamed answers and of others, in all its buckets", async () => {
  const { take, samples } = measuring();
  take(observed([observation(), observation({ ttft: 0, itl: 0, duration: 200_000_000 })]));
  assert.deepEqual(await samples("inference_objective_request_ttft_seconds_sum"), { [`{${MODELS}}`]: 200.5 });
  const count = async (name: string, bound: string) => Object.values(await samples(`${name}_bucket{le="${bound}",`));
  assert.deepEqual(await count("inference_objective_request_ttft_seconds", "180"), [1]);
  assert.deepEqual(await count("inference_objective_request_ttft_seconds", "240"), [2]);
  // llm-d's last bound is 120 s.
  assert.deepEqual(await count("llm_d_epp_request_ttft_seconds", "240"), []);
  assert.deepEqual(await count("llm_d_epp_request_ttft_seconds", "+Inf"), [1, 1]);
});

test("one family alone leaves nothing of the other", async () => {
  const shown = async (families: Parameters<typeof measuring>[0]) => {
    const { take, registry } = measuring(families);
    const waiting = [{ pool: 0n, priority: 0, requests: 1, oldest: 1 }];
    take(observed([observation()], { running: [{ pool: 0n, model: "other", requests: 1 }], waiting }));
    const names = (await registry.metrics()).matchAll(/^# TYPE (inference|llm_d)/gm);
    return [...new Set([...names].map(([, family]) => family))];
  };
  assert.deepEqual(await shown({ families: ["gie"] }), ["inference"]);
  assert.deepEqual(await shown({ families: ["llm-d"] }), ["llm_d"]);
  assert.deepEqual(await shown({}), ["inference", "llm_d"]);
});

test("rewrites are counted by their names", async () => {
  const { take, samples } = measuring({ rewrites: { "chat chat-v2": "canary" } });
  take(observed([observation(), observation({ priority: 1 }), observation({ target: model("chat") })]));
  const labels = `{inference_pool="${POOL}",model_rewrite_name="canary",model_name="chat",target_model="chat-v2"}`;
  for (const prefix of ["inference_extension", "llm_d_epp"]) {
    assert.deepEqual(await samples(`${prefix}_model_rewrite_decisions_total`), { [labels]: 2 });
  }
});

test("waits for room are counted by how they ended, in both families by priority", async () => {
  const { take, samples } = measuring();
  const local = { local: true, endpoint: 0n, queued: 2_000_000 };
  take(
    observed([
      observation({ queued: 40_000 }),
      observation(), // did not wait, where nobody has to
      observation({ ...local, status: 429 }),
      observation({ ...local, status: 429, queued: 0 }), // whose 429 is that?
      observation({ ...local, status: 503 }),
      observation({ ...local, status: 413 }),
      observation({ ...local, local: false, status: 0 }),
      observation({ queued: 80_000, status: 503 }), // the model server's own
    ]),
  );
  const expected = Object.fromEntries(
    [
      ["Dispatched", 0.12],
      ["EvictedTTL", 2],
      ["EvictedNoEndpoints", 2],
      ["EvictedOther", 2],
      ["EvictedContextCancelled", 2],
    ].map(([outcome, sum]) => [`{${MODELS},priority="0",outcome="${outcome}"}`, sum]),
  );
  for (const prefix of ["inference_extension", "llm_d_epp"]) {
    assert.deepEqual(await samples(`${prefix}_flow_control_request_queue_duration_seconds_sum`), expected);
  }
});

test("where requests wait, those that need not have waited 0 s", async () => {
  const { take, samples } = measuring({ flowControl: true });
  take(observed([observation(), observation({ queued: 1_000_000 })]));
  const name = "llm_d_epp_flow_control_request_queue_duration_seconds";
  assert.deepEqual(Object.values(await samples(`${name}_bucket{le="0.0001"`)), [1]);
  assert.deepEqual(Object.values(await samples(`${name}_count`)), [2]);
});

test("requests are counted by who answered, as long as the endpoint is there", async () => {
  const endpoint = (address: string, name: string, rank = 0): Endpoint => {
    return { address, name, zone: "", labels: {}, engine: 0, role: 0, rank };
  };
  const endpoints = [endpoint("10.0.0.1:8000", "ns/pod-a"), endpoint("[fd00::1]:8001", "ns/pod-a", 1)];
  const { take, samples } = measuring({ endpoints });
  const by = (address: string) => observation({ endpoint: xxh64(address) });
  take(observed([by("10.0.0.1:8000"), by("10.0.0.1:8000"), by("[fd00::1]:8001"), by("10.0.0.9:8000")]));
  take(observed([observation({ endpoint: 0n, local: true, status: 503 })]));
  take(observed([observation({ endpoint: 0n, local: true, status: 429 }), observation({ endpoint: 0n, status: 0 })]));
  const row = (status: string, pod: string, namespace: string, port: string, label: string) =>
    `{status="${status}",target_model_name="chat-v2",${label}="${pod}",namespace="${namespace}",port="${port}"}`;
  for (const [prefix, label] of [
    ["inference_extension", "pod_name"],
    ["llm_d_epp", "endpoint_name"],
  ] as const) {
    assert.deepEqual(await samples(`${prefix}_scheduler_attempts_total`), {
      [row("failure", "", "", "", label)]: 1,
      [row("success", "pod-a", "ns", "8000", label)]: 2,
      [row("success", "pod-a-rank-1", "ns", "8001", label)]: 1,
    });
  }
  await nextTurn(); // two looks within one turn see the same
  endpoints.pop();
  assert.equal(Object.keys(await samples("llm_d_epp_scheduler_attempts_total")).length, 2);
});

test("traced requests stand beside the buckets of their times, the last one of each", async () => {
  const { take, registry, clock } = measuring({ families: ["gie"] });
  const traces = new Map([
    [0, "aa"],
    [2, "bb"],
  ]);
  take(observed([observation({ priority: 1 }), observation(), observation()]), traces);
  clock.advance(1500);
  take(observed([observation({ priority: 1, duration: 2_900_000 })]), new Map([[0, "cc"]]));
  take(observed([observation({ duration: 100_000_000, ttft: 0 })]), new Map([[0, "dd"]]));
  const text = await written(registry, "openmetrics");
  const [, exemplar] =
    /^inference_objective_request_duration_seconds_bucket\{le="3.0",.*\} 4 # (.*)$/m.exec(text) ?? [];
  assert.equal(exemplar, '{trace_id="cc"} 2.9 1700000002.5');
  assert.match(text, /^inference_objective_request_ttft_seconds_bucket\{le="0\.6",.* 4 # \{trace_id="cc"\} 0\.5 /m);
  assert.match(text, /^inference_objective_request_ttft_seconds_bucket\{le="120\.0",.* 5 # \{trace_id="dd"\} 100 /m);
  assert.doesNotMatch(text, /_(sizes|tokens)_bucket.* # /, "how large a request is takes no trace");
});

test("ten thousand values of all that clients choose make bounded numbers of series", async () => {
  const endpoints: Endpoint[] = [];
  for (let index = 0; index < 20; index++) {
    const address = `10.0.0.${index}:8000`;
    endpoints.push({ address, name: `ns/pod-${index}`, zone: "", labels: {}, engine: 0, role: 0, rank: 0 });
  }
  const { take, registry } = measuring({ endpoints });
  const records: Observation[] = [];
  const running: RunningRequests[] = [];
  for (let index = 0; index < 10_000; index++) {
    const name = model(`made-up-${index}`);
    const fields = { model: name, target: name, priority: index < 5000 ? 0 : index, status: 100 + (index % 900) };
    const endpoint = xxh64(endpoints[index % 20]!.address);
    const pool = index < 9000 ? observation().pool : BigInt(index); // of which there is none
    records.push(observation({ ...fields, endpoint, pool, local: index % 2 === 0 }));
    running.push({ pool: observation().pool, model: name, requests: 1 });
  }
  take(observed(records, { running }));
  const text = await registry.metrics();
  const series = (name: string) => text.split("\n").filter((line) => line.startsWith(`${name}{`));
  const valuesOf = (name: string, label: string) =>
    new Set(series(name).map((line) => new RegExp(`${label}="([^"]*)"`).exec(line)?.[1])).size;
  for (const family of ["inference_objective", "llm_d_epp"]) {
    assert.equal(valuesOf(`${family}_request_total`, "model_name"), 1001);
    assert.equal(valuesOf(`${family}_request_total`, "target_model_name"), 1001);
    assert.equal(valuesOf(`${family}_request_total`, "priority"), 101);
    assert.equal(valuesOf(`${family}_request_total`, "inference_pool"), 2);
    // The first 1000 names with priority 0; other with 0, with the 99 that came next, with the rest, and of no pool.
    assert.equal(series(`${family}_request_total`).length, 1000 + 101 + 1);
    assert.ok(valuesOf(`${family}_request_error_total`, "error_code") <= 9);
  }
  assert.equal(valuesOf("llm_d_epp_request_running", "model_name"), 1001);
  const attempts = series("llm_d_epp_scheduler_attempts_total");
  assert.equal(attempts.filter((labels) => labels.includes('status="success"')).length, 1000 + 20);
});
