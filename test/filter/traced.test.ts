// What the filter tells of requests that are traced, and that it tells nothing of others.

import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeObserved } from "../../wire/decode-observed.ts";
import { SAMPLER_PARENT, SAMPLER_RATIO } from "../../wire/layout.ts";
import type { PlanSampling, TracedRequest } from "../../wire/model.ts";
import { xxh64 } from "../../wire/xxh64.ts";
import { OPENAI_JSON } from "../response/answers.ts";
import { ask, bytesOf, completion, EXPLAIN, pickOf, serving, text, type Worker } from "./exchanges.ts";
import { parseExplanation } from "./explanation.ts";
import { samples } from "./pools.ts";
import type { Rig } from "./rig.ts";
import { profile, queue } from "./steps.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";
const DROPPED = "inline_epp_traces_dropped_total";
const OK = [[":status", "200"]] as const;
const by = (sampler: number, ratio = 0): PlanSampling => ({ sampler, ratio });
const traceparent = (flags: string, trace = TRACE): readonly [string, string] => [
  "traceparent",
  `00-${trace}-${PARENT}-${flags}`,
];

function tracing(sampling: PlanSampling | undefined, endpoints = 1) {
  const settings = sampling === undefined ? {} : { sampling };
  const setting = serving(endpoints, [profile("default", queue(2))], { settings });
  told(setting.rig);
  return setting;
}

/** What has been told since the last call, of traced requests. */
function told(rig: Rig): TracedRequest[] {
  rig.pass(300);
  return rig.calls.splice(0).flatMap(({ message, done }) => {
    done(new Uint8Array());
    return decodeObserved(message).traced;
  });
}

/** Asks once with these headers; what is told of the request as a traced one. */
function tracedOf({ rig, worker }: { rig: Rig; worker: Worker }, ...headers: readonly (readonly [string, string])[]) {
  ask(worker, completion("Hello"), ...headers).close();
  return told(rig);
}

test("a sampled request is told with its trace, its times, who was picked, and why", () => {
  const { rig, worker } = tracing(by(SAMPLER_PARENT), 3);
  const started = rig.wallEpoch + rig.now;
  const stream = worker.vm.createStream(worker.root);
  const body = bytesOf(completion(text("Hello", 2)));
  stream.onRequestHeaders(
    [[":method", "POST"], [":path", "/v1/completions"], ["x-llm-d-inference-objective", "critical"], traceparent("01")],
    false,
  );
  rig.now += 700n;
  stream.onRequestBody(body, true);
  const upstream = pickOf(stream);
  rig.now += 5000n;
  stream.onResponseHeaders(upstream, OK);
  stream.onResponseBody(bytesOf(OPENAI_JSON), true);
  stream.close();
  const [traced, ...others] = told(rig);
  assert.deepEqual(others, []);
  const { explanation, ...rest } = traced!;
  assert.deepEqual(rest, {
    record: 0,
    parent: { traceId: TRACE, spanId: PARENT },
    started,
    whole: 700,
    decided: 700,
    picked: xxh64(upstream),
    objective: xxh64("critical"),
    details: "",
  });
  const { pool, profiles, promptBlocks } = parseExplanation(explanation);
  assert.deepEqual([pool, promptBlocks, profiles.length], ["default/base", 2, 1]);
  assert.equal(profiles[0]!.endpoints[0], upstream);
  assert.equal(stream.responseHeaders?.get("x-explain"), undefined, "the client did not ask");
});

test("where nothing is traced, no header changes that, and no more is asked of the host", () => {
  const off = tracing(undefined);
  assert.deepEqual(tracedOf(off, traceparent("01")), []);
  const calls = (...headers: readonly (readonly [string, string])[]) => {
    off.worker.vm.calls = [];
    ask(off.worker, completion("Hello"), ...headers).close();
    return off.worker.vm.calls.splice(0);
  };
  assert.deepEqual(calls(traceparent("01")), calls());
});

test("with a parent its sampled flag decides, without one the ratio", () => {
  const never = tracing(by(SAMPLER_PARENT, 0));
  const always = tracing(by(SAMPLER_PARENT, 1));
  assert.equal(tracedOf(never, traceparent("01")).length, 1);
  assert.equal(tracedOf(never, traceparent("03")).length, 1, "other flags mean nothing");
  assert.equal(tracedOf(never).length, 0);
  assert.equal(tracedOf(always, traceparent("00")).length, 0);
  assert.equal(tracedOf(always, traceparent("02")).length, 0);
  const [own] = tracedOf(always);
  assert.equal(own!.parent, undefined);
});

test("by ratio alone the trace's id decides, as others decide by it, and chance where there is none", () => {
  // Half: the highest bit of the last 8 bytes is 0. A quarter: so is the next one.
  const half = tracing(by(SAMPLER_RATIO, 0.5));
  const quarter = tracing(by(SAMPLER_RATIO, 0.25));
  const low = `${"f".repeat(16)}3${"f".repeat(15)}`;
  const middle = `${"0".repeat(16)}4${"0".repeat(15)}`;
  const high = `${"0".repeat(16)}8${"0".repeat(15)}`;
  const chosen = (setting: ReturnType<typeof tracing>) =>
    [low, middle, high].map((trace) => tracedOf(setting, traceparent("00", trace)).length);
  assert.deepEqual(chosen(half), [1, 1, 0]);
  assert.deepEqual(chosen(quarter), [1, 0, 0]);
  for (let asked = 0; asked < 400; asked++) ask(quarter.worker, completion("Hello")).close();
  const count = told(quarter.rig).length;
  // 400 draws at a quarter: 100, standard deviation 8.7; the generator's seed is fixed.
  assert.ok(count > 60 && count < 140, `${count} of 400`);
});

test("a traceparent that is none is as if it were not there", () => {
  const malformed = [
    "",
    "01",
    `00-${TRACE}-${PARENT}`,
    `00-${TRACE}-${PARENT}-0`,
    `00-${TRACE}-${PARENT}-01-more`,
    `00-${TRACE}-${PARENT}-01 `,
    `ff-${TRACE}-${PARENT}-01`,
    `0x-${TRACE}-${PARENT}-01`,
    `00-${TRACE.toUpperCase()}-${PARENT}-01`,
    `00-${"0".repeat(32)}-${PARENT}-01`,
    `00-${TRACE}-${"0".repeat(16)}-01`,
    `00-${TRACE}-${PARENT}-0g`,
    `00_${TRACE}_${PARENT}_01`,
    `00-${TRACE}-${PARENT}x01`,
    `01-${TRACE}-${PARENT}-01x`,
  ];
  const never = tracing(by(SAMPLER_PARENT, 0));
  const always = tracing(by(SAMPLER_PARENT, 1));
  for (const value of malformed) {
    assert.deepEqual(tracedOf(never, ["traceparent", value]), [], value);
    const [own] = tracedOf(always, ["traceparent", value]);
    assert.equal(own!.parent, undefined, value);
  }
  const later = tracedOf(never, ["traceparent", `cc-${TRACE}-${PARENT}-01-what-the-future-brings`]);
  assert.deepEqual(later[0]!.parent, { traceId: TRACE, spanId: PARENT });
});

test("Envoy's own span, where a header tells it, is the parent, and Envoy's decision holds", () => {
  const own = "a".repeat(32);
  const span: readonly [string, string] = ["x-inline-epp-span", `${own}-${"b".repeat(16)}`];
  const id = (version: string): readonly [string, string] => [
    "x-request-id",
    `6e0cd5cb-9b16-${version}41c-b9b4-5d0f96d3d176`,
  ];
  const envoys = { traceId: own, spanId: "b".repeat(16) };
  const always = tracing(by(SAMPLER_PARENT, 1));
  const never = tracing(by(SAMPLER_PARENT, 0));
  for (const version of ["9", "a", "b"]) {
    assert.deepEqual(tracedOf(never, span, id(version))[0]?.parent, envoys, `x-request-id of version ${version}`);
  }
  assert.deepEqual(tracedOf(always, span, id("4")), [], "Envoy does not trace it");
  assert.deepEqual(tracedOf(always, id("4"))[0]?.parent, undefined, "that says nothing where Envoy traces nothing");
  const clients = { traceId: TRACE, spanId: PARENT };
  assert.deepEqual(tracedOf(never, span, id("4"), traceparent("01"))[0]?.parent, clients, "Envoy leaves out its own");
  assert.deepEqual(tracedOf(never, span, id("9"), traceparent("01"))[0]?.parent, envoys);
  assert.deepEqual(tracedOf(always, span, id("9"), traceparent("00")), []);
  assert.deepEqual(tracedOf(always, span)[0]?.parent, envoys, "nobody has decided: by the ratio");
  assert.deepEqual(tracedOf(never, span, ["x-request-id", "1"]), []);
  for (const none of ["-----", `${own}-`, `${own}-${"0".repeat(16)}`, `${own}-${"b".repeat(16)}-01`]) {
    const [traced] = tracedOf(never, ["x-inline-epp-span", none], traceparent("01"));
    assert.deepEqual(traced?.parent, { traceId: TRACE, spanId: PARENT }, none);
  }
});

test("a request that is turned away says why, one that is cut off says what it knows", () => {
  const setting = tracing(by(SAMPLER_PARENT, 1));
  const { rig, pool, worker } = setting;
  const cut = worker.vm.createStream(worker.root);
  cut.onRequestHeaders([[":method", "POST"], traceparent("01")], false);
  cut.close();
  const [begun] = told(rig);
  assert.deepEqual([begun!.whole, begun!.decided, begun!.picked, begun!.explanation], [0, 0, 0n, ""]);
  rig.stream.message(pool.load(samples(1, { ready: false })));
  rig.pass(20);
  const [refused] = tracedOf(setting, traceparent("01"));
  assert.equal(refused!.details, "inline_epp_no_endpoint");
  assert.deepEqual([refused!.decided, refused!.picked], [0, 0n]);
});

test("a client that asks for an explanation gets its own, and the trace has the same", () => {
  const { rig, worker } = tracing(by(SAMPLER_PARENT, 1), 8);
  const stream = ask(worker, completion("Hello"), [EXPLAIN[0], "2"]);
  stream.onResponseHeaders(pickOf(stream), OK);
  stream.close();
  const header = stream.responseHeaders?.get("x-explain") ?? "";
  assert.equal(parseExplanation(header).profiles[0]!.endpoints.length, 2);
  assert.equal(told(rig)[0]!.explanation, header);
});

test("traces that find no room are dropped and counted, and the records go on", () => {
  const { rig, worker } = tracing(by(SAMPLER_PARENT, 1));
  rig.pass(300);
  for (let asked = 0; asked < 400; asked++) ask(worker, completion("Hello")).close();
  rig.pass(300);
  const batches = rig.calls.splice(0).map(({ message }) => decodeObserved(message));
  assert.equal(batches.flatMap(({ records }) => records).length, 400);
  const kept = batches.flatMap(({ traced }) => traced).length;
  assert.ok(kept > 20 && kept < 400, `${kept} of 400`);
  assert.equal(rig.metrics.value(DROPPED), 400 - kept);
});

test("a traced request whose record finds no room is a trace dropped, too", () => {
  const { rig, worker } = tracing(by(SAMPLER_PARENT, 1));
  for (let asked = 0; asked < 2000; asked++) ask(worker, completion("Hello")).close();
  let kept = 0;
  for (let batch = 0; batch < 5; batch++) kept += told(rig).length;
  assert.ok((rig.metrics.value("inline_epp_observations_dropped_total") ?? 0) > 0);
  assert.equal(rig.metrics.value(DROPPED), 2000 - kept);
});
