// Latency predictions: learned from streamed answers, seen in explanations, held against what clients ask for.

import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeJournal } from "../../wire/encode.ts";
import * as L from "../../wire/layout.ts";
import { xxh64 } from "../../wire/xxh64.ts";
import { ask, bytesOf, completion, explained, pickOf, serving, text, warm } from "./exchanges.ts";
import { byAddress, type Column, explainedProfile } from "./explanation.ts";
import { endpoints, samples } from "./pools.ts";
import { picksOf } from "./requests.ts";
import { filter, latency, picker, profile, queue, SESSION_HEADER, session } from "./steps.ts";

const ADDRESSES = endpoints(3).map(({ address }) => address);
/** A client's session decides; the latency scorer has predictions made. */
const PLAN = [profile("default", session(100), latency(), picker(2))];
const HEADROOM = [profile("default", filter(L.PLUGIN_SLO_HEADROOM_TIER_FILTER, "headroom", [0]), queue())];

type Served = ReturnType<typeof serving>;
type Timing = { first: number; gap?: number; tokens?: number; streamed?: boolean; upstream?: string };

const event = `data: ${JSON.stringify({ choices: [{ delta: { content: "token" } }] })}\n\n`;

/** A request to one endpoint and its answer, times in milliseconds: tens of them, as the clock goes. */
function serve({ rig, pool, worker }: Served, number: number, body: Record<string, unknown>, timing: Timing): void {
  const { first, gap = 20, tokens = 20, streamed = true } = timing;
  rig.stream.message(pool.load(samples(3)));
  const token = Buffer.from(`default/pod-${number}`).toString("base64");
  const stream = ask(worker, { ...body, stream: streamed }, [SESSION_HEADER, token]);
  assert.equal(pickOf(stream), ADDRESSES[number - 1]);
  rig.pass(first);
  stream.onResponseHeaders(timing.upstream ?? pickOf(stream));
  for (let i = 0; i < tokens; i++) {
    if (i > 0) rig.pass(gap);
    stream.onResponseBody(bytesOf(event), false);
  }
  stream.onResponseBody(bytesOf("data: [DONE]\n\n"), true);
  stream.close();
}

/** Predictions for a request of one block, by endpoint. */
function predictions({ worker, rig, pool }: Served): { ttft: (number | null)[]; tpot: (number | null)[] } {
  rig.stream.message(pool.load(samples(3)));
  const details = explainedProfile(explained(worker, completion(text("new", 1))));
  const { ttft, tpot } = details.signals;
  assert.ok(ttft && tpot);
  const ordered = (column: Column) => ADDRESSES.map((address) => byAddress(details, column).get(address)!);
  return { ttft: ordered(ttft), tpot: ordered(tpot) };
}

const NOTHING = { ttft: [null, null, null], tpot: [null, null, null] };

test("nothing is predicted before the first answer, and all times are unknown", () => {
  const served = serving(3, PLAN);
  assert.deepEqual(predictions(served), NOTHING);
});

test("streamed answers teach each endpoint's times, and of an endpoint without any the others are taken for", () => {
  const served = serving(3, PLAN);
  for (let i = 0; i < 30; i++) {
    serve(served, 1, completion(text(`a ${i}`, 1)), { first: 100, gap: 20 });
    serve(served, 2, completion(text(`b ${i}`, 1)), { first: 400, gap: 50 });
  }
  const { ttft, tpot } = predictions(served);
  const near = (value: number | null, wanted: number) =>
    assert.ok(value !== null && Math.abs(value - wanted) < wanted * 0.15, `${value}, not about ${wanted}`);
  near(ttft[0]!, 100);
  near(ttft[1]!, 400);
  near(tpot[0]!, 20);
  near(tpot[1]!, 50);
  for (const [third, low, high] of [
    [ttft[2]!, 100, 400],
    [tpot[2]!, 20, 50],
  ] as const) {
    assert.ok(third !== null && third > low && third < high, `${third} between ${low} and ${high}`);
  }
});

test("a longer prompt is predicted to take longer, and a cached one is not", () => {
  const served = serving(3, PLAN);
  for (let i = 0; i < 40; i++) {
    const blocks = 1 + (i % 8);
    serve(served, 1, completion(text(`prompt ${i}`, blocks)), { first: 20 * blocks });
  }
  const { worker } = served;
  const of = (body: unknown) => {
    const details = explainedProfile(explained(worker, body));
    return byAddress(details, details.signals.ttft!).get(ADDRESSES[0]!)!;
  };
  const [short, long, cached] = [text("new", 1), text("new", 8), text("prompt 39", 8)].map((prompt) =>
    of(completion(prompt)),
  );
  assert.ok(long! > 3 * short!, `${long} and ${short}`);
  assert.ok(cached! < long! / 3, `${cached} and ${long}`);
});

test("an answer that is not streamed teaches nothing, in however many pieces it comes", () => {
  const served = serving(3, PLAN);
  for (let i = 0; i < 5; i++) serve(served, 1, completion("hello"), { first: 100, gap: 10, streamed: false });
  assert.deepEqual(predictions(served), NOTHING);
});

test("a short answer teaches its first token's time only", () => {
  const served = serving(3, PLAN);
  serve(served, 1, completion("hello"), { first: 100, tokens: 7 });
  const { ttft, tpot } = predictions(served);
  assert.ok(ttft.every((value) => value !== null));
  assert.deepEqual(tpot, NOTHING.tpot);
  serve(served, 1, completion("hello"), { first: 100, tokens: 8 });
  assert.ok(predictions(served).tpot.every((value) => value !== null));
});

test("an answer that breaks off teaches its first token's time only", () => {
  const served = serving(3, PLAN);
  const { rig, worker } = served;
  const stream = ask(worker, completion("hello", { stream: true }));
  rig.pass(100);
  stream.onResponseHeaders(pickOf(stream));
  for (let i = 0; i < 20; i++) {
    rig.pass(10);
    stream.onResponseBody(bytesOf(event), false);
  }
  stream.close();
  const { ttft, tpot } = predictions(served);
  assert.ok(ttft.every((value) => value !== null));
  assert.deepEqual(tpot, NOTHING.tpot);
});

test("an error in place of a stream teaches nothing, however fast it comes", () => {
  const served = serving(3, PLAN);
  const { rig, worker } = served;
  const stream = ask(worker, completion("hello", { stream: true }));
  rig.pass(10);
  stream.onResponseHeaders(pickOf(stream), [[":status", "429"]]);
  stream.onResponseBody(bytesOf({ error: { message: "too many requests" } }), false);
  rig.pass(500);
  stream.onResponseBody(bytesOf({ usage: { completion_tokens: 50 } }), true);
  stream.close();
  assert.deepEqual(predictions(served), NOTHING);
});

test("comments that keep a stream alive are not its first token", () => {
  const served = serving(3, PLAN);
  for (let i = 0; i < 10; i++) {
    served.rig.stream.message(served.pool.load(samples(3)));
    const stream = ask(served.worker, completion(text(`prompt ${i}`, 1), { stream: true }));
    stream.onResponseHeaders(pickOf(stream));
    for (let waited = 0; waited < 200; waited += 50) {
      stream.onResponseBody(bytesOf(": still here\n\n"), false);
      served.rig.pass(50);
    }
    stream.onResponseBody(bytesOf(event), true);
    stream.close();
  }
  for (const value of predictions(served).ttft) assert.ok(value! > 150 && value! < 250, `${value}, not about 200`);
});

test("an answer from another endpoint than the picked one teaches nothing", () => {
  const served = serving(3, PLAN);
  serve(served, 1, completion("hello"), { first: 100, upstream: ADDRESSES[1]! });
  serve(served, 1, completion("hello"), { first: 100, upstream: "192.0.2.1:80" });
  assert.deepEqual(predictions(served), NOTHING);
});

test("other workers learn from the same answers, and from what the sidecar's journal says", () => {
  const served = serving(3, PLAN, { workers: 2 });
  const other = { ...served, worker: served.all[1]! };
  serve(served, 1, completion(text("hello", 1)), { first: 100 });
  served.rig.pass(100);
  assert.deepEqual(predictions(other), predictions(served));
  assert.notDeepEqual(predictions(other), NOTHING);

  const before = predictions(other).ttft[2]!;
  const values = [64, 0, 0, 0, 0, 5000];
  const records = Array.from({ length: 10 }, () => ({
    kind: L.RECORD_TTFT,
    endpoint: xxh64(ADDRESSES[2]!),
    values,
  }));
  served.rig.stream.message(encodeJournal({ owner: 0n, first: 0n, records }));
  served.rig.pass(100);
  for (const one of [served, other]) {
    const { ttft } = predictions(one);
    assert.ok(ttft[2]! > 10 * before, `${ttft[2]} after ${before}`);
  }
});

test("an endpoint that has gone and come back is taken for the others", () => {
  const served = serving(3, PLAN);
  for (let i = 0; i < 20; i++) {
    for (const number of [1, 2, 3]) serve(served, number, completion("hello"), { first: number === 3 ? 1000 : 100 });
  }
  const before = predictions(served).ttft[2]!;
  const { rig, pool } = served;
  rig.stream.message(pool.roster(endpoints(2)), pool.load(samples(2)));
  rig.pass(50);
  rig.stream.message(pool.roster(endpoints(3)), pool.load(samples(3)));
  const after = predictions(served).ttft[2]!;
  assert.ok(before > 800 && after < 0.7 * before, `${before}, then ${after}`);
});

/** Endpoints 1 to 3 answer after 100, 400 and 1,000 ms, with 10, 40 and 100 ms from token to token. */
function taught(plan: typeof PLAN) {
  const served = serving(3, plan);
  served.rig.stream.message(served.pool.plan(PLAN));
  warm(served.worker);
  for (let i = 0; i < 25; i++) {
    for (const [number, first] of [100, 400, 1000].entries()) {
      serve(served, number + 1, completion("hello"), { first, gap: first / 10, tokens: 8 });
    }
  }
  served.rig.stream.message(served.pool.plan(plan), served.pool.load(samples(3)));
  warm(served.worker);
  return served;
}

test("objectives are read under both names, and keep the endpoints that are predicted to meet them", () => {
  const { worker, rig, pool } = taught(HEADROOM);
  const kept = (...headers: [string, string][]) => {
    rig.stream.message(pool.load(samples(3)));
    const details = explainedProfile(explained(worker, completion("hello"), ...headers));
    const step = details.steps[0]!;
    assert.ok("filter" in step);
    const left = [...byAddress(details, step.kept)].filter(([, value]) => value === 1).map(([address]) => address);
    return left.map((address) => ADDRESSES.indexOf(address) + 1).sort();
  };
  const all = [1, 2, 3];
  assert.deepEqual(kept(), all, "no objective, which nobody keeps");
  assert.deepEqual(kept(["x-slo-ttft-ms", "600"], ["x-slo-tpot-ms", "60"]), [1, 2]);
  assert.deepEqual(kept(["x-llm-d-slo-ttft-ms", "600"], ["x-llm-d-slo-tpot-ms", "60"]), [1, 2]);
  assert.deepEqual(kept(["x-slo-ttft-ms", "600.5"], ["x-llm-d-slo-tpot-ms", "25.25"]), [1]);
  assert.deepEqual(kept(["x-slo-ttft-ms", "200"], ["x-slo-tpot-ms", "500"]), [1]);
  assert.deepEqual(kept(["x-slo-ttft-ms", "5000"], ["x-slo-tpot-ms", "500"]), all);
  assert.deepEqual(kept(["x-slo-ttft-ms", "600"]), all, "nobody keeps the other one, which is 0");
  for (const wrong of ["", "abc", "-600", "6e2", "600ms", "0x258", "600.0.0", "123456789012345678901"]) {
    assert.deepEqual(kept(["x-slo-ttft-ms", wrong], ["x-slo-tpot-ms", "60"]), all, `"${wrong}" is none`);
  }
});

test("the latency scorer prefers the endpoint that keeps the objectives most closely", () => {
  const plan = [profile("default", latency(), picker(3))];
  const { worker, rig, pool } = taught(plan);
  const order = (ttft: string, tpot: string) => {
    rig.stream.message(pool.load(samples(3)));
    const stream = explained(worker, completion("hello"), ["x-slo-ttft-ms", ttft], ["x-slo-tpot-ms", tpot]);
    return picksOf(stream).map((address) => ADDRESSES.indexOf(address) + 1);
  };
  assert.deepEqual(order("600", "60").slice(0, 2), [2, 1]);
  assert.deepEqual(order("1500", "150"), [3, 2, 1]);
  assert.deepEqual(order("50", "5"), [1, 2, 3], "of those that break them, the one that does least");
});
