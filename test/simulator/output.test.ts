import assert from "node:assert/strict";
import { test } from "node:test";
import { planOutput } from "../../simulator/output.ts";

function textOf(seed: number, maxTokens: number, ignoreEos: boolean): string {
  const output = planOutput(seed, maxTokens, ignoreEos);
  return Array.from({ length: output.tokens }, () => output.next()).join("");
}

test("the same seed gives the same text, another seed another", () => {
  assert.equal(textOf(1, 50, true), textOf(1, 50, true));
  assert.notEqual(textOf(1, 50, true), textOf(2, 50, true));
});

test("a token is a word", () => {
  assert.equal(textOf(5, 20, true).split(" ").length, 20);
});

test("lengths are spread from 1 to the limit, and say how they ended", () => {
  const seen = new Set<number>();
  for (let seed = 0; seed < 400; seed++) {
    const { tokens, finishReason } = planOutput(seed, 10, false);
    assert.equal(finishReason, tokens === 10 ? "length" : "stop");
    seen.add(tokens);
  }
  assert.deepEqual(
    [...seen].sort((a, b) => a - b),
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  );
});

test("an answer that ignores its end reaches the limit, and begins like the one that does not", () => {
  const output = planOutput(3, 64, true);
  assert.deepEqual([output.tokens, output.finishReason], [64, "length"]);
  assert.ok(textOf(3, 64, true).startsWith(textOf(3, 64, false)));
});
