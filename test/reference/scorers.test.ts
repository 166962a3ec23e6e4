import assert from "node:assert/strict";
import { test } from "node:test";
import { assertClose } from "./close-to.ts";
import { type Candidate, candidate, request } from "./model.ts";
import * as scorers from "./scorers.ts";
import { expectedOutput, matchRatio, uncachedTokens } from "./tokens.ts";

/** Candidates that differ in these fields. */
function pool(...fields: Partial<Candidate>[]): Candidate[] {
  return fields.map((differing, index) => candidate({ name: `default/pod-${index + 1}`, ...differing }));
}

test("the shortest queue has 1, the longest 0", () => {
  assertClose(scorers.queueScores(pool({ queue: 10 }, { queue: 5 }, { queue: 0 })), [0, 0.5, 1]);
  assertClose(scorers.queueScores(pool({ queue: 3 }, { queue: 4 }, { queue: 7 })), [1, 0.75, 0]);
  assertClose(scorers.queueScores(pool({ queue: 7 }, { queue: 7 })), [1, 1], "equal queues");
  assertClose(scorers.queueScores(pool({ queue: 7 })), [1], "one candidate");
  const empty = pool({ queue: 0, running: 3 }, { queue: 0, running: 1 }, { queue: 0, running: 2 });
  assertClose(scorers.queueScores(empty), [0, 1, 0.5], "empty queues differ by what runs");
  assertClose(scorers.queueScores([]), [], "none");
});

test("running requests are scored like queues, and nothing else is looked at", () => {
  const candidates = pool({ running: 2, queue: 9 }, { running: 6 }, { running: 3 });
  assertClose(scorers.runningRequestsScores(candidates), [1, 0, 0.75]);
});

test("what is free of the KV cache is the score", () => {
  assertClose(scorers.kvCacheScores(pool({ kvUsage: 0 }, { kvUsage: 0.3 }, { kvUsage: 1 })), [1, 0.7, 0]);
});

test("the cached share of the prompt is the score", () => {
  const candidates = pool({ matchedBlocks: 5 }, { matchedBlocks: 2 }, { matchedBlocks: 10 }, {});
  assertClose(scorers.prefixCacheScores(candidates, request()), [0.5, 0.2, 1, 0]);
  assertClose(scorers.prefixCacheScores(pool({}), request({ promptTokens: 0, totalBlocks: 0 })), [0], "no blocks");
});

test("the cached length counts by its weight, squared and up to its scale", () => {
  const half = { matchLengthWeight: 0.5, matchLengthScaleTokens: 100 };
  const short = request({ totalBlocks: 10, blockTokens: 1 });
  // 0.5 x (5/100)^2 + 0.5 x 5/10
  assertClose(scorers.prefixCacheScores(pool({ matchedBlocks: 5 }), short, half), [0.25125]);
  const long = request({ totalBlocks: 100, blockTokens: 1 });
  // 0.5 x (50/100)^2 + 0.5 x 50/100
  assertClose(scorers.prefixCacheScores(pool({ matchedBlocks: 50 }), long, half), [0.375]);
  // 600 x 16 tokens are past the scale of 8192: 0.25 x 1 + 0.75 x 600/800
  const capped = scorers.prefixCacheScores(pool({ matchedBlocks: 600 }), request({ totalBlocks: 800 }), {
    matchLengthWeight: 0.25,
  });
  assertClose(capped, [0.8125]);
  const unused = { matchLengthScaleTokens: 0 };
  assertClose(scorers.prefixCacheScores(pool({}, { matchedBlocks: 1 }), request(), unused), [0, 0.1], "no scale");
});

test("an adapter is best where it runs, then where it fits, then where it waits", () => {
  const candidates = pool(
    { runningAdapters: ["x"], maxAdapters: 5 },
    { runningAdapters: ["a"], waitingAdapters: ["x"], maxAdapters: 5 },
    { runningAdapters: ["a"], maxAdapters: 2 },
    { runningAdapters: ["a"], waitingAdapters: ["x"], maxAdapters: 2 },
    { runningAdapters: ["a", "b"], maxAdapters: 2 },
    { maxAdapters: 0 },
    { runningAdapters: ["x"], maxAdapters: 0 },
    // One adapter, but two slots.
    { runningAdapters: ["a"], waitingAdapters: ["a"], maxAdapters: 2 },
    { runningAdapters: ["a", "a"], maxAdapters: 2 },
  );
  assertClose(scorers.loraAffinityScores(candidates, request({ model: "x" })), [1, 0.8, 0.8, 0.6, 0, 0, 1, 0, 0.8]);
});

test("tokens in flight count with those that the request brings", () => {
  const candidates = pool(
    { tokensInFlight: 1000, matchedBlocks: 5 },
    { tokensInFlight: 1000 },
    { matchedBlocks: 10 },
    { tokensInFlight: 5000 },
  );
  // 1000 + 80, 1000 + 160, none, past the threshold
  const threshold = { queueThresholdTokens: 2160 };
  assertClose(scorers.tokenLoadScores(candidates, request(), threshold), [0.5, 1 - 1160 / 2160, 1, 0]);
  assertClose(scorers.tokenLoadScores(pool({}), request({ outputTokens: 920 }), threshold), [0.5], "with output");
  assertClose(scorers.tokenLoadScores(pool({ tokensInFlight: 1048416 }), request()), [0.75], "default threshold");
});

test("nothing of a prompt without blocks is cached", () => {
  assert.equal(matchRatio(candidate({ matchedBlocks: 4 }), request()), 0.4);
  assert.equal(matchRatio(candidate(), request({ promptTokens: 0, totalBlocks: 0 })), 0);
});

test("uncached tokens are whole blocks, and what lies behind the blocks", () => {
  assert.equal(uncachedTokens(candidate({ matchedBlocks: 4 }), request()), 96);
  assert.equal(uncachedTokens(candidate(), request({ promptTokens: 150 })), 160);
  assert.equal(uncachedTokens(candidate({ matchedBlocks: 10 }), request({ promptTokens: 200 })), 40);
  assert.equal(uncachedTokens(candidate(), request({ promptTokens: 0, totalBlocks: 0 })), 0);
});

test("expected output is in proportion, up to either limit", () => {
  assert.equal(expectedOutput(100, 1.5), 150);
  assert.equal(expectedOutput(3, 1.5), 5);
  assert.equal(expectedOutput(100, 1.5, 20), 20);
  assert.equal(expectedOutput(100, 1.5, 20, 10), 10);
  assert.equal(expectedOutput(100, 1.5, 0), 0);
  assert.equal(expectedOutput(0, 1.5), 0);
});

test("requests in flight count against the busiest candidate", () => {
  const of = (counts: number[], parameters = {}) =>
    scorers.activeRequestScores(pool(...counts.map((inFlight) => ({ inFlight }))), request(), parameters);
  assertClose(of([3, 0, 6]), [0.5, 1, 0]);
  assertClose(of([4, 0, 1]), [0, 1, 0.75]);
  assertClose(of([3, 11]), [8 / 11, 0]);
  assertClose(of([0, 0]), [1, 1]);
  assertClose(of([3, 3]), [0, 0], "equally busy");
  assertClose(of([1, 2, 0], { idleThreshold: 1, maxBusyScore: 0.5 }), [1, 0, 1]);
  assertClose(of([2, 4], { maxBusyScore: 0.5 }), [0.25, 0]);
  assertClose(of([1, 0], { maxBusyScore: 0 }), [0, 1]);
});

test("a queue costs half a point by its threshold", () => {
  const candidates = pool({ queue: 0 }, { queue: 64 }, { queue: 128 }, { queue: 200 });
  assertClose(scorers.loadAwareScores(candidates, request()), [0.5, 0.25, 0, 0]);
  assertClose(scorers.loadAwareScores(pool({ queue: 2 }), request(), { threshold: 10 }), [0.4]);
});

test("a session goes back to the pod that its token names", () => {
  const candidates = pool({}, { name: "default/pod-22" });
  const of = (sessionToken: string | undefined) => scorers.sessionAffinityScores(candidates, request({ sessionToken }));
  // "default/pod-22" in base64
  assert.equal(scorers.sessionTokenOf(candidates[1]!), "ZGVmYXVsdC9wb2QtMjI=");
  assertClose(of("ZGVmYXVsdC9wb2QtMjI="), [0, 1]);
  assertClose(of("ZGVmYXVsdC9w\r\nb2QtMjI="), [0, 1], "with a line end");
  assertClose(of("ZGVmYXVsdC9wb2QtMjI"), [0, 0], "without its padding");
  assertClose(of("ZGVmYXVsdC9wb2QtMjI= "), [0, 0], "with a blank");
  assertClose(of("default/pod-22"), [0, 0], "not encoded");
  assertClose(of(""), [0, 0]);
  assertClose(of(undefined), [0, 0]);
  assertClose(of("ZGVmYXVsdC9nb25l"), [0, 0], "of another pod");
});

test("cold requests go to those longest without one", () => {
  const cold = (...uses: (number | undefined)[]) =>
    scorers.noHitLruScores(pool(...uses.map((lastColdUse) => ({ lastColdUse }))));
  assertClose(cold(undefined, undefined, undefined), [1, 0.5, 0], "never used, in the order given");
  assertClose(cold(0, undefined, undefined), [0, 1, 0.5]);
  assertClose(cold(1, 0, undefined), [0, 0.5, 1]);
  assertClose(cold(2, 0, 1), [0, 1, 0.5]);
  assertClose(cold(0, 4), [1, 0], "places of others count, but no score is below 0");
  assertClose(cold(5), [1], "one candidate");
  assertClose(cold(), []);
});

test("a request that is warm anywhere has no preference among the cold", () => {
  assertClose(scorers.noHitLruScores(pool({ matchedBlocks: 1 }, { lastColdUse: 0 }, {})), [0.5, 0.5, 0.5]);
  assertClose(scorers.noHitLruScores(pool({ matchedBlocks: 1 })), [0.5]);
});

test("a cold use makes an endpoint the last in the order", () => {
  assert.deepEqual(scorers.afterColdUse(["a", "b", "c"], "a"), ["b", "c", "a"]);
  assert.deepEqual(scorers.afterColdUse(["a", "b"], "c", 2), ["b", "c"]);
  assert.deepEqual(scorers.afterColdUse(["a", "b"], "b", 2), ["a", "b"]);
});

test("context ranges are scored by label", () => {
  const label = (value: string) => ({ labels: { [scorers.CONTEXT_LENGTH_LABEL]: value } });
  const candidates = pool(label("0-10000"), label("500-1000"), {}, label("many"), label(""));
  assertClose(scorers.contextLengthScores(candidates, request({ promptTokens: 0 })), [0.755, 0.2, 0.5, 0, 0]);
  const other = pool({ labels: { tier: "0-10000" } });
  assertClose(scorers.contextLengthScores(other, request({ promptTokens: 0 }), { label: "tier" }), [0.755]);
});

test("labels named like an object's own properties are labels", () => {
  const candidates = pool({});
  assertClose(scorers.contextLengthScores(candidates, request(), { label: "constructor" }), [0.5]);
});
