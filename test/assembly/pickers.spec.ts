import { addCandidate, addScore, clearCandidates, pickAt } from "../../assembly/schedule/candidates.ts";
import { pickMaxScore } from "../../assembly/schedule/pickers/max-score.ts";
import { pickRandom } from "../../assembly/schedule/pickers/random.ts";
import { seedRandom } from "../../assembly/schedule/random.ts";
import { Slot } from "../../assembly/state/slots.ts";

// Candidates of these totals, as roster rows 100, 101 and so on.
function candidatesOf(totals: f64[]): void {
  clearCandidates();
  for (let i = 0; i < totals.length; i++) {
    addCandidate(100 + i, changetype<Slot>(0), 0, 0, 0);
    addScore(i, 1, totals[i]);
  }
}

function picked(count: u32): string {
  let rows = "";
  for (let place: u32 = 0; place < count; place++) rows += (place > 0 ? " " : "") + pickAt(place).toString();
  return rows;
}

// How many of `count` picks are rows from 100 to below 100 + candidates, none twice.
function distinct(count: u32, candidates: u32): u32 {
  const seen = new Set<u32>();
  for (let place: u32 = 0; place < count; place++) {
    if (pickAt(place) >= 100 && pickAt(place) < 100 + candidates) seen.add(pickAt(place));
  }
  return seen.size;
}

describe("the max-score-picker", () => {
  it("lists the highest totals, best first", () => {
    candidatesOf([1, 5, 3, 4, 2]);
    expect(pickMaxScore(3)).toBe(3);
    expect(picked(3)).toBe("101 103 102");
    candidatesOf([1, 5, 3, 4, 2]);
    expect(pickMaxScore(5)).toBe(5);
    expect(picked(5)).toBe("101 103 102 104 100");
  });

  it("lists as many as asked for, as there are, and as fit", () => {
    candidatesOf([1, 2, 3]);
    expect(pickMaxScore(1)).toBe(1);
    candidatesOf([1, 2, 3]);
    expect(pickMaxScore(10)).toBe(3);
    const many: f64[] = [];
    for (let i = 0; i < 50; i++) many.push(i);
    candidatesOf(many);
    expect(pickMaxScore(1000000)).toBe(16);
    expect(distinct(16, 50)).toBe(16);
  });

  it("lists one where the parameter makes no sense", () => {
    const odd: f64[] = [0, -5, 0.99, NaN, -Infinity];
    for (let i = 0; i < odd.length; i++) {
      candidatesOf([1, 3, 2]);
      expect(pickMaxScore(odd[i])).toBe(1);
      expect(picked(1)).toBe("101");
    }
    candidatesOf([1, 3, 2]);
    expect(pickMaxScore(2.9)).toBe(2);
    candidatesOf([1, 3, 2]);
    expect(pickMaxScore(Infinity)).toBe(3);
  });

  it("lists none where there is no candidate, and the only one there is", () => {
    candidatesOf([]);
    expect(pickMaxScore(3)).toBe(0);
    candidatesOf([0]);
    expect(pickMaxScore(3)).toBe(1);
    expect(picked(1)).toBe("100");
  });

  it("takes negative totals as they are", () => {
    candidatesOf([-3, -1, -2]);
    pickMaxScore(3);
    expect(picked(3)).toBe("101 102 100");
  });

  it("lists every candidate at most once, even where a total is no number", () => {
    candidatesOf([1, NaN, 3, NaN, 2]);
    expect(pickMaxScore(5)).toBe(5);
    expect(distinct(5, 5)).toBe(5);
  });

  it("leaves equals to chance, at each place", () => {
    seedRandom(3);
    const first = new StaticArray<i32>(4);
    const second = new StaticArray<i32>(4);
    for (let round = 0; round < 40000; round++) {
      candidatesOf([2, 7, 7, 7]);
      pickMaxScore(2);
      first[pickAt(0) - 100]++;
      second[pickAt(1) - 100]++;
    }
    expect(first[0]).toBe(0);
    expect(second[0]).toBe(0);
    for (let i = 1; i < 4; i++) {
      expect(abs(first[i] - 13333)).toBeLessThan(500);
      expect(abs(second[i] - 13333)).toBeLessThan(500);
    }
  });

  it("lets equals follow a clear winner by chance", () => {
    seedRandom(4);
    const second = new StaticArray<i32>(4);
    for (let round = 0; round < 30000; round++) {
      candidatesOf([5, 1, 1, 1]);
      pickMaxScore(4);
      expect(pickAt(0)).toBe(100);
      second[pickAt(1) - 100]++;
    }
    for (let i = 1; i < 4; i++) expect(abs(second[i] - 10000)).toBeLessThan(400);
  });
});

describe("the random-picker", () => {
  it("lists candidates in an order that scores do not touch, none twice", () => {
    seedRandom(5);
    const first = new StaticArray<i32>(4);
    for (let round = 0; round < 40000; round++) {
      candidatesOf([0, 100, 1, 50]);
      expect(pickRandom(3)).toBe(3);
      if (distinct(3, 4) != 3) expect(picked(3)).toBe("three different rows");
      first[pickAt(0) - 100]++;
    }
    for (let i = 0; i < 4; i++) expect(abs(first[i] - 10000)).toBeLessThan(400);
  });

  it("gives every order equally often", () => {
    seedRandom(6);
    const orders = new Map<string, i32>();
    for (let round = 0; round < 24000; round++) {
      candidatesOf([0, 0, 0]);
      pickRandom(3);
      const order = picked(3);
      orders.set(order, (orders.has(order) ? orders.get(order) : 0) + 1);
    }
    expect(orders.size).toBe(6);
    const counts = orders.values();
    for (let i = 0; i < counts.length; i++) expect(abs(counts[i] - 4000)).toBeLessThan(300);
  });

  it("lists none where there is no candidate", () => {
    candidatesOf([]);
    expect(pickRandom(3)).toBe(0);
  });
});
