import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "../../simulator/random.ts";
import { goodnessOfFit } from "./chi-square.ts";
import { assertClose } from "./close-to.ts";
import { isNearTie, maxScoreFirst, randomFirst, weightedRandomFirst } from "./pickers.ts";

/** How often each candidate comes first in `draws` picks of the greatest key. */
function countFirst(totals: readonly number[], draws: number, key: (total: number) => number): number[] {
  const counts = totals.map(() => 0);
  for (let draw = 0; draw < draws; draw++) {
    const keys = totals.map(key);
    counts[keys.indexOf(Math.max(...keys))]!++;
  }
  return counts;
}

test("a random pick is anyone's", () => {
  assertClose(randomFirst([3, 0, -1, 8]), [0.25, 0.25, 0.25, 0.25]);
  assertClose(randomFirst([5]), [1]);
  assertClose(randomFirst([]), []);
});

test("the highest total is picked, the highest ones alike", () => {
  assertClose(maxScoreFirst([1, 3, 2]), [0, 1, 0]);
  assertClose(maxScoreFirst([3, 1, 3, 3]), [1 / 3, 0, 1 / 3, 1 / 3]);
  assertClose(maxScoreFirst([0, 0]), [0.5, 0.5]);
  assertClose(maxScoreFirst([-1, -2]), [1, 0]);
});

test("a weighted pick is in proportion to the totals", () => {
  assertClose(weightedRandomFirst([10, 90]), [0.1, 0.9]);
  assertClose(weightedRandomFirst([1, 0, 3, -5]), [0.25, 0, 0.75, 0]);
  assertClose(weightedRandomFirst([0, 0, -1, 0]), [0.25, 0.25, 0.25, 0.25], "no total above 0");
});

test("the greatest of U^(1/w) is in proportion to w", () => {
  const totals = [0.5, 1, 2.5, 0, 3];
  const random = createRandom(7);
  const counts = countFirst(totals, 20000, (total) => (total > 0 ? random() ** (1 / total) : 0));
  assert.ok(goodnessOfFit(counts, weightedRandomFirst(totals)) > 0.001, counts.join(" "));
  assert.ok(goodnessOfFit(counts, weightedRandomFirst([0.6, 1, 2.5, 0, 3])) < 0.001, "another weight is told apart");
});

test("a near tie is no tie", () => {
  assert.equal(isNearTie([1, 1, 0], 1e-9), false);
  assert.equal(isNearTie([1, 1 - 1e-10, 0], 1e-9), true);
  assert.equal(isNearTie([0.1 + 0.2, 0.3], 1e-9), true);
  assert.equal(isNearTie([1, 0.9], 1e-9), false);
  assert.equal(isNearTie([], 1e-9), false);
});
