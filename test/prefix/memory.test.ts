import assert from "node:assert/strict";
import { test } from "node:test";
import { PrefixIndex } from "./prefix-index.ts";
import { Dice, Prompts } from "./prompts.ts";

/** Prompts come and go, endpoints too; some prompts go to everybody. */
function work(index: PrefixIndex, dice: Dice, operations: number): void {
  let prompts = new Prompts(dice, 2000, 30);
  for (let i = 0; i < operations; i++) {
    if (i % 20_000 === 0) prompts = new Prompts(dice, 2000, 30);
    const slot = dice.below(300);
    const prompt = i % 10 === 0 ? prompts.blocks.slice(0, 20) : prompts.one(dice);
    index.match(prompt);
    index.record(slot, prompt);
    if (i % 500 === 0) index.drop(dice.below(300));
    if (i % 50 === 0) index.forget(slot, prompt, 3);
    if (i % 1000 === 0) index.setCapacity(slot, 100 + dice.below(2000));
  }
}

test("millions of blocks leave the memory unchanged", () => {
  const index = new PrefixIndex(1 << 19);
  const dice = new Dice(31);
  work(index, dice, 20_000);
  const bytes = index.memoryBytes;
  work(index, dice, 100_000);
  assert.equal(index.memoryBytes, bytes);
  assert.ok(index.evicted > 100_000, "the table is full");
  assert.ok(index.usage > 0.8 && index.usage <= 1, `${index.usage}`);
});

test("usage falls when blocks are forgotten, and stays between none and all", () => {
  const index = new PrefixIndex(1 << 16);
  const blocks = new Dice(32).hashes(100);
  index.record(0, blocks);
  assert.equal(index.usage, 100 / 4096);
  index.record(1, blocks);
  assert.equal(index.usage, 100 / 4096, "two fit in a cell");
  index.forget(0, blocks);
  index.forget(1, blocks, 50);
  assert.equal(index.usage, 50 / 4096);
});
