// What must hold of the plugins whatever the pool and the request: thousands of random states, seeds fixed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertClose } from "./close-to.ts";
import * as filters from "./filters.ts";
import { latencyScores } from "./latency.ts";
import type { Candidate, Request } from "./model.ts";
import { isNearTie, maxScoreFirst, randomFirst, weightedRandomFirst } from "./pickers.ts";
import type { Filter, Scorer } from "./profile.ts";
import { randomState } from "./random-state.ts";
import * as scorers from "./scorers.ts";

const STATES = Array.from({ length: 1500 }, (_, seed) => ({ seed, ...randomState(seed) }));

const SCORERS: Readonly<Record<string, Scorer>> = {
  queue: scorers.queueScores,
  running: scorers.runningRequestsScores,
  kv: scorers.kvCacheScores,
  prefix: scorers.prefixCacheScores,
  "prefix by length": (candidates, request) =>
    scorers.prefixCacheScores(candidates, request, { matchLengthWeight: 0.5 }),
  lora: scorers.loraAffinityScores,
  tokens: scorers.tokenLoadScores,
  active: scorers.activeRequestScores,
  "active with idle": (candidates, request) =>
    scorers.activeRequestScores(candidates, request, { idleThreshold: 2, maxBusyScore: 0.5 }),
  load: scorers.loadAwareScores,
  session: scorers.sessionAffinityScores,
  "no hit": scorers.noHitLruScores,
  context: scorers.contextLengthScores,
};

const LATENCY: Readonly<Record<string, Scorer>> = {
  latency: latencyScores,
  "latency, most": (candidates, request) => latencyScores(candidates, request, { headroomSelectionStrategy: "most" }),
};

const FILTERS: Readonly<Record<string, Filter>> = {
  selector: (candidates) =>
    filters.bySelector(candidates, { matchExpressions: [{ key: "app", operator: "In", values: ["a", "b"] }] }),
  decode: filters.decodeOnly,
  prefill: filters.prefillOnly,
  encode: filters.encodeOnly,
  context: filters.byContextLength,
  affinity: (candidates, request) => filters.byPrefixAffinity(candidates, request, {}, 0.5),
  headroom: (candidates, request) => filters.bySloHeadroom(candidates, request, {}, 0.5),
  "headroom, exploring": (candidates, request) => filters.bySloHeadroom(candidates, request, {}, 0),
};

test("scores are numbers from 0 to 1, those of latency to 1.01", () => {
  for (const { seed, candidates, request } of STATES) {
    for (const [name, score] of Object.entries({ ...SCORERS, ...LATENCY })) {
      const most = name in LATENCY ? 1.01 : 1;
      const scores = score(candidates, request);
      assert.equal(scores.length, candidates.length);
      assert.ok(
        scores.every((value) => value >= 0 && value <= most),
        `${name}, seed ${seed}: ${scores}`,
      );
    }
  }
});

test("scores do not depend on the order of the candidates", () => {
  for (const { seed, candidates, request } of STATES) {
    const turned = candidates.toReversed();
    for (const [name, score] of Object.entries({ ...SCORERS, ...LATENCY })) {
      // By its own rule: those never used cold are ranked as they come.
      if (name === "no hit") continue;
      assertClose(score(turned, request).toReversed(), score(candidates, request), `${name}, seed ${seed}`);
    }
  }
});

test("cold ranks do not depend on the order of the candidates where all have one", () => {
  for (const { candidates, request } of STATES) {
    const ranked = candidates.map((one, index) => ({ ...one, lastColdUse: index, matchedBlocks: 0 }));
    assertClose(scorers.noHitLruScores(ranked.toReversed()).toReversed(), SCORERS["no hit"]!(ranked, request));
  }
});

test("filters keep candidates that were there, once each, whatever their order", () => {
  for (const { seed, candidates, request } of STATES) {
    for (const [name, filter] of Object.entries(FILTERS)) {
      const kept = new Set(filter(candidates, request));
      assert.ok(
        [...kept].every((one) => candidates.includes(one)),
        `${name}, seed ${seed}`,
      );
      assert.equal(kept.size, filter(candidates, request).length, `${name}, seed ${seed}`);
      assert.deepEqual(new Set(filter(candidates.toReversed(), request)), kept, `${name}, seed ${seed}`);
    }
  }
});

test("affinity and headroom never leave nobody", () => {
  for (const { seed, candidates, request } of STATES) {
    for (const name of ["affinity", "headroom", "headroom, exploring"]) {
      assert.ok(FILTERS[name]!(candidates, request).length > 0, `${name}, seed ${seed}`);
    }
  }
});

test("a selector and its contrary share the candidates out", () => {
  for (const { candidates } of STATES) {
    for (const [one, other] of [
      ["In", "NotIn"],
      ["Exists", "DoesNotExist"],
    ] as const) {
      const kept = [one, other].flatMap((operator) =>
        filters.bySelector(candidates, { matchExpressions: [{ key: "app", operator, values: ["a", ""] }] }),
      );
      assert.deepEqual(new Set(kept), new Set(candidates));
      assert.equal(kept.length, candidates.length);
    }
  }
});

test("more load scores no better, more cache no worse", () => {
  const worse: [string, (one: Candidate) => Partial<Candidate>][] = [
    ["queue", ({ queue }) => ({ queue: queue + 1 })],
    ["running", ({ running }) => ({ running: running + 1 })],
    ["kv", ({ kvUsage }) => ({ kvUsage: Math.min(1, kvUsage + 0.1) })],
    ["tokens", ({ tokensInFlight }) => ({ tokensInFlight: tokensInFlight + 100 })],
    ["active", ({ inFlight }) => ({ inFlight: inFlight + 1 })],
    ["active with idle", ({ inFlight }) => ({ inFlight: inFlight + 1 })],
    ["load", ({ queue }) => ({ queue: queue + 1 })],
    ["prefix", ({ matchedBlocks }) => ({ matchedBlocks: Math.max(0, matchedBlocks - 1) })],
    ["prefix by length", ({ matchedBlocks }) => ({ matchedBlocks: Math.max(0, matchedBlocks - 1) })],
    ["tokens", ({ matchedBlocks }) => ({ matchedBlocks: Math.max(0, matchedBlocks - 1) })],
  ];
  for (const { seed, candidates, request } of STATES) {
    const index = seed % candidates.length;
    for (const [name, burden] of worse) {
      const burdened = candidates.with(index, { ...candidates[index]!, ...burden(candidates[index]!) });
      const before = SCORERS[name]!(candidates, request)[index]!;
      const after = SCORERS[name]!(burdened, request)[index]!;
      assert.ok(after <= before, `${name}, seed ${seed}: ${after} after ${before}`);
    }
  }
});

test("a picker's probabilities sum to 1 and follow the totals", () => {
  for (const { seed, candidates, request } of STATES) {
    const totals = totalsOf(candidates, request);
    for (const picker of [randomFirst, maxScoreFirst, weightedRandomFirst]) {
      const first = picker(totals);
      const sum = first.reduce((before, probability) => before + probability, 0);
      assert.ok(Math.abs(sum - 1) < 1e-9, `seed ${seed}`);
      assertClose(picker(totals.toReversed()).toReversed(), first, `seed ${seed}`);
      const highest = first[totals.indexOf(Math.max(...totals))]!;
      assert.ok(
        first.every((probability) => probability <= highest),
        `seed ${seed}`,
      );
    }
  }
});

test("near ties are rare", () => {
  const near = STATES.filter(({ candidates, request }) => isNearTie(totalsOf(candidates, request), 1e-9));
  assert.ok(near.length < STATES.length / 10, `${near.length}`);
});

function totalsOf(candidates: readonly Candidate[], request: Request): number[] {
  const [queue, kv, prefix] = [SCORERS.queue!, SCORERS.kv!, SCORERS.prefix!].map((score) =>
    score(candidates, request),
  ) as [number[], number[], number[]];
  return candidates.map((_, index) => 2 * queue[index]! + 2 * kv[index]! + 3 * prefix[index]!);
}
