import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDuration } from "../../simulator/duration.ts";

test("durations are read in their units, as milliseconds", () => {
  assert.equal(parseDuration("0"), 0);
  assert.equal(parseDuration("7.5ms"), 7.5);
  assert.equal(parseDuration("75us"), 0.075);
  assert.equal(parseDuration("2s"), 2000);
  assert.equal(parseDuration("1m"), 60000);
});

test("anything else is no duration", () => {
  for (const text of ["", "5", "ms", "-1ms", "1 ms", "1h", "1e3ms", ".5s", "5ms2", "00"]) {
    assert.equal(parseDuration(text), null, JSON.stringify(text));
  }
});
