import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "../../simulator/random.ts";
import { createFeatures, createModel, createNoise, type Features, RULE, timeBy } from "./models.ts";
import { type Row, ridgeRegression } from "./ridge.ts";

test("the regression that the model is held to solves a case worked out by hand", () => {
  // Through (0, 1) and (1, 3) with weights 1 and 3: y = 1 + 2 x, whatever the weights, while nothing pulls.
  const rows = [
    { x: [1, 0], y: 1, weight: 1 },
    { x: [1, 1], y: 3, weight: 3 },
  ];
  assert.deepEqual(ridgeRegression(rows, [0, 0]), [1, 2]);
  // One feature: c = (3 x 4) / (3 + 1).
  assert.deepEqual(ridgeRegression([{ x: [1], y: 4, weight: 3 }], [1]), [3]);
});

// The model's features of a request with some waiting, in its scale.
const scaled = ([uncached, ahead, waiting, running, usage]: Features): number[] => {
  return [1, uncached / 1e3, ahead / 1e3, waiting / 10, running / 10, usage, (uncached * running) / 1e4, 1];
};

test("TTFT of all endpoints: as a batch regression with the same weights, within 1 %", () => {
  const model = createModel();
  const random = createRandom(11);
  const nextFeatures = createFeatures(random);
  const noise = createNoise(0.3, random);
  const unseen = 60_000;
  const seen: { x: number[]; y: number; weight: number }[] = [];
  for (let k = 0; k < 3000; k++) {
    const features = nextFeatures();
    const y = timeBy(RULE, features) * noise();
    const expected = model.predictTtft(unseen, ...features);
    for (const row of seen) row.weight *= 0.999;
    seen.push({ x: scaled(features), y, weight: 1 / Math.max(k === 0 ? y : expected, 1) });
    model.observeTtft(k % 5, ...features, y);
  }
  const count = (1 - 0.999 ** 3000) / 0.001;
  const meanWeight = seen.reduce((sum, { weight }) => sum + weight, 0) / count;
  const ridge = Array.from({ length: 8 }, (_, index) => (index === 0 ? 1e-4 : 1e-2) * meanWeight);
  const coefficients = ridgeRegression(seen satisfies Row[], ridge);
  for (let k = 0; k < 200; k++) {
    const features = nextFeatures();
    const batch = scaled(features).reduce((sum, value, index) => sum + value * coefficients[index]!, 0);
    const online = model.predictTtft(unseen, ...features);
    assert.ok(Math.abs(online / batch - 1) < 0.01, `${online} against ${batch}`);
  }
});

test("TPOT of one endpoint among others: as a batch regression on its own observations alone, within 5 %", () => {
  const model = createModel();
  const random = createRandom(12);
  const own: { x: number[]; y: number; weight: number }[] = [];
  const next = () => [Math.floor(random() * 16), random(), random() * 100_000] as const;
  const rowOf = ([running, usage, tokens]: ReturnType<typeof next>) => [1, running / 10, usage, tokens / 1e5];
  for (let k = 0; k < 1500; k++) {
    for (const slot of [0, 1, 2]) {
      const features = next();
      const x = rowOf(features);
      const y = (15 + 10 * x[1]! + 8 * x[2]! + 4 * x[3]!) * (slot === 2 ? 3 : 1) * (0.9 + 0.2 * random());
      if (slot === 2) {
        for (const row of own) row.weight *= 0.99;
        const expected = model.predictTpot(2, ...features);
        own.push({ x, y, weight: 1 / (k === 0 ? y : expected) });
      }
      model.observeTpot(slot, ...features, y);
    }
  }
  const coefficients = ridgeRegression(own satisfies Row[], [0, 0, 0, 0]);
  for (let k = 0; k < 200; k++) {
    const features = next();
    const batch = rowOf(features).reduce((sum, value, index) => sum + value * coefficients[index]!, 0);
    const online = model.predictTpot(2, ...features);
    assert.ok(Math.abs(online / batch - 1) < 0.05, `${online} against ${batch}`);
  }
});
