import assert from "node:assert/strict";
import { test } from "node:test";
import { BUDGETS } from "../../bench/budgets.ts";
import { CASES } from "../../bench/cases.ts";
import { type Budget, checkBudgets, failureText, isWorthRepeating } from "../../bench/lib/check.ts";

const SHARE: Budget = {
  case: "one",
  line: { connections: 16, arm: "inline" },
  figure: "share",
  bound: "at least",
  value: 0.75,
  source: "",
};
const GROWTH: Budget = { case: "one", line: {}, figure: "growth", bound: "at most", value: 1.5, source: "" };

/** Whether a budget is kept by a line with these fields, among others that are not meant. */
function kept(budget: Budget, fields: Record<string, number | string>): boolean {
  const others = [
    { connections: 1, arm: "inline", share: 0.01 },
    { connections: 16, arm: "plain" },
  ];
  const [verdict] = checkBudgets("one", [...others, fields], [budget]);
  return verdict!.kept;
}

test("a ratio fails where it has fallen to half of what it should be", () => {
  const share = (value: number) => kept(SHARE, { connections: 16, arm: "inline", share: value });
  assert.deepEqual([0.9, 0.75, 0.376, 0.375, 0.1].map(share), [true, true, true, false, false]);
});

test("a ratio fails where it has risen to double of what it may be", () => {
  const growth = (value: number) => kept(GROWTH, { growth: value });
  assert.deepEqual([0.5, 1.5, 2.99, 3, 9].map(growth), [true, true, true, false, false]);
});

test("a ratio between its budget and what fails has missed it", () => {
  const met = [0.9, 0.75, 0.7].map((share) => checkBudgets("one", [{ ...SHARE.line, share }], [SHARE])[0]!.met);
  assert.deepEqual(met, [true, true, false]);
});

test("an exact figure fails beyond its budget", () => {
  const exact: Budget = { ...GROWTH, value: 1, exact: true };
  assert.deepEqual(
    [0.9, 1, 1.001].map((growth) => kept(exact, { growth })),
    [true, true, false],
  );
  const least: Budget = { ...SHARE, line: {}, exact: true };
  assert.equal(kept(least, { share: 0.749 }), false);
});

test("a figure that was not measured fails", () => {
  assert.equal(kept(SHARE, { connections: 16, arm: "inline" }), false);
  assert.equal(kept(GROWTH, { growth: Number.NaN }), false);
  const [verdict] = checkBudgets("one", [], [GROWTH]);
  assert.match(failureText(verdict!), /^one: growth was not measured; /);
});

test("a time is shown beside its aim and fails only where there is none, and what a quick run leaves out is not spoken of", () => {
  const timed: Budget = { ...GROWTH, figure: "us", value: 3, timed: true };
  const of = (fields: Record<string, number>) =>
    checkBudgets("one", [fields], [timed]).map(({ met, kept }) => [met, kept]);
  assert.deepEqual(of({ us: 2.9 }), [[true, true]]);
  assert.deepEqual(of({ us: 300 }), [[false, true]]);
  assert.deepEqual(of({ growth: 1 }), [[false, false]], "a figure that nothing has");
  assert.deepEqual(checkBudgets("one", [{ growth: 1 }], [timed], true), []);
});

test("a run is worth repeating where what failed may be the machine's", () => {
  const exact: Budget = { ...GROWTH, figure: "bytes", exact: true };
  const worth = (growth: number, bytes: number) =>
    isWorthRepeating(checkBudgets("one", [{ growth, bytes }], [GROWTH, exact]));
  assert.equal(worth(1, 1), false); // nothing failed
  assert.equal(worth(3, 1), true);
  assert.equal(worth(1, 2), false);
  assert.equal(worth(3, 2), false); // it would fail again
});

test("half of every budget fails, of every one that is a ratio", () => {
  for (const budget of BUDGETS.filter(({ timed }) => !timed)) {
    const { line, figure, bound, value, exact } = budget;
    const judged = (measured: number) => checkBudgets(budget.case, [{ ...line, [figure]: measured }], [budget])[0]!;
    const slip = exact ? 1.0001 : 2;
    const worse = bound === "at least" ? value / slip : value * slip;
    assert.deepEqual([judged(value).met, judged(value).kept], [true, true], failureText(judged(value)));
    assert.equal(judged(worse).kept, false, failureText(judged(worse)));
  }
});

test("budgets of other cases are not asked for", () => {
  assert.deepEqual(checkBudgets("another", [], [SHARE, GROWTH]), []);
});

test("a failure names the case, the figure and the budget", () => {
  const [verdict] = checkBudgets("one", [{ connections: 16, arm: "inline", share: 0.3 }], [SHARE]);
  assert.equal(
    failureText(verdict!),
    "one: share (connections 16, arm inline) is 0.3; the budget is at least 0.75, and 0.375 fails",
  );
});

test("every budget is of a case that there is", () => {
  const names = new Set(CASES.map(({ name }) => name));
  assert.deepEqual(
    BUDGETS.filter((budget) => !names.has(budget.case)),
    [],
  );
});
