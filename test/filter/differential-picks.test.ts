// How often each endpoint is picked, against the pickers' exact probabilities. Seeds are fixed: a p-value below 0.001 is
// a fault, not bad luck.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as L from "../../wire/layout.ts";
import { goodnessOfFit } from "../reference/chi-square.ts";
import { maxScoreFirst, randomFirst, weightedRandomFirst } from "../reference/pickers.ts";
import { explainedProfile, type PickerStep } from "./explanation.ts";
import { endpoints, sample, servingRig } from "./pools.ts";
import { POST, picksOf, post, zeros } from "./requests.ts";
import { kvCache, picker, profile } from "./steps.ts";

const ROUNDS = 20_000;

/** What weighted-random-picker and random-picker draw second: what is left, in proportion, whatever was first. */
function second(first: readonly number[]): number[] {
  return first.map((own, index) =>
    first.reduce((sum, before, other) => (other === index ? sum : sum + (before * own) / (1 - before)), 0),
  );
}

/** Picks by a picker where the free KV cache of endpoints is as given: counts of first and second places. */
function pickMany(plugin: number, free: readonly number[]) {
  const { rig, vm, root, pool } = servingRig(free.length, { explainHeader: "x-explain" });
  rig.stream.message(
    pool.plan([profile("only", kvCache(), picker(2, plugin))]),
    pool.load(free.map((share) => sample({ kvUsage: 1 - share }))),
  );
  const explained = vm.createStream(root);
  explained.onRequestHeaders([...POST, ["x-explain", "100"]], false);
  explained.onRequestBody(zeros(1), true);
  explained.onResponseHeaders(undefined);
  explained.close();
  const details = explainedProfile(explained);
  const step = details.steps.at(-1) as PickerStep;
  const addresses = endpoints(free.length).map(({ address }) => address);
  const totals = addresses.map((address) => step.totals[details.endpoints.indexOf(address)] ?? Number.NaN);

  const places = [addresses.map(() => 0), addresses.map(() => 0)];
  for (let i = 0; i < ROUNDS; i++) {
    const stream = post(vm, root);
    for (const [place, address] of picksOf(stream).entries()) places[place]![addresses.indexOf(address)]!++;
    stream.close();
  }
  return { totals, ties: step.ties, first: places[0]!, second: places[1]! };
}

function assertFits(counts: readonly number[], probabilities: readonly number[]): void {
  const p = goodnessOfFit(counts, probabilities);
  assert.ok(p > 0.001, `p = ${p}: ${counts} of ${ROUNDS} for ${probabilities}`);
}

const LEVEL = Array.from({ length: 7 }, () => 0.5);
const THREE_BEST = [0.25, 0.75, 0.5, 0.75, 0.125, 0.75, 0.5];
const UNEVEN = [1, 0.5, 0.25, 0.125, 0.75, 0.0625, 0.03125, 0];
const MANY = Array.from({ length: 100 }, (_, index) => (index + 1) / 128);

test("max-score-picker picks each of the best alike, then each of the best that are left", () => {
  for (const free of [LEVEL, THREE_BEST]) {
    const { totals, ties, first, second: next } = pickMany(L.PLUGIN_MAX_SCORE_PICKER, free);
    const chances = maxScoreFirst(totals);
    assertFits(first, chances);
    assertFits(next, second(chances));
    assert.equal(ties, chances.filter((chance) => chance > 0).length);
  }
  const { first, second: next } = pickMany(L.PLUGIN_MAX_SCORE_PICKER, UNEVEN);
  assert.deepEqual([first[0], next[4]], [ROUNDS, ROUNDS]);
});

test("random-picker picks all alike, whatever their totals", () => {
  for (const free of [LEVEL, UNEVEN, MANY]) {
    const { totals, first, second: next } = pickMany(L.PLUGIN_RANDOM_PICKER, free);
    assertFits(first, randomFirst(totals));
    assertFits(next, second(randomFirst(totals)));
  }
});

test("weighted-random-picker picks in proportion to totals, and so again of those that are left", () => {
  for (const free of [LEVEL, UNEVEN, MANY]) {
    const { totals, first, second: next } = pickMany(L.PLUGIN_WEIGHTED_RANDOM_PICKER, free);
    assertFits(first, weightedRandomFirst(totals));
    assertFits(next, second(weightedRandomFirst(totals)));
  }
});

test("weighted-random-picker picks all alike where no total is above 0", () => {
  const { totals, first } = pickMany(
    L.PLUGIN_WEIGHTED_RANDOM_PICKER,
    LEVEL.map(() => 0),
  );
  assert.deepEqual(totals, [0, 0, 0, 0, 0, 0, 0]);
  assertFits(first, randomFirst(totals));
});
