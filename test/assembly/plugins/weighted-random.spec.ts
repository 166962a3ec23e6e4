import {
  addCandidate, addScore, candidateIndex, candidateSlot, candidateTotal, clearCandidates, pickAt,
} from "../../../assembly/schedule/candidates.ts";
import { pickWeightedRandom } from "../../../assembly/schedule/pickers/weighted-random.ts";
import { seedRandom } from "../../../assembly/schedule/random.ts";
import { Slot } from "../../../assembly/state/slots.ts";

// Candidates of these totals; their slots are addresses that only tell them apart.
function candidatesOf(totals: f64[]): void {
  clearCandidates();
  for (let i = 0; i < totals.length; i++) {
    addCandidate(i, changetype<Slot>(4096 + i), 0, 0, 0);
    addScore(i, 1, totals[i]);
  }
}

function expectShares(totals: f64[], shares: f64[]): void {
  const first = new StaticArray<i32>(totals.length);
  for (let round = 0; round < 40000; round++) {
    candidatesOf(totals);
    pickWeightedRandom(1);
    first[pickAt(0)]++;
  }
  for (let i = 0; i < totals.length; i++) {
    const wanted = shares[i] * 40000;
    expect(abs(f64(first[i]) - wanted)).toBeLessThanOrEqual(shares[i] == 0 ? 0 : 450, "candidate " + i.toString());
  }
}

describe("the weighted-random-picker", () => {
  it("picks first in proportion to totals", () => {
    seedRandom(21);
    expectShares([1, 2, 5], [0.125, 0.25, 0.625]);
    expectShares([0.001, 0.003], [0.25, 0.75]);
    expectShares([3000, 1000], [0.75, 0.25]);
  });

  it("picks the next in proportion among those left", () => {
    seedRandom(22);
    // Behind 5, which comes first with 5/8, then 1 with 1/3: 5/24 of the orders are 2 0.
    let seen = 0;
    for (let round = 0; round < 40000; round++) {
      candidatesOf([1, 2, 5]);
      pickWeightedRandom(2);
      if (pickAt(0) == 2 && pickAt(1) == 0) seen++;
    }
    expect(abs(seen - 8333)).toBeLessThan(400);
  });

  it("never prefers one of total 0 or below", () => {
    seedRandom(23);
    expectShares([0, 1, -2, 1], [0, 0.5, 0, 0.5]);
    const first = new StaticArray<i32>(4);
    const last = new StaticArray<i32>(4);
    for (let round = 0; round < 10000; round++) {
      candidatesOf([0, 1, -2, 0]);
      pickWeightedRandom(4);
      first[pickAt(0)]++;
      last[pickAt(3)]++;
    }
    expect(first[1]).toBe(10000);
    expect(abs(last[0] - 3333)).toBeLessThan(250);
    expect(abs(last[2] - 3333)).toBeLessThan(250);
  });

  it("picks at random where no total is above 0, or is a number", () => {
    seedRandom(24);
    expectShares([0, 0, 0, -1], [0.25, 0.25, 0.25, 0.25]);
    expectShares([NaN, 0], [0.5, 0.5]);
  });

  it("moves index, slot and total together", () => {
    seedRandom(25);
    candidatesOf([4, 3, 2, 1]);
    pickWeightedRandom(4);
    for (let i: u32 = 0; i < 4; i++) {
      const row = candidateIndex(i);
      expect(row).toBe(pickAt(i));
      expect(candidateTotal(i)).toBe(4 - f64(row));
      expect(changetype<usize>(candidateSlot(i))).toBe(4096 + row);
    }
  });

  it("lists as many as there are, one where the parameter makes no sense, none without candidates", () => {
    candidatesOf([1, 2]);
    expect(pickWeightedRandom(5)).toBe(2);
    candidatesOf([1, 2]);
    expect(pickWeightedRandom(-1)).toBe(1);
    candidatesOf([]);
    expect(pickWeightedRandom(3)).toBe(0);
  });
});
