import assert from "node:assert/strict";
import { test } from "node:test";
import { assertClose } from "./close-to.ts";
import { contains, parseContextRange, rangeScore } from "./context-length.ts";

test("ranges are two integers", () => {
  assert.deepEqual(parseContextRange("0-100"), { least: 0, most: 100 });
  assert.deepEqual(parseContextRange(" 1 - +20 "), { least: 1, most: 20 });
  assert.deepEqual(parseContextRange("007-7"), { least: 7, most: 7 });
  assert.deepEqual(parseContextRange("0-9223372036854775807"), { least: 0, most: 2 ** 63 });
});

test("anything else is no range", () => {
  const malformed = ["", "-", "100", "0-100-200", "100-50", "abc-100", "0-", "-100", "1.5-2", "1e3-2e3", "0x1-0x2"];
  for (const text of [...malformed, "1 0-20", "0-9223372036854775808"]) {
    assert.equal(parseContextRange(text), null, JSON.stringify(text));
  }
});

test("both ends belong to a range", () => {
  const range = { least: 100, most: 500 };
  assert.deepEqual(
    [99, 100, 500, 501].map((tokens) => contains(range, tokens)),
    [false, true, true, false],
  );
});

test("inside a range, width and room above count", () => {
  const score = (least: number, most: number, tokens: number) => rangeScore({ least, most }, tokens);
  // 0.3 + 0.7 x (0.7 x 0.5 + 0.3 x 1)
  assertClose([score(0, 10000, 0)], [0.755]);
  // 0.3 + 0.7 x (0.7 x 0.5 + 0.3 x 0.5)
  assertClose([score(0, 10000, 5000)], [0.65]);
  // 0.3 + 0.7 x (0.7 x 0.4 + 0)
  assertClose([score(0, 15000, 15000)], [0.496]);
  assertClose([score(100, 100, 100)], [1]);
});

test("outside a range, the distance to the nearer end counts", () => {
  const score = (least: number, most: number, tokens: number) => rangeScore({ least, most }, tokens);
  assertClose([score(500, 1000, 0)], [0.2]);
  assertClose([score(500, 1000, 250)], [0.24]);
  assertClose([score(0, 2000, 3000)], [0.15]);
  assertClose([score(0, 8000, 9000)], [0.15]);
  // 0.3 / 1.001
  assertClose([score(0, 100, 101)], [0.2997002997]);
  assertClose([score(5, 5, 6)], [0.2997002997]);
});
