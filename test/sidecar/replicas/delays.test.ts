import assert from "node:assert/strict";
import { test } from "node:test";
import { Delays } from "../../../sidecar/replicas/delays.ts";

test("a delay is what a message took longer than the quickest, whatever the clocks say", () => {
  const delays = new Delays();
  const ahead = 1_000_000;
  assert.equal(delays.of(ahead, 5), 0);
  assert.equal(delays.of(ahead + 100, 107), 2);
  assert.equal(delays.of(ahead + 200, 202), 0, "quicker than any before");
  assert.equal(delays.of(ahead + 300, 305), 3);
  assert.equal(delays.of(ahead + 400, 2402), 2000);
});

test("the quickest of 5 to 10 s counts, so a clock that jumped is forgiven", () => {
  const delays = new Delays();
  for (let at = 0; at < 20_000; at += 1000) assert.equal(delays.of(at, at + 1), 0);
  const jump = 60_000;
  const seen: number[] = [];
  for (let at = 20_000; at < 32_000; at += 1000) seen.push(delays.of(at - jump, at + 1));
  assert.equal(seen[0], jump);
  assert.equal(seen[4], jump);
  assert.equal(seen.at(-1), 0);
});

test("what was quick long ago does not make everything look late after a silence", () => {
  const delays = new Delays();
  delays.of(0, 0);
  assert.equal(delays.of(100_000, 100_050), 0);
});
