// Requests under rate limits: who goes on, who is told to come again and when, and what is given back.

import assert from "node:assert/strict";
import { test } from "node:test";
import { DataStatus } from "../../sidecar/wasm-host/abi.ts";
import type { FilterStream } from "../../sidecar/wasm-host/stream.ts";
import * as L from "../../wire/layout.ts";
import { PLAIN_ADMISSION } from "../../wire/plan-settings.ts";
import { ask, bytesOf, completion, pickOf } from "./exchanges.ts";
import { limit, limited, SECOND, serve } from "./limited.ts";
import { sample } from "./pools.ts";
import { POST } from "./requests.ts";
import { picker, profile } from "./steps.ts";

/** The answer's headers about limits, requests and then tokens. */
function told(stream: FilterStream): Record<string, string> {
  stream.onResponseHeaders(stream.localResponse ? undefined : pickOf(stream), [[":status", "200"]]);
  const all = [...(stream.responseHeaders ?? [])].filter(([name]) => name.startsWith("x-ratelimit-"));
  return Object.fromEntries(all.map(([name, value]) => [name.slice("x-ratelimit-".length), value]));
}

test("a client has so many requests, and is told when to come again; others have theirs", () => {
  const { rig, send, goes } = limited([limit({ requests: 3 })]);
  for (const left of ["2", "1", "0"]) {
    const reset = { 2: "20s", 1: "40s", 0: "1m0s" }[left];
    assert.deepEqual(told(send("a")), { "limit-requests": "3", "remaining-requests": left, "reset-requests": reset });
  }
  const refused = send("a");
  assert.equal(refused.localResponse?.status, 429);
  assert.equal(refused.localResponse.details, "inline_epp_rate_limited");
  assert.deepEqual(refused.localResponse.headers, {
    "content-type": "application/json",
    "x-llm-d-request-dropped-reason": "rejected-rate-limited",
    "retry-after": "20",
  });
  assert.deepEqual(JSON.parse(refused.localResponse.body).error, {
    message: 'rate limit "clients" reached: at most 3 requests per 1m0s, try again in 20s',
    type: "rate_limit_error",
    param: null,
    code: "rate_limit_exceeded",
  });
  assert.deepEqual(told(refused), { "limit-requests": "3", "remaining-requests": "0", "reset-requests": "1m0s" });
  assert.ok(goes("b"));
  assert.ok(goes("a", completion("Hello", { model: "other" })), "each model by itself");
  rig.now += 19_999_999n;
  assert.equal(goes("a"), false);
  rig.now += 1n;
  assert.ok(goes("a"));
  assert.equal(goes("a"), false);
  rig.pass(10);
  assert.equal(rig.metrics.value("inline_epp_rate_limited_total"), 3);
});

test("those without the header are one client; without a header all are, and models count together if it is said", () => {
  const { goes } = limited([limit({ requests: 1 })]);
  assert.deepEqual([goes(undefined), goes(undefined), goes("a")], [true, false, true]);
  const all = limited([limit({ header: "", perModel: false, requests: 2 })]);
  assert.deepEqual([all.goes("a"), all.goes("b", completion("x", { model: "m" })), all.goes("c")], [true, true, false]);
});

test("a limit holds for the models that it names", () => {
  const { goes } = limited([limit({ models: ["base", "large"], requests: 1 })]);
  const large = completion("Hello", { model: "large" });
  const small = completion("Hello", { model: "small" });
  assert.deepEqual([goes("a"), goes("a"), goes("a", large), goes("a", large)], [true, false, true, false]);
  assert.ok([1, 2, 3].every(() => goes("a", small)));
});

test("burst says how much may come at once, per how much in the long run", () => {
  const { rig, goes } = limited([limit({ requests: 60, burst: 2 * SECOND })]);
  assert.deepEqual([goes("a"), goes("a"), goes("a")], [true, true, false]);
  let went = 0;
  for (let i = 0; i < 600; i++) {
    rig.now += 100_000n;
    if (goes("a")) went++;
  }
  assert.equal(went, 60, "in a minute");
});

const usage = (prompt: number, output: number) =>
  JSON.stringify({ usage: { prompt_tokens: prompt, completion_tokens: output } });

test("tokens are taken by the prompt's length, and set right by the answer's usage", () => {
  const { send, goes } = limited([limit({ tokens: 1000 })]);
  const body = completion("x".repeat(399));
  const first = send("a", body);
  assert.deepEqual(told(first), { "limit-tokens": "1000", "remaining-tokens": "900", "reset-tokens": "6s" });
  serve(first, usage(150, 50));
  const second = send("a", body);
  assert.equal(told(second)["remaining-tokens"], "700", "200 and 100");
  serve(second, usage(10, 5));
  const third = send("a", body);
  assert.equal(told(third)["remaining-tokens"], "685");
  serve(third, usage(1000, 1000));
  assert.equal(goes("a"), false, "in debt by 1,215 tokens");
});

test("a request for more than there ever is goes when the budget is full, and is paid off", () => {
  const { rig, send, goes } = limited([limit({ tokens: 100 })]);
  const long = completion("x".repeat(3999));
  serve(send("a", long), usage(1000, 0));
  assert.equal(
    send("a").localResponse?.headers["retry-after"],
    "542",
    "900 of debt, and 2 for this one, at 0.6 s each",
  );
  rig.now += 542_000_000n;
  assert.ok(goes("a"));
  assert.equal(goes("a", long), false);
});

test("an answer that is cut off or streamed without usage counts by its events", () => {
  const { send } = limited([limit({ tokens: 1000 })]);
  const stream = send("a", completion("x".repeat(399), { stream: true }));
  stream.onResponseHeaders(pickOf(stream), [[":status", "200"]]);
  for (let i = 0; i < 7; i++) stream.onResponseBody(bytesOf('data: {"choices":[]}\n\n'), false);
  stream.close();
  assert.equal(told(send("a", completion("x".repeat(3))))["remaining-tokens"], "892", "100, 7, and 1 for this one");
});

test("what is refused elsewhere or fails is given back; a bad request costs no tokens", () => {
  const { rig, pool, send } = limited([limit({ requests: 100, tokens: 1000 })]);
  const left = () => {
    const stream = send("probe");
    const { "remaining-requests": requests, "remaining-tokens": tokens } = told(stream);
    stream.onResponseHeaders(undefined, [[":status", "503"]]);
    stream.close();
    return [requests, tokens];
  };
  assert.deepEqual(left(), ["99", "998"]);
  assert.deepEqual(left(), ["99", "998"], "answered by the gateway");
  serve(send("probe"), "{}", "500");
  assert.deepEqual(left(), ["99", "998"], "the server's fault");
  serve(send("probe"), usage(7, 7), "404");
  assert.deepEqual(left(), ["98", "998"]);
  send("probe").close();
  assert.deepEqual(left(), ["97", "996"], "sent on, and hung up");
  rig.stream.message(pool.load([sample({ ready: false })]));
  rig.pass(10);
  const refused = send("probe");
  assert.equal(refused.localResponse?.status, 503);
  refused.close();
  rig.stream.message(pool.load([sample()]));
  rig.pass(10);
  assert.deepEqual(left(), ["97", "996"]);
});

test("all limits must have room; what one has given another's refusal gives back", () => {
  const { goes, send } = limited([
    limit({ requests: 10 }),
    limit({ name: "all", header: "", requests: 3 }),
    limit({ name: "day", requests: 1000, per: 86_400 * SECOND, burst: 86_400 * SECOND }),
  ]);
  assert.deepEqual(told(send("a")), { "limit-requests": "3", "remaining-requests": "2", "reset-requests": "20s" });
  assert.deepEqual([goes("a"), goes("a"), goes("a"), goes("b")], [true, true, false, false]);
  const refused = send("c");
  assert.match(refused.localResponse?.body ?? "", /rate limit \\"all\\" reached/);
  const other = limited([limit({ requests: 2 }), limit({ name: "all", header: "", requests: 3 })]);
  for (const key of ["x", "y", "z"]) assert.ok(other.goes(key));
  for (let i = 0; i < 5; i++) assert.equal(other.goes("a"), false);
  other.rig.now += 20_000_000n;
  assert.ok(other.goes("a"));
  other.rig.now += 20_000_000n;
  assert.ok(other.goes("a"), "the five had cost it nothing");
});

test("limits come before the queue, and one that waited in vain is given back", () => {
  const admission = {
    ...PLAIN_ADMISSION,
    detector: L.DETECTOR_CONCURRENCY,
    detectorParameters: [1, 1_000_000, 0, 0],
    flowControl: true,
    ttl: 500,
  };
  const { rig, pool, worker } = limited([]);
  const limits = [limit({ requests: 2 })];
  rig.stream.message(pool.plan([profile("default", picker())], { limits, admission }));
  rig.pass(10);
  const send = (key: string) => {
    const stream = worker.vm.createStream(worker.root);
    stream.onRequestHeaders([...POST, ["x-api-key", key]], false);
    return { stream, status: stream.onRequestBody(bytesOf(completion("Hello")), true) };
  };
  assert.equal(send("a").status, DataStatus.continue);
  const waiting = send("a");
  assert.equal(waiting.status, DataStatus.stopIterationAndBuffer);
  const refused = send("a");
  assert.equal(refused.status, DataStatus.stopIterationNoBuffer);
  assert.equal(refused.stream.localResponse?.details, "inline_epp_rate_limited");
  rig.pass(510);
  assert.equal(waiting.stream.localResponse?.details, "inline_epp_ttl_expired");
  waiting.stream.onResponseHeaders(undefined, [[":status", "429"]], true);
  waiting.stream.close();
  const second = send("a");
  assert.equal(second.status, DataStatus.stopIterationAndBuffer, "there is one left again");
  second.stream.close();
  assert.equal(send("a").status, DataStatus.stopIterationAndBuffer, "and after one that hung up while it waited");
});

test("a plan that changes meanwhile: limits that a request's headers have not met do not hold for it", () => {
  const { rig, pool, worker, goes } = limited([limit({ requests: 1 })]);
  const stream = worker.vm.createStream(worker.root);
  stream.onRequestHeaders([...POST, ["x-api-key", "a"]], false);
  const limits = [limit({ name: "new", requests: 1 }), limit({ requests: 2 })];
  rig.stream.message(pool.plan([profile("default", picker())], { limits }));
  rig.pass(10);
  assert.equal(stream.onRequestBody(bytesOf(completion("Hello")), true), DataStatus.continue);
  assert.deepEqual([goes("a"), goes("a")], [true, false]);
  rig.stream.message(pool.plan());
  rig.pass(10);
  assert.ok(
    [1, 2, 3].every(() => goes("a")),
    "no limits any more",
  );
});

test("hold self: the same", () => {
  const { worker } = limited([limit({ requests: 1 })], 1, { hold: "self" });
  const send = () => ask(worker, completion("Hello"), ["x-api-key", "a"]);
  assert.equal(send().localResponse, undefined);
  assert.equal(send().localResponse?.status, 429);
});
