import assert from "node:assert/strict";
import { test } from "node:test";
import { isBefore, StreamBounds } from "../../../sidecar/replicas/stream-bounds.ts";

test("large entries go one by one, as soon as those behind them fill the limit", () => {
  const bounds = new StreamBounds(200_000);
  assert.equal(bounds.oldest, undefined);
  // 65,600 bytes each with what an entry takes beside its fields: three make 196,800.
  for (let n = 1; n <= 3; n++) bounds.add(`${n}-0`, 65_536);
  assert.equal(bounds.oldest, "1-0");
  bounds.add("4-0", 65_536);
  assert.equal(bounds.oldest, "2-0");
});

test("small entries go in chunks of 16 KiB", () => {
  const bounds = new StreamBounds(100_000);
  // 1,000 bytes each: 17 fill a chunk, and 100 entries are 5 chunks and 15.
  for (let n = 0; n < 100; n++) bounds.add(`7-${n}`, 936);
  assert.equal(bounds.oldest, "7-0");
  bounds.add("7-100", 936);
  assert.equal(bounds.oldest, "7-17");
  bounds.clear();
  assert.equal(bounds.oldest, undefined);
});

test("the newest entry stays, however large", () => {
  const bounds = new StreamBounds(10);
  bounds.add("1-0", 1_000_000);
  assert.equal(bounds.oldest, "1-0");
});

test("ids are compared as numbers, first the milliseconds", () => {
  assert.equal(isBefore("9-0", "10-0"), true);
  assert.equal(isBefore("10-9", "10-10"), true);
  assert.equal(isBefore("10-10", "10-9"), false);
  assert.equal(isBefore("10-9", "10-9"), false);
  assert.equal(isBefore("0-0", "1700000000000-0"), true);
});
