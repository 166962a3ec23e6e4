import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "../../simulator/random.ts";
import { chiSquare, goodnessOfFit, pValue, upperGamma } from "./chi-square.ts";
import { assertClose } from "./close-to.ts";

const near = (actual: number, expected: number, tolerance: number, message: string): void =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${message}: ${actual} instead of ${expected}`);

test("p-values are those of the tables", () => {
  // Critical values of the chi-square distribution to three places, as statistical tables have them.
  const critical: [degrees: number, p: number, statistic: number][] = [
    [1, 0.1, 2.706],
    [1, 0.05, 3.841],
    [1, 0.001, 10.828],
    [2, 0.05, 5.991],
    [3, 0.01, 11.345],
    [5, 0.05, 11.07],
    [10, 0.95, 3.94],
    [10, 0.05, 18.307],
    [10, 0.01, 23.209],
    [20, 0.99, 8.26],
    [50, 0.05, 67.505],
    [100, 0.05, 124.342],
    [100, 0.001, 149.449],
  ];
  for (const [degrees, p, statistic] of critical) {
    near(pValue(statistic, degrees), p, p * 0.003, `${statistic} with ${degrees}`);
  }
});

test("two degrees of freedom have a closed form", () => {
  for (const statistic of [0, 1e-6, 0.5, 1, 3.9, 4, 4.1, 20, 200, 1000]) {
    const expected = Math.exp(-statistic / 2);
    near(pValue(statistic, 2), expected, expected * 1e-12, `${statistic}`);
  }
  // Q(2, x) = (1 + x) e^-x
  for (const x of [0.1, 2.9, 3.1, 30]) near(upperGamma(4, x), (1 + x) * Math.exp(-x), 1e-13, `Q(2, ${x})`);
});

test("p-values at the edges", () => {
  assert.equal(pValue(0, 7), 1);
  assert.equal(pValue(Number.POSITIVE_INFINITY, 7), 0);
  assert.equal(pValue(0, 0), 1);
  assert.equal(pValue(0.1, 0), 0);
});

test("series and fraction meet", () => {
  for (let degrees = 1; degrees <= 200; degrees++) {
    const turn = degrees / 2 + 1;
    near(upperGamma(degrees, turn - 1e-9), upperGamma(degrees, turn), 1e-8, `${degrees}`);
  }
});

test("the statistic sums squares against what is expected", () => {
  // 4/10 + 1/20 + 9/30
  assertClose([chiSquare([12, 21, 27], [10, 20, 30])], [0.75]);
  assert.equal(chiSquare([0, 10], [0, 10]), 0);
  assert.equal(chiSquare([1, 9], [0, 10]), Number.POSITIVE_INFINITY);
});

test("counts are held against probabilities", () => {
  // 60 throws of a die: 25 + 4 + 1 + 1 + 4 + 1 = 36 over 10
  const die = [1, 1, 1, 1, 1, 1].map((one) => one / 6);
  near(goodnessOfFit([15, 8, 9, 9, 8, 11], die), pValue(3.6, 5), 1e-12, "die");
  assert.equal(goodnessOfFit([10, 0], [1, 0]), 1);
  assert.equal(goodnessOfFit([9, 1], [1, 0]), 0);
  assert.equal(goodnessOfFit([5], [1]), 1);
  assert.equal(goodnessOfFit([3], [1]), 1);
  near(goodnessOfFit([10, 0], [0.5, 0.5]), pValue(10, 1), 1e-12, "5 expected of each");
});

test("rare outcomes are taken together", () => {
  // Expected 3, 94, 1, 2: the three rarest make 6, of which 7 came.
  const together = goodnessOfFit([2, 93, 3, 2], [0.03, 0.94, 0.01, 0.02]);
  near(together, pValue(1 / 6 + 1 / 94, 1), 1e-12, "three together");
  // Expected 3, 3, 4: the last alone would be too few, and one group says nothing.
  assert.equal(goodnessOfFit([0, 0, 10], [0.3, 0.3, 0.4]), 1);
});

test("p-values of true distributions are spread evenly", () => {
  const random = createRandom(11);
  const probabilities = [0.1, 0.2, 0.3, 0.4];
  const tenths = Array.from({ length: 10 }, () => 0);
  for (let round = 0; round < 1000; round++) {
    const counts = [0, 0, 0, 0];
    for (let draw = 0; draw < 500; draw++) {
      const u = random();
      counts[u < 0.1 ? 0 : u < 0.3 ? 1 : u < 0.6 ? 2 : 3]!++;
    }
    tenths[Math.min(Math.floor(goodnessOfFit(counts, probabilities) * 10), 9)]!++;
  }
  assert.ok(
    goodnessOfFit(
      tenths,
      tenths.map(() => 0.1),
    ) > 0.001,
    tenths.join(" "),
  );
});
