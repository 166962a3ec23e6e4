import { randomBelow, randomBits, seedRandom } from "../../assembly/schedule/random.ts";

// The largest deviation of a bucket from the mean, as a share of it, over 100,000 draws below `bound`.
function deviation(bound: u32): f64 {
  const counts = new StaticArray<u32>(bound);
  for (let i = 0; i < 100000; i++) counts[randomBelow(bound)]++;
  const mean = 100000.0 / f64(bound);
  let worst: f64 = 0;
  for (let i: u32 = 0; i < bound; i++) worst = max(worst, abs(f64(counts[i]) - mean) / mean);
  return worst;
}

describe("random numbers", () => {
  it("repeat with the seed", () => {
    seedRandom(42);
    const first = randomBits();
    const second = randomBits();
    expect(first).not.toBe(second);
    seedRandom(42);
    expect(randomBits()).toBe(first);
    expect(randomBits()).toBe(second);
    seedRandom(43);
    expect(randomBits()).not.toBe(first);
  });

  it("are good for poor seeds too", () => {
    for (let seed: u64 = 0; seed < 4; seed++) {
      seedRandom(seed);
      expect(deviation(2)).toBeLessThan(0.02);
    }
    seedRandom(u64.MAX_VALUE);
    expect(deviation(2)).toBeLessThan(0.02);
  });

  it("stay below their bound", () => {
    seedRandom(7);
    for (let bound: u32 = 1; bound < 200; bound++) {
      for (let i = 0; i < 50; i++) expect(randomBelow(bound)).toBeLessThan(bound);
    }
    for (let i = 0; i < 50; i++) expect(randomBelow(1)).toBe(0);
    let high = false;
    for (let i = 0; i < 50; i++) high = high || randomBelow(u32.MAX_VALUE) > u32.MAX_VALUE / 2;
    expect(high).toBeTruthy("the upper half is reached");
  });

  it("are even", () => {
    seedRandom(1);
    expect(deviation(3)).toBeLessThan(0.02);
    expect(deviation(10)).toBeLessThan(0.05);
    expect(deviation(100)).toBeLessThan(0.15);
  });
});
