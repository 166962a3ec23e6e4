import { test } from "node:test";
import { assertClose } from "./close-to.ts";
import { headroomOf, latencyScores } from "./latency.ts";
import { type Candidate, candidate, request } from "./model.ts";

/** A busy candidate with these predictions. */
function predicted(predictedTtft?: number, predictedTpot?: number, fields: Partial<Candidate> = {}): Candidate {
  return candidate({ inFlight: 3, predictedTtft, predictedTpot, ...fields });
}

const strict = request({ sloTtft: 100, sloTpot: 30 });

test("headroom is what the prediction leaves of the limit", () => {
  const of = (one: Candidate, asked = strict) => {
    const headroom = headroomOf(one, asked);
    return headroom === undefined ? [] : [headroom.ttft, headroom.tpot];
  };
  assertClose(of(predicted(90, 38)), [10, -8]);
  assertClose(of(predicted(90)), [10, 0], "no TPOT predicted");
  assertClose(of(predicted(90, 38), request()), [-90, -38], "no limits");
  assertClose(of(predicted(undefined, 38)), [], "no TTFT predicted");
});

test("within the limits, the nearest to them is best, or the farthest by strategy", () => {
  // TTFT headrooms 100, 30, 65: places 1, 0, 1/2. TPOT headrooms 20, 5, 10: places 1, 0, 1/3.
  const candidates = [predicted(50, 10), predicted(120, 25), predicted(85, 20)];
  const asked = request({ sloTtft: 150, sloTpot: 30 });
  // Third: 0.8 x 1/2 + 0.2 x 1/3 = 0.4667; of 1 - 0.4667 = 0.5333, 53 whole steps and one more.
  assertClose(latencyScores(candidates, asked), [0.01, 1.01, 0.54]);
  assertClose(latencyScores(candidates, asked, { headroomSelectionStrategy: "most" }), [1.01, 0.01, 0.47]);
  // (3 x 1/2 + 1 x 1/3) / 4 = 0.4583
  assertClose(latencyScores(candidates, asked, { ttftWeight: 3, tpotWeight: 1 }), [0.01, 1.01, 0.55]);
  // Weights of no sum leave TTFT alone.
  assertClose(latencyScores(candidates, asked, { ttftWeight: 0, tpotWeight: 0 }), [0.01, 1.01, 0.51]);
});

test("a dimension without differences does not count", () => {
  const asked = request({ sloTtft: 150, sloTpot: 30 });
  assertClose(latencyScores([predicted(50, 10), predicted(50, 25), predicted(50, 20)], asked), [0.01, 1.01, 0.67]);
  assertClose(latencyScores([predicted(50, 10), predicted(120, 10), predicted(85, 10)], asked), [0.01, 1.01, 0.51]);
  assertClose(latencyScores([predicted(50, 10), predicted(50, 10)], asked), [0.51, 0.51], "no differences at all");
  assertClose(latencyScores([predicted(50, 10)], asked), [0.51], "one candidate");
  assertClose(latencyScores([predicted(50, 10), predicted(50 + 1e-10, 10)], asked), [0.51, 0.51], "too small to tell");
});

test("who breaks a limit has nothing beside one who keeps both", () => {
  assertClose(latencyScores([predicted(90, 20), predicted(110, 20), predicted(90, 31)], strict), [0.51, 0, 0]);
  // On the limit is within it.
  assertClose(latencyScores([predicted(100, 30), predicted(110, 20)], strict), [0.51, 0]);
});

test("where all break a limit, the idle come first", () => {
  const idle = { inFlight: 0 };
  const candidates = [predicted(150, 40), predicted(150, 40, idle), predicted(90, 31), predicted(250, 60, idle)];
  assertClose(latencyScores(candidates, strict), [0, 1.01, 0, 0.01]);
});

test("where all are busy, breaking TPOT alone is better than TTFT alone, and that than both", () => {
  const [both, ttftOnly, tpotOnly] = [predicted(150, 40), predicted(130, 25), predicted(90, 38)];
  assertClose(latencyScores([both, ttftOnly, tpotOnly], strict), [0, 0, 0.51]);
  assertClose(latencyScores([both, ttftOnly], strict), [0, 0.51]);
  assertClose(latencyScores([both, predicted(110, 35)], strict), [0.01, 1.01]);
});

test("broken limits are compared nearest first, whatever the strategy", () => {
  const candidates = [predicted(110, 35), predicted(200, 60)];
  assertClose(latencyScores(candidates, strict, { headroomSelectionStrategy: "most" }), [1.01, 0.01]);
});

test("without limits the fastest is best", () => {
  assertClose(latencyScores([predicted(50), predicted(120), predicted(64)], request()), [1.01, 0.01, 0.81]);
});

test("a candidate without a prediction counts as one exactly on its limits", () => {
  assertClose(latencyScores([predicted(), predicted(40, 10)], strict), [1.01, 0.01]);
  assertClose(latencyScores([predicted(), predicted(150, 40)], strict), [0.51, 0]);
});

test("without any prediction, the cache, the queue and the prefix count alike", () => {
  const candidates = [
    candidate({ kvUsage: 0.2 }),
    candidate({ kvUsage: 0.75, queue: 5 }),
    candidate({ kvUsage: 0.75, queue: 5, matchedBlocks: 5 }),
  ];
  // (0.8 + 1 + 0) / 3, (0.25 + 0 + 0) / 3, (0.25 + 0 + 0.5) / 3, in steps of 0.01
  assertClose(latencyScores(candidates, request()), [0.6, 0.08, 0.25]);
  const weights = { compositeKVWeight: 2, compositeQueueWeight: 1, compositePrefixWeight: 1 };
  // (1.6 + 1 + 0) / 4, (0.5 + 0 + 0) / 4 = 0.125, (0.5 + 0 + 0.5) / 4
  assertClose(latencyScores(candidates, request(), weights), [0.65, 0.13, 0.25]);
  const none = { compositeKVWeight: 0, compositeQueueWeight: 0, compositePrefixWeight: 0 };
  assertClose(latencyScores(candidates, request(), none), [0.8, 0.25, 0.25]);
  const only = (field: string) => latencyScores(candidates, request(), { ...none, [field]: 1 });
  assertClose(only("compositeQueueWeight"), [1, 0, 0]);
  assertClose(only("compositePrefixWeight"), [0, 0, 0.5]);
  assertClose(latencyScores([candidate({ kvUsage: 1 })], request()), [0.33], "no queue anywhere");
});

test("no candidates have no scores", () => {
  assertClose(latencyScores([], strict), []);
});
