import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createRandom } from "../../simulator/random.ts";
import { createModel, type Features, type Model, meanError, RULE, slower, teach, timeBy } from "./models.ts";

const TYPICAL: Features = [4000, 10_000, 5, 8, 0.5];
const TRUTH = timeBy(RULE, TYPICAL);
const HOUR = 3_600_000;

describe("outliers", () => {
  test("one hung request of a minute moves the prediction by less than 10 %", () => {
    const model = createModel();
    teach(model, 0, RULE, { count: 200, seed: 1 });
    const before = model.predictTtft(0, ...TYPICAL);
    model.observeTtft(0, ...TYPICAL, 60_000);
    const after = model.predictTtft(0, ...TYPICAL);
    assert.ok(after > before && after / before < 1.1, `${before}, then ${after}`);
    const others = model.predictTtft(1, ...TYPICAL);
    assert.ok(others / TRUTH < 1.1, `${others} elsewhere`);
  });

  test("every twentieth request hangs for a minute: the mean is that of the others within 35 %", () => {
    const model = createModel();
    for (let round = 0; round < 100; round++) {
      teach(model, 0, RULE, { count: 19, seed: round });
      model.observeTtft(0, ...TYPICAL, 60_000);
    }
    const ratios = teach(model, 0, RULE, { count: 19, seed: 1000 });
    assert.ok(meanError(ratios) < 0.35, `${meanError(ratios)}`);
  });

  test("a minute as the very first observation is forgotten within 50 others", () => {
    const model = createModel();
    model.observeTtft(0, ...TYPICAL, 60_000);
    teach(model, 0, RULE, { count: 50, seed: 3 });
    const ratios = teach(model, 0, RULE, { count: 30, seed: 4 });
    assert.ok(meanError(ratios) < 0.15, `${meanError(ratios)}`);
  });
});

describe("drift", () => {
  for (const factor of [3, 1 / 3]) {
    test(`an endpoint that takes ${factor.toFixed(2)} times as long is known within 15 % by 50 observations`, () => {
      const model = createModel();
      for (let slot = 0; slot < 4; slot++) teach(model, slot, RULE, { count: 500, seed: slot });
      teach(model, 0, slower(RULE, factor), { count: 50, seed: 10 });
      const ratios = teach(model, 0, slower(RULE, factor), { count: 50, seed: 11 });
      assert.ok(meanError(ratios) < 0.15, `${meanError(ratios)}`);
      assert.ok(meanError(teach(model, 1, RULE, { count: 50, seed: 12 })) < 0.1, "the others are as ever");
    });
  }

  test("from a millisecond to a minute, though each step looks like an outlier", () => {
    const model = createModel();
    for (let k = 0; k < 500; k++) model.observeTtft(0, 100, 0, 0, 1, 0.1, 1);
    for (let k = 0; k < 100; k++) model.observeTtft(0, 100, 0, 0, 1, 0.1, 60_000);
    const predicted = model.predictTtft(0, 100, 0, 0, 1, 0.1);
    assert.ok(Math.abs(predicted / 60_000 - 1) < 0.15, `${predicted}`);
  });
});

// Whatever a number can be, and often what is usual.
function createGarbage(random: () => number): () => number {
  const odd = [Number.NaN, Infinity, -Infinity, -1, 0, 1e-320, 1e308, -1e308, 2 ** 53, 0.1];
  return () => {
    const kind = random();
    if (kind < 0.2) return odd[Math.floor(random() * odd.length)]!;
    if (kind < 0.5) return 10 ** (random() * 24 - 12);
    return random() * 1000;
  };
}

function assertSane(model: Model, next: () => number, slots: number, random: () => number): void {
  const slot = Math.floor(random() * slots);
  for (const predicted of [
    model.predictTtft(slot, next(), next(), next(), next(), next()),
    model.predictTpot(slot, next(), next(), next()),
  ]) {
    assert.ok(predicted >= 0 && predicted <= HOUR, `${predicted}`);
  }
}

describe("a million observations", () => {
  test("of garbage: predictions are finite, not negative, and the memory is that of the first thousand", () => {
    const model = createModel();
    const random = createRandom(99);
    const next = createGarbage(random);
    const slots = 40;
    const observe = () => {
      const slot = Math.floor(random() * slots);
      model.observeTtft(slot, next(), next(), next(), next(), next(), next());
      model.observeTpot(slot, next(), next(), next(), next());
      if (random() < 0.001) model.dropModel(slot);
    };
    for (let k = 0; k < 1000; k++) observe();
    const { byteLength } = model.memory.buffer;
    for (let k = 0; k < 500_000; k++) {
      observe();
      if (k % 10 === 0) assertSane(model, next, slots, random);
    }
    assert.equal(model.memory.buffer.byteLength, byteLength);

    // And what it knew of garbage does not keep it from learning.
    for (let round = 0; round < 30; round++) teach(model, 0, RULE, { count: 100, seed: round });
    const ratios = teach(model, 0, RULE, { count: 100, seed: 1000 });
    assert.ok(meanError(ratios) < 0.1, `${meanError(ratios)}`);
  });

  test("of one kind: what never varies keeps no trace of rounding, and what was learned is still known", () => {
    const model = createModel();
    teach(model, 0, RULE, { count: 1000, seed: 5 });
    for (let k = 0; k < 1_000_000; k++) model.observeTtft(0, 1000, 0, 0, 2, 0.25, 80);
    const predicted = model.predictTtft(0, 1000, 0, 0, 2, 0.25);
    assert.ok(Math.abs(predicted - 80) < 0.5, `${predicted}`);
    for (const features of [[0, 0, 0, 0, 0] as const, TYPICAL]) {
      const other = model.predictTtft(0, ...features);
      assert.ok(other >= 0 && other < 10 * TRUTH, `${other}`);
    }
  });
});

test("slots that come and go use no more memory than those that stand at once", () => {
  const model = createModel();
  const observeAll = (from: number) => {
    for (let slot = from; slot < from + 1000; slot++) model.observeTtft(slot, ...TYPICAL, 100);
  };
  observeAll(0);
  observeAll(1000);
  const { byteLength } = model.memory.buffer;
  for (let round = 0; round < 50; round++) {
    for (let slot = 0; slot < 2000; slot++) model.dropModel(slot);
    observeAll(0);
    observeAll(1000);
  }
  assert.equal(model.memory.buffer.byteLength, byteLength);
});
