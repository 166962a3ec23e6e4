import assert from "node:assert/strict";
import { test } from "node:test";
import { BackOff } from "../../../sidecar/kubernetes/back-off.ts";

test("pauses grow from 200 ms to 10 s, with half of each left to chance", () => {
  const pauses = (random: number) => {
    const backOff = new BackOff(() => random);
    return Array.from({ length: 8 }, () => backOff.next());
  };
  assert.deepEqual(pauses(0), [200, 400, 800, 1600, 3200, 5000, 5000, 5000]);
  assert.deepEqual(pauses(0.5), [300, 600, 1200, 2400, 4800, 7500, 7500, 7500]);
});

test("pauses begin anew when all is well", () => {
  const backOff = new BackOff(() => 0);
  backOff.next();
  backOff.next();
  backOff.reset();
  assert.equal(backOff.next(), 200);
});
