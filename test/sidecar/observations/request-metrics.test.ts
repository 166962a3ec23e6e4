// Worked examples: what a request's figures become in the metrics.

import assert from "node:assert/strict";
import { test } from "node:test";
import { measuring, model, observation, observed, POOL } from "./observed.ts";

const MODELS = 'inference_pool="default/base",model_name="chat",target_model_name="chat-v2"';

type Samples = ReturnType<typeof measuring>["samples"];

/** Sum, count and bounds of the buckets between which the values of a histogram lie, of the series with these labels. */
async function histogram(samples: Samples, name: string, labels = MODELS) {
  const all = await samples(name);
  const buckets = Object.entries(all).flatMap(([key, count]) => {
    const [, bound] = new RegExp(`^_bucket\\{le="([^"]+)",${labels.replaceAll(/[{}]/g, "")}\\}$`).exec(key) ?? [];
    return bound === undefined ? [] : [[bound, count] as const];
  });
  const filled = buckets.filter(([, count], index) => count > (buckets[index - 1]?.[1] ?? 0));
  return { sum: all[`_sum{${labels}}`], count: all[`_count{${labels}}`], buckets: filled.map(([bound]) => bound) };
}

test("a request that an endpoint answered is in every metric", async () => {
  const { take, samples } = measuring();
  take(observed([observation()]));
  assert.deepEqual(await samples("inference_objective_request_total"), { [`{${MODELS},priority="0"}`]: 1 });
  assert.deepEqual(await samples("inference_objective_request_error_total"), {});
  const expected = {
    // 3 s; 1000 bytes; 20,000 bytes; 300, 100 and 200 tokens; 3 s by 100 tokens.
    inference_objective_request_duration_seconds: { sum: 3, count: 1, buckets: ["3"] },
    inference_objective_request_sizes: { sum: 1000, count: 1, buckets: ["1024"] },
    inference_objective_response_sizes: { sum: 20_000, count: 1, buckets: ["32778"] },
    inference_objective_input_tokens: { sum: 300, count: 1, buckets: ["512"] },
    inference_objective_output_tokens: { sum: 100, count: 1, buckets: ["128"] },
    inference_objective_prompt_cached_tokens: { sum: 200, count: 1, buckets: ["256"] },
    inference_objective_normalized_time_per_output_token_seconds: { sum: 0.03, count: 1, buckets: ["0.05"] },
  };
  for (const [name, figures] of Object.entries(expected))
    assert.deepEqual(await histogram(samples, name), figures, name);
  assert.deepEqual(
    await histogram(samples, "llm_d_epp_request_ttft_seconds", `${MODELS},priority="0",streaming="true"`),
    {
      ...{ sum: 0.5, count: 1, buckets: ["0.6"] },
    },
  );
  assert.deepEqual(await histogram(samples, "llm_d_epp_request_streaming_itl_seconds", `${MODELS},priority="0"`), {
    ...{ sum: 0.025, count: 1, buckets: ["0.04"] },
  });
});

test("requests add up by pool, models and priority", async () => {
  const { take, samples } = measuring();
  const other = { model: model("draft"), target: model("draft") };
  take(observed([observation(), observation({ duration: 1_000_000 }), observation({ priority: -3 })]));
  take(observed([observation(other), observation({ ...other, pool: 5n })], { worker: 2n }));
  const draft = 'model_name="draft",target_model_name="draft",priority="0"';
  assert.deepEqual(await samples("inference_objective_request_total"), {
    [`{${MODELS},priority="0"}`]: 2,
    [`{${MODELS},priority="-3"}`]: 1,
    [`{inference_pool="${POOL}",${draft}}`]: 1,
    [`{inference_pool="",${draft}}`]: 1,
  });
  const { sum, count } = await histogram(samples, "inference_objective_request_duration_seconds");
  assert.deepEqual([sum, count], [7, 3]);
});

test("an answer without events has its first token with its end, and no time between events", async () => {
  const { take, samples } = measuring();
  take(observed([observation({ streamed: false, ttft: 0, itl: 0, chunks: 0 })]));
  const labels = `${MODELS},priority="0",streaming="false"`;
  assert.equal((await histogram(samples, "llm_d_epp_request_ttft_seconds", labels)).sum, 3);
  assert.deepEqual(await samples("llm_d_epp_request_streaming_itl_seconds_count"), {});
});

test("tokens that the answer does not tell are not counted, and none cached is a figure", async () => {
  const { take, samples } = measuring();
  take(observed([observation({ prompt: 0, output: 0, cached: 0, cachedKnown: false })]));
  const counts = async () =>
    Promise.all(
      ["input_tokens", "output_tokens", "prompt_cached_tokens", "normalized_time_per_output_token_seconds"].map(
        async (name) => (await samples(`inference_objective_${name}_count`))[`{${MODELS}}`],
      ),
    );
  assert.deepEqual(await counts(), [undefined, undefined, undefined, undefined]);
  take(observed([observation({ cached: 0 })]));
  assert.deepEqual(await counts(), [1, 1, 1, 1]);
});

test("errors are counted by whose they are; only an endpoint's answer has a duration", async () => {
  const { take, samples } = measuring();
  const local = (status: number) => observation({ status, local: true, endpoint: 0n });
  take(observed([400, 429, 503, 404, 504].map(local)));
  take(observed([observation({ status: 500 }), observation({ status: 404 }), observation({ status: 302 })]));
  take(observed([observation({ status: 0, endpoint: 0n })]));
  assert.deepEqual(await samples("inference_objective_request_error_total"), {
    [`{${MODELS},error_code="BadRequest"}`]: 1,
    [`{${MODELS},error_code="ResourceExhausted"}`]: 1,
    [`{${MODELS},error_code="ServiceUnavailable"}`]: 1,
    [`{${MODELS},error_code="NotFound"}`]: 1,
    [`{${MODELS},error_code="Unknown"}`]: 2,
    [`{${MODELS},error_code="ModelServerError"}`]: 2,
  });
  assert.deepEqual(await samples("inference_objective_request_total"), { [`{${MODELS},priority="0"}`]: 9 });
  assert.equal((await histogram(samples, "inference_objective_request_sizes")).count, 9);
  assert.equal((await histogram(samples, "inference_objective_request_duration_seconds")).count, 3);
  const first = await samples("llm_d_epp_request_ttft_seconds_count");
  assert.deepEqual(Object.values(first), [1], "an error has no first token");
});

test("a request that names no model has empty labels, and one whose name found no room is of another", async () => {
  const { take, samples } = measuring();
  take(observed([observation({ model: undefined, target: undefined }), observation({ model: "other" })]));
  assert.deepEqual(await samples("inference_objective_request_total"), {
    [`{inference_pool="${POOL}",model_name="",target_model_name="",priority="0"}`]: 1,
    [`{inference_pool="${POOL}",model_name="other",target_model_name="chat-v2",priority="0"}`]: 1,
  });
});

test("of models that clients name, the first 1000 are labels; those that the pool's configuration names always are", async () => {
  const { take, samples } = measuring({ configured: ["tuned"] });
  const asked = (name: string) => observation({ model: model(name), target: model(name) });
  for (let index = 0; index < 1200; index++) take(observed([asked(`made-up-${index}`)]));
  take(observed([asked("tuned"), asked("made-up-0"), asked("made-up-999"), asked("made-up-1000")]));
  const totals = await samples("inference_objective_request_total");
  const of = (name: string) =>
    totals[`{inference_pool="${POOL}",model_name="${name}",target_model_name="${name}",priority="0"}`];
  assert.equal(Object.keys(totals).length, 1002);
  assert.deepEqual(["made-up-0", "made-up-999", "made-up-1000", "other", "tuned"].map(of), [2, 2, undefined, 201, 1]);
});

test("what waits is the sum of what workers say, by pool and priority, and 0 once it is over", async () => {
  const { take, samples, clock } = measuring();
  const { pool } = observation();
  const row = (priority: number, requests: number) => ({ pool, priority, requests, oldest: 5 });
  const labels = (priority: string, name = POOL) =>
    `{fairness_id="",priority="${priority}",inference_pool="${name}",model_name="",target_model_name=""}`;
  const NAMES = ["inference_extension_flow_control_queue_size", "llm_d_epp_flow_control_queue_size"];
  const expect = async (plain: number, low: number, other: number) => {
    const all = { [labels("0")]: plain, [labels("-1")]: low, [labels("other", "")]: other };
    for (const name of NAMES) assert.deepEqual(await samples(name), all, name);
  };
  for (const name of NAMES) assert.deepEqual(await samples(name), {});
  take(observed([], { worker: 1n, waiting: [row(0, 2), row(-1, 1)] }));
  take(observed([], { worker: 2n, waiting: [row(0, 3), { ...row(0, 7), pool: 0n }] }));
  await expect(5, 1, 7);
  take(observed([], { worker: 2n, running: [{ pool, model: model("chat"), requests: 1 }] }));
  await expect(2, 1, 0);
  clock.advance(9999);
  await expect(2, 1, 0);
  clock.advance(1);
  await expect(0, 0, 0);
});

test("what runs is the sum of what workers say, by pool and model, and 0 once it is over", async () => {
  const { take, samples, clock } = measuring();
  const chat = { pool: observation().pool, model: model("chat") };
  const gauge = () => samples("inference_objective_running_requests");
  const [here, nowhere] = [`{inference_pool="${POOL}",model_name="chat"}`, '{inference_pool="",model_name="other"}'];
  assert.deepEqual(await gauge(), {});
  take(observed([], { worker: 1n, running: [{ ...chat, requests: 2 }] }));
  take(
    observed([], {
      worker: 2n,
      running: [
        { ...chat, requests: 3 },
        { pool: 0n, model: "other", requests: 4 },
      ],
    }),
  );
  assert.deepEqual(await gauge(), { [here]: 5, [nowhere]: 4 });
  take(observed([], { worker: 1n, running: [{ ...chat, requests: 1 }] }));
  take(observed([observation()], { worker: 2n }));
  assert.deepEqual(await gauge(), { [here]: 1, [nowhere]: 0 });
  clock.advance(9999);
  assert.deepEqual(await gauge(), { [here]: 1, [nowhere]: 0 });
  clock.advance(1);
  assert.deepEqual(await gauge(), { [here]: 0, [nowhere]: 0 }, "a worker that says nothing for 10 s is gone");
});
