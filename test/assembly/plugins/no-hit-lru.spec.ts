import { setCandidateMatched } from "../../../assembly/schedule/candidates.ts";
import { forgetSlot, hadColdPick, noteColdPick } from "../../../assembly/schedule/cold-picks.ts";
import * as lru from "../../../assembly/schedule/scorers/no-hit-lru.ts";
import { scoreNoHitLru } from "../../../assembly/schedule/scorers/no-hit-lru.ts";
import { add, begin, expectTotals, slotOf } from "./rows.ts";

// Candidates 0 to below `count`, whose slots have the same numbers.
function ready(count: u32): void {
  begin();
  for (let i: u32 = 0; i < count; i++) expect(slotOf(add()).number).toBe(i);
}

function scores(count: u32, size: f64 = 1024, weight: f64 = 1): void {
  ready(count);
  scoreNoHitLru(weight, size);
}

describe("the no-hit-lru-scorer", () => {
  beforeEach(() => {
    for (let number: u32 = 0; number < 3000; number++) forgetSlot(number);
  });

  it("ranks endpoints that never got a cold request in their order", () => {
    scores(5);
    expectTotals([1, 0.75, 0.5, 0.25, 0]);
    expect(lru.coldRequest).toBe(true);
  });

  it("ranks those that did behind them, the latest last", () => {
    noteColdPick(0);
    noteColdPick(3);
    noteColdPick(1);
    // Never: 2, 4. Then 0, 3, 1.
    scores(5);
    expectTotals([0.5, 0, 1, 0.25, 0.75]);
    noteColdPick(0);
    scores(5);
    expectTotals([0, 0.25, 1, 0.5, 0.75]);
  });

  it("goes round where each cold request goes to the best", () => {
    const order = [0, 1, 2, 0, 1, 2, 0];
    for (let i = 0; i < order.length; i++) {
      scores(3);
      const expected: f64[] = [0, 0, 0];
      for (let k = 0; k < 3; k++) expected[(order[i] + k) % 3] = 1 - f64(k) / 2;
      expectTotals(expected);
      noteColdPick(order[i]);
    }
  });

  it("gives 0.5 to all where any holds a block, and says that the request is warm", () => {
    noteColdPick(1);
    ready(3);
    setCandidateMatched(2, 1);
    scoreNoHitLru(3, 1024);
    expectTotals([1.5, 1.5, 1.5]);
    expect(lru.coldRequest).toBe(false);
  });

  it("gives 1 to a candidate that is alone, and takes none", () => {
    noteColdPick(0);
    scores(1, 1024, 2);
    expectTotals([2]);
    scores(0);
    expectTotals([]);
  });

  it("does not mind cold requests of endpoints that are no candidates", () => {
    noteColdPick(1);
    for (let number: u32 = 10; number < 2000; number++) noteColdPick(number);
    noteColdPick(0);
    scores(3);
    expectTotals([0, 0.5, 1]);
  });

  it("remembers lruSize candidates, the latest", () => {
    for (let number: u32 = 0; number < 4; number++) noteColdPick(number);
    // 2 and 3 count; 0 and 1 are as good as new.
    scores(5, 2);
    expectTotals([1, 0.75, 0.25, 0, 0.5]);
    scores(5, 0);
    expectTotals([0.75, 0.5, 0.25, 0, 1]);
  });

  it("leaves nothing behind for the next scoring", () => {
    noteColdPick(2);
    noteColdPick(0);
    for (let i = 0; i < 3; i++) {
      scores(3, 1);
      expectTotals([0, 1, 0.5]);
    }
    noteColdPick(2);
    scores(2);
    expectTotals([0, 1]);
  });

  it("says of a request without it that it is not known to be cold", () => {
    scores(2);
    lru.resetColdRequest();
    expect(lru.coldRequest).toBe(false);
  });
});

describe("cold picks", () => {
  beforeEach(() => {
    for (let number: u32 = 0; number < 3000; number++) forgetSlot(number);
  });

  it("are forgotten with their slot, wherever it stands", () => {
    for (let victim: u32 = 0; victim < 3; victim++) {
      for (let number: u32 = 0; number < 3; number++) noteColdPick(number);
      forgetSlot(victim);
      forgetSlot(victim);
      expect(hadColdPick(victim)).toBe(false);
      scores(3);
      const first = victim == 0 ? 1 : 0;
      const expected: f64[] = [0, 0, 0];
      expected[victim] = 1;
      expected[first] = 0.5;
      expectTotals(expected);
      for (let number: u32 = 0; number < 3; number++) forgetSlot(number);
    }
  });

  it("are none for a slot that has never been seen", () => {
    expect(hadColdPick(123456)).toBe(false);
    forgetSlot(123456);
    noteColdPick(123456);
    expect(hadColdPick(123456)).toBe(true);
    expect(hadColdPick(123455)).toBe(false);
    forgetSlot(123456);
  });
});
