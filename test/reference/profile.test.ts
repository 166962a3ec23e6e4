import assert from "node:assert/strict";
import { test } from "node:test";
import { assertClose } from "./close-to.ts";
import { latencyScores } from "./latency.ts";
import { candidate, request } from "./model.ts";
import { maxScoreFirst, weightedRandomFirst } from "./pickers.ts";
import { clamp, type Profile, runProfile } from "./profile.ts";
import { kvCacheScores, prefixCacheScores, queueScores } from "./scorers.ts";

const byDefault: Profile = {
  filters: [],
  scorers: [
    { score: queueScores, weight: 2 },
    { score: kvCacheScores, weight: 2 },
    { score: prefixCacheScores, weight: 3 },
  ],
  picker: maxScoreFirst,
};

test("totals are weighted sums of the scores", () => {
  const candidates = [candidate({ kvUsage: 0.5, matchedBlocks: 10 }), candidate({ queue: 4 })];
  const outcome = runProfile(byDefault, candidates, request())!;
  assertClose(outcome.scores[0]!, [1, 0]);
  assertClose(outcome.scores[1]!, [0.5, 1]);
  assertClose(outcome.scores[2]!, [1, 0]);
  assertClose(outcome.totals, [6, 2]);
  assertClose(outcome.first, [1, 0]);
  assertClose(runProfile({ ...byDefault, picker: weightedRandomFirst }, candidates, request())!.first, [0.75, 0.25]);
});

test("scores are brought into 0..1 before they are weighted", () => {
  assert.deepEqual([-0.5, 0, 0.3, 1, 1.01].map(clamp), [0, 0, 0.3, 1, 1]);
  const profile = { filters: [], scorers: [{ score: latencyScores, weight: 10 }], picker: maxScoreFirst };
  const candidates = [candidate({ predictedTtft: 50, inFlight: 1 }), candidate({ predictedTtft: 120, inFlight: 1 })];
  const outcome = runProfile(profile, candidates, request())!;
  assertClose(outcome.scores[0]!, [1.01, 0.01]);
  assertClose(outcome.totals, [10, 0.1]);
});

test("filters run one behind the other, and scorers see who remains", () => {
  const candidates = [0, 2, 8].map((queue) => candidate({ queue }));
  const profile = {
    ...byDefault,
    filters: [(list: readonly (typeof candidates)[number][]) => list.filter(({ queue }) => queue > 0)],
    scorers: [{ score: queueScores, weight: 1 }],
  };
  const outcome = runProfile(profile, candidates, request())!;
  assert.deepEqual(
    outcome.remaining.map(({ queue }) => queue),
    [2, 8],
  );
  assertClose(outcome.totals, [1, 0]);
});

test("a profile whose filters leave nobody has no outcome", () => {
  const unreached = () => assert.fail("a filter ran on nobody");
  const profile = { ...byDefault, filters: [() => [], unreached] };
  assert.equal(runProfile(profile, [candidate()], request()), undefined);
  assert.equal(runProfile(byDefault, [], request()), undefined);
});

test("without scorers all totals are 0", () => {
  const outcome = runProfile({ ...byDefault, scorers: [] }, [candidate(), candidate()], request())!;
  assertClose(outcome.totals, [0, 0]);
  assertClose(outcome.first, [0.5, 0.5]);
});
