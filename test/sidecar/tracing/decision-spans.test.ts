import assert from "node:assert/strict";
import { test } from "node:test";
import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import { xxh64 } from "../../../wire/xxh64.ts";
import { model } from "../observations/observed.ts";
import { since, spansOf, traced } from "./spans.ts";

const EXPLANATION = {
  pool: "default/base",
  promptTokens: 1200,
  promptBlocks: 18,
  profiles: [
    {
      name: "default",
      candidates: 8,
      endpoints: ["10.0.0.1:8000", "10.0.0.0:8000", "10.0.0.3:8000"],
      signals: {
        queue: [1, 2, 3],
        running: [4, 5, 6],
        kvUsage: [0.5, 0.25, null],
        inFlight: [2, 0, 0],
        matchedBlocks: [9, 0, 0],
      },
      steps: [
        { filter: "headroom", kept: [1, 1, 0], left: 5 },
        { scorer: "queue", weight: 2, scores: [0.5, 0.25, null] },
        { scorer: "prefix", weight: 3, scores: [0.75, 0, null] },
        { picker: "max", totals: [3.25, 0.5, null], ties: 1, picks: ["10.0.0.1:8000"] },
      ],
    },
  ],
};

test("a request is a span of its parent's trace, from its headers to its end", async () => {
  const spans = await spansOf({}, { objective: xxh64("critical") });
  const [request, ...others] = spans("gateway.request");
  assert.deepEqual(others, []);
  const { parent } = traced();
  assert.equal(request!.spanContext().traceId, parent!.traceId);
  assert.equal(request!.parentSpanContext?.spanId, parent!.spanId);
  assert.equal(request!.kind, SpanKind.SERVER);
  assert.deepEqual([since(request!.startTime), since(request!.endTime)], [0, 3_000_000]);
  assert.deepEqual(
    request!.events.map(({ name, time }) => [name, since(time)]),
    [["first_token", 500_000]],
  );
  assert.equal(request!.status.code, SpanStatusCode.UNSET);
  assert.deepEqual(request!.attributes, {
    "gen_ai.request.model": "chat-v2",
    "inline_epp.pool": "default/base",
    "inline_epp.client_model": "chat",
    "inline_epp.objective": "critical",
    "inline_epp.picked_endpoint": "10.0.0.1:8000",
    "inline_epp.endpoint": "10.0.0.1:8000",
    "inline_epp.endpoint_name": "ns/pod-1",
    "http.response.status_code": 200,
    "http.request.body.size": 1000,
    "http.response.body.size": 20_000,
    "gen_ai.request.stream": true,
    "gen_ai.response.finish_reasons": ["stop"],
    "gen_ai.latency.time_to_first_token": 0.5,
    "gen_ai.usage.input_tokens": 300,
    "gen_ai.usage.output_tokens": 100,
    "gen_ai.usage.cache_read.input_tokens": 200,
  });
});

test("the endpoint that served and the one that was picked have names where the pool has them", async () => {
  // FakeSource's addresses are 10.0.0.0:8000 and 10.0.0.1:8000.
  const spans = await spansOf({ endpoint: xxh64("10.0.0.0:8000") }, { picked: xxh64("10.0.0.1:8000") });
  const { attributes } = spans("gateway.request")[0]!;
  assert.equal(attributes["inline_epp.endpoint"], "10.0.0.0:8000");
  assert.equal(attributes["inline_epp.endpoint_name"], "ns/pod-0");
  assert.equal(attributes["inline_epp.picked_endpoint"], "10.0.0.1:8000");
});

test("the decision is a span from the complete body to the pick, with the waiting and each profile in it", async () => {
  const spans = await spansOf(
    { queued: 400, priority: 5 },
    { whole: 1000, decided: 1500, explanation: JSON.stringify(EXPLANATION) },
  );
  const [request] = spans("gateway.request");
  const [orchestration] = spans("gateway.request_orchestration");
  assert.equal(orchestration!.parentSpanContext?.spanId, request!.spanContext().spanId);
  assert.deepEqual([since(orchestration!.startTime), since(orchestration!.endTime)], [1000, 1500]);
  assert.deepEqual(orchestration!.attributes, {
    target_model: "chat-v2",
    request_prio: 5,
    "inline_epp.prompt_tokens": 1200,
    "inline_epp.prompt_blocks": 18,
  });
  const [queue] = spans("inline_epp.queue");
  const [profile] = spans("run_scheduler_profile");
  for (const span of [queue!, profile!]) {
    assert.equal(span.parentSpanContext?.spanId, orchestration!.spanContext().spanId);
  }
  assert.deepEqual([since(queue!.startTime), since(queue!.endTime)], [1100, 1500]);
  assert.deepEqual([since(profile!.startTime), since(profile!.endTime)], [1500, 1500]);
  assert.deepEqual(profile!.attributes, {
    "llm_d.epp.scheduling.profile.name": "default",
    "llm_d.epp.filter.candidate_endpoints": 8,
    "llm_d.epp.filter.filtered_endpoints": 5,
    "llm_d.epp.scorer.count": 2,
    "llm_d.epp.picker.candidate_endpoints": 5,
    "llm_d.epp.picker.top_endpoints": ["10.0.0.1:8000", "10.0.0.0:8000"],
    "llm_d.epp.picker.top_scores": [3.25, 0.5],
    "inline_epp.picks": ["10.0.0.1:8000"],
    "inline_epp.filters": ["headroom"],
    "inline_epp.filters.left": [5],
    "inline_epp.scorers": ["queue", "prefix"],
    "inline_epp.scorers.weight": [2, 3],
    "inline_epp.scorers.score": [0.5, 0.75],
    "inline_epp.endpoint.queue": 1,
    "inline_epp.endpoint.running": 4,
    "inline_epp.endpoint.kv_usage": 0.5,
    "inline_epp.endpoint.in_flight": 2,
    "inline_epp.endpoint.matched_blocks": 9,
  });
});

test("without a parent the trace is the request's own", async () => {
  const spans = await spansOf({}, { parent: undefined });
  const [request] = spans("gateway.request");
  assert.equal(request!.parentSpanContext, undefined);
  assert.match(request!.spanContext().traceId, /^(?!0{32})[0-9a-f]{32}$/);
  const [orchestration] = spans("gateway.request_orchestration");
  assert.equal(orchestration!.spanContext().traceId, request!.spanContext().traceId);
});

test("what went wrong is the span's status", async () => {
  const statusOf = async (...of: Parameters<typeof spansOf>) => (await spansOf(...of))("gateway.request")[0]!.status;
  const error = (message: string) => ({ code: SpanStatusCode.ERROR, message });
  const shed = { details: "inline_epp_shed", decided: 0, picked: 0n };
  assert.deepEqual(await statusOf({ status: 429, local: true }, shed), error("inline_epp_shed"));
  assert.deepEqual(await statusOf({ status: 0 }, {}), error("no answer"));
  assert.deepEqual(await statusOf({ status: 502 }, {}), error("HTTP 502"));
  assert.equal((await statusOf({ status: 404 }, {})).code, SpanStatusCode.UNSET, "the client's own mistake");
});

test("a request that waited and was turned away has a decision that ends then", async () => {
  const spans = await spansOf(
    { status: 429, local: true, queued: 30_000, duration: 31_500, ttft: 0 },
    { whole: 1000, decided: 0, picked: 0n, details: "inline_epp_expired" },
  );
  const [orchestration] = spans("gateway.request_orchestration");
  assert.deepEqual([since(orchestration!.startTime), since(orchestration!.endTime)], [1000, 31_000]);
  assert.deepEqual(orchestration!.status, { code: SpanStatusCode.ERROR, message: "inline_epp_expired" });
  const [queue] = spans("inline_epp.queue");
  assert.deepEqual([since(queue!.startTime), since(queue!.endTime)], [1000, 31_000]);
  assert.equal(spans("gateway.request")[0]!.attributes["inline_epp.rejected"], "inline_epp_expired");
});

test("a request that was cut off before its body was complete has no decision", async () => {
  const spans = await spansOf({ status: 0, model: undefined, target: undefined }, { whole: 0, decided: 0 });
  assert.equal(spans("gateway.request").length, 1);
  assert.deepEqual(spans("gateway.request_orchestration"), []);
});

test("models that a batch had no room for, and models that were not replaced", async () => {
  const attributes = async (...of: Parameters<typeof spansOf>) =>
    (await spansOf(...of))("gateway.request")[0]!.attributes;
  const same = model("chat");
  const kept = await attributes({ model: same, target: same }, {});
  assert.deepEqual([kept["gen_ai.request.model"], kept["inline_epp.client_model"]], ["chat", undefined]);
  const lost = await attributes({ model: "other", target: "other" }, {});
  assert.deepEqual([lost["gen_ai.request.model"], lost["inline_epp.client_model"]], [undefined, undefined]);
});

const SIGNALS = { queue: [1], running: [2], kvUsage: [null], inFlight: [3], matchedBlocks: [0] };
const PICKER = { picker: "p", totals: [1], ties: 1, picks: ["10.0.0.1:8000"] };

/** An explanation whose only profile has these steps. */
function withSteps(...steps: readonly (object | null)[]): string {
  return withProfile({ name: "a", candidates: 1, endpoints: ["10.0.0.1:8000"], signals: SIGNALS, steps });
}

function withProfile(profile: object): string {
  return JSON.stringify({ pool: "default/base", promptTokens: 1, promptBlocks: 0, profiles: [profile] });
}

test("an explanation whose steps are as they should be is told", async () => {
  const spans = await spansOf({}, { explanation: withSteps(PICKER) });
  assert.equal(spans("run_scheduler_profile").length, 1);
});

for (const [what, explanation] of [
  ["no JSON", "{"],
  ["a number", "7"],
  ["no profiles", "{}"],
  ["of nothing but profiles", '{"profiles":[]}'],
  ["a profile without steps", withProfile({ name: "a", candidates: 1, endpoints: [], signals: SIGNALS })],
  ["without signals", withProfile({ name: "a", candidates: 1, endpoints: [], signals: {}, steps: [PICKER] })],
  [
    "a column that is none",
    withProfile({ name: "a", candidates: 1, endpoints: [], signals: { ...SIGNALS, queue: 1 }, steps: [PICKER] }),
  ],
  ["a step that is none", withSteps(null)],
  ["a picker without picks", withSteps({ ...PICKER, picks: undefined })],
  ["a picker with a scorer's scores", withSteps({ picker: "p", scores: [] })],
  ["a picker whose picks are no texts", withSteps({ ...PICKER, picks: [1] })],
  ["a filter that keeps nothing that is known", withSteps({ filter: "f", left: 1, scores: [1] }, PICKER)],
  ["a filter that does not say how many are left", withSteps({ filter: "f", kept: [1] }, PICKER)],
  ["a scorer with a picker's totals", withSteps({ scorer: "s", weight: 1, totals: [1], picks: [] }, PICKER)],
  ["a scorer whose scores are texts", withSteps({ scorer: "s", weight: 1, scores: ["1"] }, PICKER)],
  ["a step of no kind", withSteps({ kept: [1], left: 1 }, PICKER)],
  ["a profile of no steps", withSteps()],
  ["a profile that ends without a picker", withSteps(PICKER, { scorer: "s", weight: 1, scores: [1] })],
] as const) {
  test(`an explanation that is ${what} leaves the other spans as they are`, async () => {
    const spans = await spansOf({}, { explanation });
    assert.equal(spans("gateway.request_orchestration").length, 1);
    assert.deepEqual(spans("run_scheduler_profile"), []);
  });
}

test("a time that OTLP has no room for makes no spans", async () => {
  const spans = await spansOf({}, { started: 2n ** 64n - 1n });
  assert.deepEqual(spans("gateway.request"), []);
});
