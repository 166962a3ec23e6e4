import assert from "node:assert/strict";
import { test } from "node:test";
import { parseContextRange } from "./context-length.ts";
import { estimate } from "./estimate.ts";
import { randomState, type State } from "./random-state.ts";
import { CONTEXT_LENGTH_LABEL, sessionTokenOf } from "./scorers.ts";

const states = Array.from({ length: 2000 }, (_, seed) => randomState(seed));
const some = (what: string, holds: (state: State) => boolean): void => {
  const count = states.filter(holds).length;
  assert.ok(count >= 20 && count <= 1980, `${what}: ${count} of 2000`);
};
const all = <T>(list: readonly T[], value: (item: T) => unknown): boolean => new Set(list.map(value)).size === 1;

test("a seed is one state", () => {
  assert.deepEqual(randomState(5), randomState(5));
  assert.notDeepEqual(randomState(5), randomState(6));
});

test("states are such as can be", () => {
  for (const [seed, { candidates, observed, coldOrder, request }] of states.entries()) {
    assert.ok(request.totalBlocks <= 256 && request.totalBlocks * request.blockTokens < request.promptTokens + 64);
    for (const [index, candidate] of candidates.entries()) {
      const { sample, inFlightThen } = observed[index]!;
      const { queue, running } = estimate(sample, inFlightThen, candidate.inFlight);
      assert.deepEqual([candidate.queue, candidate.running], [queue, running], `seed ${seed}`);
      assert.ok(candidate.kvUsage >= 0 && candidate.kvUsage <= 1, `seed ${seed}`);
      assert.ok(candidate.matchedBlocks >= 0 && candidate.matchedBlocks <= request.totalBlocks, `seed ${seed}`);
      assert.ok(candidate.tokensInFlight >= candidate.inFlight, `seed ${seed}`);
      assert.ok(candidate.inFlight > 0 || candidate.tokensInFlight === 0, `seed ${seed}`);
      assert.equal(
        coldOrder[candidate.lastColdUse ?? -1],
        candidate.lastColdUse === undefined ? undefined : candidate.name,
      );
    }
    assert.equal(new Set(candidates.map(({ address }) => address)).size, candidates.length);
    assert.equal(new Set(coldOrder).size, coldOrder.length);
  }
});

test("the extremes come up, and so does the rest", () => {
  some("one candidate", ({ candidates }) => candidates.length === 1);
  some("many candidates", ({ candidates }) => candidates.length > 50);
  some("equal queues", ({ candidates }) => candidates.length > 1 && all(candidates, ({ queue }) => queue));
  some("nothing in flight", ({ candidates }) => candidates.every(({ inFlight }) => inFlight === 0));
  some("a full sample", ({ observed }) => observed.some(({ sample }) => sample.queue === 4294967295));
  some("more in flight than seen", ({ candidates, observed }) =>
    candidates.some(({ queue }, index) => queue > observed[index]!.sample.queue),
  );
  some("less than was seen", ({ candidates, observed }) =>
    candidates.some(({ running }, index) => running < observed[index]!.sample.running),
  );
  some("a full cache", ({ candidates }) => candidates.some(({ kvUsage }) => kvUsage === 1));
  some("no prompt", ({ request }) => request.promptTokens === 0);
  some("a prompt past its blocks", ({ request }) => request.promptTokens > 256 * 64);
  some("a cached prompt", ({ candidates, request }) =>
    candidates.some(({ matchedBlocks }) => matchedBlocks > 0 && matchedBlocks === request.totalBlocks),
  );
  some("nothing cached", ({ candidates }) => candidates.every(({ matchedBlocks }) => matchedBlocks === 0));
  some("no adapters", ({ candidates }) =>
    candidates.some(({ runningAdapters, maxAdapters }) => runningAdapters.length + maxAdapters === 0),
  );
  some("no predictions", ({ candidates }) => candidates.every(({ predictedTtft }) => predictedTtft === undefined));
  some(
    "some predictions",
    ({ candidates }) => new Set(candidates.map(({ predictedTtft }) => predictedTtft === undefined)).size === 2,
  );
  some("no limits", ({ request }) => request.sloTtft === undefined && request.sloTpot === undefined);
  some("nobody used cold", ({ coldOrder }) => coldOrder.length === 0);
  some("others used cold", ({ coldOrder }) => coldOrder.some((name) => name.includes("gone")));
  some("a session", ({ candidates, request }) =>
    candidates.some((one) => sessionTokenOf(one) === request.sessionToken),
  );
  some("unlabelled", ({ candidates }) => candidates.some(({ labels }) => Object.keys(labels).length === 0));
  some("malformed ranges", ({ candidates }) =>
    candidates.some(({ labels }) => {
      const range = labels[CONTEXT_LENGTH_LABEL];
      return range !== undefined && parseContextRange(range) === null;
    }),
  );
});
