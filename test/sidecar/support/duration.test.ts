import assert from "node:assert/strict";
import { test } from "node:test";
import { formatDuration, parseDuration } from "../../../sidecar/support/duration.ts";

for (const [text, milliseconds] of [
  ["50ms", 50],
  ["2s", 2000],
  ["1m30s", 90_000],
  ["1.5h", 5_400_000],
  ["100us", 0.1],
  ["100µs", 0.1],
  ["1ns", 1e-6],
  [".5s", 500],
  ["1h1m1s1ms", 3_661_001],
  ["0", 0],
  ["0s", 0],
] as const) {
  test(`${text} is ${milliseconds} ms`, () => assert.equal(parseDuration(text), milliseconds));
}

for (const text of ["", "50", "ms", "-1s", "+1s", "1 s", "1s ", "1d", "1s1", "1e3ms", "s1", "1..5s", "NaNs"]) {
  test(`${JSON.stringify(text)} is none`, () => assert.equal(parseDuration(text), undefined));
}

test("durations are written as they are read", () => {
  for (const text of ["0s", "0.5ms", "50ms", "2s", "1.5s", "1m30s", "24h", "1h5s"]) {
    assert.equal(formatDuration(parseDuration(text)!), text);
  }
});
