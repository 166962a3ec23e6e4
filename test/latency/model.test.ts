import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createRandom } from "../../simulator/random.ts";
import { createModel, type Features, meanError, RULE, type Rule, slower, teach, timeBy } from "./models.ts";

const TYPICAL: Features = [4000, 10_000, 5, 8, 0.5];

describe("a cold model", () => {
  test("says NaN until anything has been observed, of each kind", () => {
    const model = createModel();
    assert.ok(Number.isNaN(model.predictTtft(0, ...TYPICAL)));
    assert.ok(Number.isNaN(model.predictTpot(0, 8, 0.5, 20_000)));
    model.observeTtft(3, ...TYPICAL, 250);
    assert.ok(Number.isNaN(model.predictTpot(3, 8, 0.5, 20_000)));
    model.observeTpot(3, 8, 0.5, 20_000, 25);
    assert.ok(model.predictTpot(9, 8, 0.5, 20_000) > 0);
  });

  test("after one observation expects its like everywhere", () => {
    const model = createModel();
    model.observeTtft(3, ...TYPICAL, 250);
    model.observeTpot(3, 8, 0.5, 20_000, 25);
    for (const slot of [3, 0, 65_534]) {
      assert.ok(Math.abs(model.predictTtft(slot, ...TYPICAL) - 250) < 3);
      assert.ok(Math.abs(model.predictTpot(slot, 8, 0.5, 20_000) - 25) < 0.3);
    }
  });
});

describe("a rule that the model can express", () => {
  test("TTFT: its factors are found in noise of +-10 % within 5 % of what each adds to a typical time", () => {
    const model = createModel();
    teach(model, 0, RULE, { count: 4000, seed: 1 });
    const tolerance = 0.05 * timeBy(RULE, TYPICAL);
    for (const [index, factor] of RULE.factors.entries()) {
      const less = TYPICAL.map((value, at) => (at === index ? value / 2 : value)) as unknown as Features;
      const half = model.predictTtft(0, ...TYPICAL) - model.predictTtft(0, ...less);
      const truth = (factor * TYPICAL[index]!) / 2;
      assert.ok(Math.abs(half - truth) < tolerance, `feature ${index}: ${half} instead of ${truth}`);
    }
  });

  test("TTFT: predictions come within 3 % on average", () => {
    const model = createModel();
    const ratios = teach(model, 0, RULE, { count: 2000, seed: 2 });
    assert.ok(meanError(ratios.slice(500)) < 0.03, `${meanError(ratios.slice(500))}`);
  });

  test("TTFT: the prefill that takes longer the more requests run", () => {
    const model = createModel();
    const random = createRandom(3);
    const errors: number[] = [];
    for (let round = 0; round < 2000; round++) {
      const [uncached, running] = [200 + random() * 7800, Math.floor(random() * 16)];
      const truth = (7.5 + 0.075 * uncached) * (0.5 + running / 30);
      errors.push(model.predictTtft(0, uncached, 0, 0, running, running / 16) / truth);
      model.observeTtft(0, uncached, 0, 0, running, running / 16, truth);
    }
    assert.ok(meanError(errors.slice(500)) < 0.01, `${meanError(errors.slice(500))}`);
  });

  test("TPOT: 15 ms, 1 ms a running request, 10 ms for a full cache, 5 ms for 100,000 tokens", () => {
    const model = createModel();
    const random = createRandom(4);
    const truth = (running: number, usage: number, tokens: number) => 15 + running + 10 * usage + tokens / 20_000;
    const errors: number[] = [];
    for (let round = 0; round < 2000; round++) {
      const features = [Math.floor(random() * 16), random(), random() * 100_000] as const;
      errors.push(model.predictTpot(0, ...features) / truth(...features));
      model.observeTpot(0, ...features, truth(...features) * (0.9 + 0.2 * random()));
    }
    assert.ok(meanError(errors.slice(500)) < 0.02, `${meanError(errors.slice(500))}`);
  });

  test("where the batch is full a request waits, also when it is the first to", () => {
    // 50 ms, and 900 ms more where 12 run already.
    const model = createModel();
    const random = createRandom(5);
    for (let round = 0; round < 2000; round++) {
      const running = Math.min(Math.floor(random() * 16), 12);
      const waiting = running === 12 && random() < 0.5 ? 1 : 0;
      model.observeTtft(0, 500, 0, waiting, running, 0.3, running === 12 ? 950 : 50);
    }
    for (const [waiting, running, truth] of [
      [0, 5, 50],
      [0, 11, 50],
      [0, 12, 950],
      [1, 12, 950],
    ] as const) {
      const predicted = model.predictTtft(0, 500, 0, waiting, running, 0.3);
      assert.ok(Math.abs(predicted / truth - 1) < 0.15, `${waiting} waiting, ${running} running: ${predicted}`);
    }
  });
});

describe("endpoints", () => {
  const fast: Rule = RULE;
  const slow = slower(RULE, 4);

  test("one that was never observed is as all of them", () => {
    const model = createModel();
    for (let round = 0; round < 50; round++) {
      teach(model, 0, fast, { count: 10, seed: 100 + round });
      teach(model, 1, slow, { count: 10, seed: 200 + round });
    }
    const unknown = model.predictTtft(2, ...TYPICAL);
    assert.ok(unknown > 1.3 * model.predictTtft(0, ...TYPICAL) && unknown < 0.8 * model.predictTtft(1, ...TYPICAL));
    assert.equal(model.ttftObservations(2), 0);
  });

  test("one that starts anew among others comes within 15 % by 20 observations", () => {
    const model = createModel();
    for (let slot = 0; slot < 4; slot++) teach(model, slot, fast, { count: 300, seed: slot });
    const first = teach(model, 9, slow, { count: 1, seed: 50 });
    assert.ok(first[0]! > 0.2 && first[0]! < 0.35, "it starts as the others are, four times as fast");
    teach(model, 9, slow, { count: 19, seed: 51 });
    const then = teach(model, 9, slow, { count: 30, seed: 52 });
    assert.ok(meanError(then) < 0.15, `${meanError(then)}`);
    assert.ok(meanError(teach(model, 0, fast, { count: 30, seed: 53 })) < 0.1, "the others stay as they are");
  });

  test("one that differs in more than speed gets its own factors", () => {
    const model = createModel();
    const odd: Rule = { base: 200, factors: [0.001, 0, 5, 30, 0] };
    for (let slot = 0; slot < 4; slot++) teach(model, slot, fast, { count: 300, seed: slot });
    const ratios = teach(model, 9, odd, { count: 400, seed: 60 });
    assert.ok(meanError(ratios.slice(200)) < 0.08, `${meanError(ratios.slice(200))}`);
  });

  test("counts its observations, up to about 100", () => {
    const model = createModel();
    for (const [more, from, to] of [
      [1, 1, 1],
      [9, 9, 10],
      [90, 55, 68],
      [2000, 95, 100],
    ] as const) {
      teach(model, 7, fast, { count: more, seed: more, spread: 0.05 });
      const count = model.ttftObservations(7);
      assert.ok(count >= from && count <= to, `${count} after ${more} more`);
    }
    assert.equal(model.ttftObservations(6), 0);
    assert.equal(model.ttftObservations(4_000_000_000), 0);
  });

  test("a slot that is dropped and taken again starts as one never seen", () => {
    const model = createModel();
    for (let slot = 0; slot < 4; slot++) teach(model, slot, fast, { count: 300, seed: slot });
    teach(model, 5, slow, { count: 100, seed: 70 });
    model.observeTpot(5, 8, 0.5, 20_000, 25);
    model.dropModel(5);
    assert.equal(model.ttftObservations(5), 0);
    assert.equal(model.predictTtft(5, ...TYPICAL), model.predictTtft(60_000, ...TYPICAL));
    assert.equal(model.predictTpot(5, 8, 0.5, 20_000), model.predictTpot(60_000, 8, 0.5, 20_000));
    teach(model, 5, fast, { count: 10, seed: 71 });
    const ratios = teach(model, 5, fast, { count: 50, seed: 72 });
    assert.ok(meanError(ratios) < 0.1, `${meanError(ratios)}: nothing is left of the slow one`);
    model.dropModel(5);
    model.dropModel(5);
    model.dropModel(65_534);
    model.dropModel(4_000_000_000);
  });

  test("the last slot learns, those behind it do not", () => {
    const model = createModel();
    teach(model, 65_534, slow, { count: 50, seed: 80 });
    assert.ok(model.ttftObservations(65_534) > 30);
    model.observeTtft(65_535, ...TYPICAL, 1);
    model.observeTpot(65_535, 8, 0.5, 20_000, 1);
    assert.equal(model.ttftObservations(65_535), 0);
    assert.ok(Number.isNaN(model.predictTpot(65_535, 8, 0.5, 20_000)));
  });
});
