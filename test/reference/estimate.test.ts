import assert from "node:assert/strict";
import { test } from "node:test";
import { batchLimit, estimate } from "./estimate.ts";
import { randomState } from "./random-state.ts";

const sample = { queue: 3, running: 5 };

test("what came since the sample runs, and counts as waiting too where some waited", () => {
  assert.deepEqual(estimate(sample, 4, 4), { queue: 3, running: 5 });
  assert.deepEqual(estimate(sample, 4, 6), { queue: 5, running: 7 });
  assert.deepEqual(estimate(sample, 0, 20), { queue: 23, running: 25 });
  assert.deepEqual(estimate({ queue: 0, running: 5 }, 5, 9), { queue: 0, running: 9 });
});

test("more than an engine runs wait", () => {
  assert.deepEqual(estimate({ queue: 0, running: 10 }, 10, 16, 16), { queue: 0, running: 16 });
  assert.deepEqual(estimate({ queue: 0, running: 10 }, 10, 19, 16), { queue: 3, running: 19 });
  assert.equal(
    batchLimit([
      { queue: 0, running: 30 },
      { queue: 1, running: 12 },
      { queue: 9, running: 16 },
    ]),
    16,
  );
  assert.deepEqual(estimate({ queue: 0, running: 30 }, 30, 31, 4), { queue: 1, running: 31 });
  assert.equal(batchLimit([{ queue: 0, running: 30 }]), Number.POSITIVE_INFINITY);
  assert.equal(batchLimit([{ queue: 4, running: 0 }]), Number.POSITIVE_INFINITY);
});

test("what has ended leaves the queue first", () => {
  assert.deepEqual(estimate(sample, 4, 2), { queue: 1, running: 5 });
  assert.deepEqual(estimate(sample, 4, 1), { queue: 0, running: 5 });
  assert.deepEqual(estimate(sample, 6, 0), { queue: 0, running: 2 });
  assert.deepEqual(estimate(sample, 10, 0), { queue: 0, running: 0 });
});

test("an endpoint has at least what is in flight there", () => {
  // The sample saw 8, though 30 were on their way; of the 20 now, 12 were not seen.
  assert.deepEqual(estimate(sample, 30, 20), { queue: 15, running: 17 });
  assert.deepEqual(estimate({ queue: 0, running: 0 }, 0, 4), { queue: 0, running: 4 });
});

test("estimates are whole, never negative, and grow with what is in flight", () => {
  for (let seed = 1; seed <= 500; seed++) {
    for (const { sample, inFlightThen } of randomState(seed).observed) {
      const before = estimate(sample, inFlightThen, seed % 7);
      const after = estimate(sample, inFlightThen, (seed % 7) + 1);
      assert.ok(Number.isInteger(before.queue) && before.queue >= 0 && before.running >= 0, `seed ${seed}`);
      assert.ok(before.queue + before.running >= seed % 7, `seed ${seed}`);
      assert.ok(after.queue >= before.queue && after.running >= before.running, `seed ${seed}`);
    }
  }
});
