// Explanations: for whom the configuration lets ask, well formed whatever the pool, and true.

import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeBeat } from "../../wire/encode.ts";
import * as L from "../../wire/layout.ts";
import type { PlanSettings } from "../../wire/model.ts";
import { answer, ask, bytesOf, completion, explained, pickOf, serving, text, type Worker, warm } from "./exchanges.ts";
import { byAddress, explainedProfile, explanationOf, type PickerStep, parseExplanation } from "./explanation.ts";
import { endpoint, endpoints, sample, samples } from "./pools.ts";
import { refused } from "./refusals.ts";
import { POST, picksOf } from "./requests.ts";
import { kvCache, labelFilter, picker, prefix, profile, queue, scorer } from "./steps.ts";

const PLAN = [profile("default", queue(2), kvCache(2), prefix(3), picker(2))];

function askFor(worker: Worker, value: string | undefined, body: unknown = completion(text("story", 2))) {
  const stream = value === undefined ? ask(worker, body) : ask(worker, body, ["x-explain", value]);
  answer(stream).close();
  return stream;
}

test("nobody gets an explanation unless the configuration names a header", () => {
  const { worker } = serving(3, PLAN, { fields: { explainHeader: undefined } });
  assert.equal(askFor(worker, "3").responseHeaders?.size, 0);
});

test("a request without the header gets none, and one with another's name neither", () => {
  const { worker } = serving(3, PLAN);
  assert.equal(askFor(worker, undefined).responseHeaders?.size, 0);
  const stream = ask(worker, completion("hello"), ["x-explanation", "3"]);
  answer(stream).close();
  assert.equal(stream.responseHeaders?.size, 0);
});

test("the header is the configured one, in both directions", () => {
  const { worker } = serving(3, PLAN, { fields: { explainHeader: "x-why_2" } });
  const stream = ask(worker, completion("hello"), ["x-why_2", "2"], ["x-explain", "2"]);
  answer(stream).close();
  assert.deepEqual([...(stream.responseHeaders?.keys() ?? [])], ["x-why_2"]);
  parseExplanation(stream.responseHeaders?.get("x-why_2") ?? "");
});

test("an endpoint's own header of that name does not pass for an explanation", () => {
  const { worker } = serving(3, PLAN);
  const stream = ask(worker, completion("hello"), ["x-explain", "2"]);
  stream.onResponseHeaders(pickOf(stream), [["x-explain", "because"]]);
  assert.equal(explanationOf(stream).pool, "default/base");
});

test("it is well formed for one endpoint, three and a hundred, and lists as many as are asked for", () => {
  for (const count of [1, 3, 100]) {
    const { worker } = serving(count, PLAN);
    const listed = (value: string) => explainedProfile(askFor(worker, value));
    for (const [value, wanted] of [
      ["1", 1],
      ["2", 2],
      ["50", 50],
      ["100", 100],
      ["5000", 100],
      ["99999999999999999999", 100],
      ["0", 1],
      ["3.9", 3],
      ["", 8],
      ["all", 8],
      ["-1", 8],
    ] as const) {
      const profile = listed(value);
      assert.equal(profile.endpoints.length, Math.min(wanted, count), `"${value}" of ${count}`);
      assert.equal(profile.candidates, count);
    }
  }
});

test("picks come first, then the others by total, then those that filters dropped", () => {
  const drop = labelFilter("odd", { key: "odd", operator: L.TERM_DOES_NOT_EXIST, values: [] });
  const list = endpoints(6).map((one, index) => (index % 3 === 0 ? { ...one, labels: { odd: "1" } } : one));
  const { rig, pool, worker } = serving(6, [profile("default", drop, kvCache(2), picker(2))], { list });
  rig.stream.message(pool.load([0, 0.5, 0.25, 0, 0.125, 0.75].map((kvUsage) => sample({ kvUsage, counter: 2 }))));
  const stream = explained(worker, completion("hello"));
  const details = explainedProfile(stream);
  const numbers = [5, 3, 2, 6, 1, 4];
  assert.deepEqual(
    details.endpoints,
    numbers.map((number) => `10.0.0.${number}:8000`),
  );
  const [filter, scores, pick] = details.steps as [unknown, unknown, PickerStep];
  assert.deepEqual(filter, { filter: "odd", kept: [1, 1, 1, 1, 0, 0], left: 4 });
  assert.deepEqual(scores, { scorer: "kv", weight: 2, scores: [0.875, 0.75, 0.5, 0.25, null, null] });
  const picks = ["10.0.0.5:8000", "10.0.0.3:8000"];
  assert.deepEqual(pick, { picker: "picker", totals: [1.75, 1.5, 1, 0.5, null, null], ties: 1, picks });
  assert.deepEqual(picksOf(stream), picks);
});

test("it tells the prompt's length, and what was known of each endpoint at the decision", () => {
  const { rig, pool, worker } = serving(2, PLAN);
  rig.stream.message(
    pool.load([sample({ waiting: 3, running: 7, kvUsage: 0.25, counter: 2 }), sample({ counter: 2 })]),
  );
  ask(worker, completion("hello"));
  const details = explanationOf(explained(worker, completion(text("story", 5))));
  assert.deepEqual([details.pool, details.promptTokens, details.promptBlocks], ["default/base", 320, 5]);
  const profile = details.profiles[0]!;
  assert.equal(profile.name, "default");
  const of = (column: readonly (number | null)[]) => byAddress(profile, column).get("10.0.0.1:8000");
  const { queue, running, kvUsage, inFlight, matchedBlocks, ttft } = profile.signals;
  assert.deepEqual([of(queue), of(running), of(kvUsage), of(inFlight), of(matchedBlocks)], [3, 7, 0.25, 0, 0]);
  assert.equal(byAddress(profile, inFlight).get("10.0.0.2:8000"), 1);
  assert.equal(ttft, undefined, "no step reads predictions");
});

test("ties are counted", () => {
  const { worker } = serving(5, [profile("default", kvCache())]);
  const step = explainedProfile(explained(worker, completion("hello"))).steps.at(-1) as PickerStep;
  assert.equal(step.ties, 5);
});

test("names with quotes, backslashes, control characters and any language stay readable, in ASCII", () => {
  const names = ['quo"te', "back\\slash", "new\nline\u0000\u007f", "größe", "评分器", "🙂 done"];
  const steps = names.map((name) => scorer(L.PLUGIN_KV_CACHE_UTILIZATION_SCORER, name, 1));
  const { worker } = serving(2, [profile('the "first"\t', ...steps)]);
  const stream = explained(worker, completion("hello"));
  const header = stream.responseHeaders?.get("x-explain") ?? "";
  assert.match(header, /^[\x20-\x7e]+$/, "a header's value");
  const details = explainedProfile(stream);
  assert.equal(details.name, 'the "first"\t');
  assert.deepEqual(
    details.steps.slice(0, -1).map((step) => ("scorer" in step ? step.scorer : "")),
    names,
  );
});

test("weights of any sign, and none, leave the scores as they were", () => {
  const { rig, pool, worker } = serving(2, [profile("default", kvCache(-2), { ...queue(0.5) }, { ...prefix(0) })]);
  rig.stream.message(pool.load([sample({ kvUsage: 0.75, counter: 2 }), sample({ counter: 2 })]));
  const details = explainedProfile(explained(worker, completion("hello")));
  const scores = details.steps.slice(0, -1).map((step) => ("scorer" in step ? [step.weight, step.scores] : []));
  assert.deepEqual(scores, [
    [-2, [0.25, 1]],
    [0.5, [1, 1]],
    [0, [0, 0]],
  ]);
});

test("a held request is explained too, and so is one whose body is no JSON", () => {
  const { worker } = serving(2, PLAN, { fields: { hold: "self" } });
  for (const body of [completion("hello"), "no JSON"]) {
    const { vm, root } = worker;
    const stream = vm.createStream(root);
    stream.onRequestHeaders([...POST, ["x-explain", "2"]], false);
    stream.onRequestBody(bytesOf(body).subarray(0, 3), false);
    stream.onRequestBody(bytesOf(body).subarray(3), true);
    stream.onResponseHeaders("10.0.0.1:8000");
    assert.equal(explainedProfile(stream).endpoints.length, 2);
    stream.close();
  }
});

test("a request without a body, which no plan decides, is not explained", () => {
  const { worker } = serving(2, PLAN);
  const stream = worker.vm.createStream(worker.root);
  stream.onRequestHeaders([...POST, ["x-explain", "2"]], true);
  stream.onResponseHeaders("10.0.0.1:8000");
  assert.equal(stream.responseHeaders?.size, 0);
});

/** A plan whose filters let some endpoints pass, or none. */
const FILTERED = [
  profile(
    "default",
    labelFilter("team", { key: "team", operator: L.TERM_IN, values: ["a"] }),
    labelFilter("never", { key: "absent", operator: L.TERM_EXISTS, values: [] }),
    queue(),
  ),
];
const TEAMS = [endpoint(1, { labels: { team: "a" } }), endpoint(2), endpoint(3, { labels: { team: "b" } })];

for (const failureMode of ["FailOpen", "FailClose"]) {
  test(`${failureMode}: where the filters leave nobody, the answer is 429 and tells which of them did`, () => {
    for (const hold of ["buffer", "self"]) {
      const { rig, worker } = serving(3, FILTERED, { list: TEAMS, fields: { failureMode, hold } });
      const stream = explained(worker, completion("hello"));
      const message = "no endpoint passes the filters of the scheduling profile";
      assert.deepEqual(stream.localResponse, refused(429, "inline_epp_filtered_out", message, "rejected-saturated"));
      assert.deepEqual(picksOf(stream), []);
      const details = explainedProfile(stream);
      const [team, never, queues, pick] = details.steps;
      assert.deepEqual(team, { filter: "team", kept: [1, 0, 0], left: 1 });
      assert.deepEqual(never, { filter: "never", kept: [0, null, null], left: 0 });
      assert.deepEqual(queues, { scorer: "queue", weight: 1, scores: [null, null, null] });
      assert.deepEqual(pick, { picker: "picker", totals: [null, null, null], ties: 0, picks: [] });
      rig.pass(50);
      assert.equal(rig.metrics.value("inline_epp_in_flight"), 0);
    }
  });
}

test("the log says once a minute that the filters leave nobody, in which pool, and where to look", () => {
  const { rig, worker } = serving(3, FILTERED, { list: TEAMS });
  for (let second = 0; second < 61; second++) {
    ask(worker, completion("hello")).close();
    rig.pass(1000);
    rig.stream.message(encodeBeat());
  }
  const warning =
    /^warn inline-epp: requests to pool "default\/base" are answered 429: no endpoint passes .* labels .*`inline-epp explain`/;
  assert.equal(rig.logged(warning).length, 2);
  assert.equal(rig.logged(/^warn/).length, 2);
  assert.equal(rig.metrics.value("inline_epp_filtered_out_total"), 61);
});

test("nobody is warned of a filter that leaves somebody", () => {
  const { rig, worker } = serving(3, [profile("default", FILTERED[0]!.steps[0]!, queue())], { list: TEAMS });
  ask(worker, completion("hello")).close();
  assert.deepEqual(rig.logged(/^warn/), []);
});

test("where no endpoint is ready, there is nothing to explain and the failure mode holds", () => {
  const { rig, pool, worker } = serving(3, FILTERED, { list: TEAMS });
  rig.stream.message(pool.load(samples(3, { ready: false })));
  const stream = explained(worker, completion("hello"));
  assert.equal(stream.localResponse?.status, 503);
  assert.deepEqual(explanationOf(stream).profiles, []);
});

test("a plan that needs no filter lets the next request through", () => {
  const { rig, pool, worker } = serving(3, FILTERED, { list: TEAMS });
  assert.equal(ask(worker, completion("hello")).localResponse?.status, 429);
  const settings: Partial<PlanSettings> = {};
  rig.stream.message(pool.plan([profile("default", queue())], settings));
  warm(worker);
  assert.equal(ask(worker, completion("hello")).localResponse, undefined);
});
