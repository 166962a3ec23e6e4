import assert from "node:assert/strict";
import { test } from "node:test";
import { differingSpan } from "../../../sidecar/support/span.ts";

function span(before: string, after: string): number[] {
  const { start, endBefore, endAfter } = differingSpan([...before], [...after]);
  return [start, endBefore, endAfter];
}

test("lists differ between what they begin and what they end with alike", () => {
  assert.deepEqual(span("abcd", "abcd"), [4, 4, 4]);
  assert.deepEqual(span("abcd", "axcd"), [1, 2, 2]);
  assert.deepEqual(span("abcd", "abxcd"), [2, 2, 3]);
  assert.deepEqual(span("abcd", "ad"), [1, 3, 1]);
  assert.deepEqual(span("", "ab"), [0, 0, 2]);
  assert.deepEqual(span("ab", ""), [0, 2, 0]);
  assert.deepEqual(span("abc", "cba"), [0, 3, 3]);
});

test("items that repeat are counted to one end only", () => {
  assert.deepEqual(span("aa", "aaa"), [2, 2, 3]);
  assert.deepEqual(span("aaa", "aa"), [2, 3, 2]);
});
