// The prefix index against models of it that share nothing with it but the rule.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Lru, Model } from "./model.ts";
import { PrefixIndex } from "./prefix-index.ts";
import { Dice, Prompts } from "./prompts.ts";

/** Every slot against every block, and what is counted against what is found. */
function compareAll(index: PrefixIndex, model: Model, slots: number, blocks: readonly bigint[]): void {
  const found = new Array<number>(slots).fill(0);
  for (const block of blocks) {
    index.match([block]);
    let any = false;
    for (let slot = 0; slot < slots; slot++) {
      const holds = model.holds(slot, block);
      if (index.matched(slot) !== (holds ? 1 : 0)) assert.fail(`slot ${slot}, block ${block}: model says ${holds}`);
      if (holds) found[slot]!++;
      any ||= holds;
    }
    assert.equal(index.anyMatched, any);
  }
  for (let slot = 0; slot < slots; slot++) assert.equal(index.held(slot), found[slot]);
}

function compareMatch(index: PrefixIndex, model: Model, slots: number, prompt: readonly bigint[]): void {
  index.match(prompt);
  for (let slot = 0; slot < slots; slot++) {
    const wanted = model.matched(slot, prompt);
    if (index.matched(slot) !== wanted) assert.fail(`slot ${slot}: ${index.matched(slot)} blocks, model ${wanted}`);
  }
}

/** Any operation on any slot but one that records. */
function disturb(index: PrefixIndex, model: Model, dice: Dice, slot: number, prompt: readonly bigint[]): void {
  const kind = dice.below(10);
  if (kind < 6) {
    const from = dice.below(prompt.length);
    index.forget(slot, prompt, from);
    model.forget(slot, prompt, from);
  } else if (kind < 8) {
    index.drop(slot);
    model.drop(slot);
  } else {
    const capacity = dice.below(dice.oneOf([10, 50, 400]));
    index.setCapacity(slot, capacity);
    model.setCapacity(slot, capacity);
  }
  assert.equal(index.held(slot), model.held(slot));
}

for (const [slots, nodes, seed] of [
  [3, 300, 1],
  [20, 200, 2],
  [150, 250, 3],
  [700, 60, 4],
] as const) {
  test(`with room enough it is the model: ${slots} slots, ${nodes} blocks`, () => {
    const index = new PrefixIndex(1 << 20);
    const model = new Model();
    const dice = new Dice(seed);
    const prompts = new Prompts(dice, nodes, 14);
    for (let i = 0; i < 30_000; i++) {
      // Slots come one after the other, as endpoints do, and wide records grow with them.
      const slot = dice.below(1 + Math.min(slots - 1, i >> 4));
      const prompt = prompts.one(dice);
      const kind = dice.below(100);
      if (kind < 75) {
        const from = dice.below(4) === 0 ? dice.below(prompt.length) : 0;
        assert.equal(index.record(slot, prompt, from), model.record(slot, prompt, from), `operation ${i}`);
        assert.equal(index.held(slot), model.held(slot), `operation ${i}`);
      } else if (kind < 90) {
        compareMatch(index, model, slots, prompt);
      } else {
        disturb(index, model, dice, slot, prompt);
      }
      if (i % 3000 === 2999) compareAll(index, model, slots, prompts.blocks);
    }
    assert.equal(index.evicted, 0);
  });
}

/** A bucket's blocks, each with the slots that hold it. */
type Holders = ReadonlyMap<bigint, readonly number[]>;

/**
 * The slots that a block of the bucket must have lost for want of room, `count` of them, if that explains all that is
 * gone after the slot's touch of `touched`: what else is gone must be the slot's own, and dead by the model's rule.
 */
function explain(
  index: PrefixIndex,
  model: Model,
  { slot, touched, count }: { slot: number; touched: bigint; count: number },
  before: Holders,
  lossy: bigint,
): number[] | null {
  const gone = before.get(lossy)!.filter((holder) => !index.holds(holder, lossy));
  const evicted = gone.length === count ? gone : gone.filter((holder) => holder !== slot);
  if (evicted.length !== count) return null;
  const after = model.slot(slot).copy();
  if (evicted.includes(slot)) after.remove(lossy);
  after.touch(touched);
  if (after.held !== index.held(slot)) return null;
  for (const [block, holders] of before) {
    if (after.has(block) !== index.holds(slot, block)) return null;
    const others = holders.filter((holder) => holder !== slot && !(block === lossy && evicted.includes(holder)));
    if (others.some((holder) => !index.holds(holder, block))) return null;
  }
  return evicted;
}

/**
 * Records one block in both. Where the index has given something up for want of room, it must be what one cell of the
 * block's bucket can have held, and the bucket must have been full; the model then gives up the same. Returns how many.
 */
function recordUnderPressure(
  index: PrefixIndex,
  model: Model,
  slot: number,
  touched: bigint,
  bucket: bigint[],
): number {
  const before = new Map(bucket.map((block) => [block, model.holders(block)]));
  const evictedBefore = index.evicted;
  index.record(slot, [touched]);
  const count = index.evicted - evictedBefore;
  if (count === 0) {
    model.record(slot, [touched]);
    return 0;
  }
  for (const lossy of bucket) {
    const evicted = explain(index, model, { slot, touched, count }, before, lossy);
    if (evicted === null) continue;
    const cells = [...before.values()].reduce((sum, { length }) => sum + Math.min(length, 4), 0);
    assert.ok(lossy === touched ? before.get(touched)!.length >= 8 : cells >= 8, "there was room");
    for (const holder of evicted) model.forget(holder, [lossy]);
    model.record(slot, [touched]);
    return count;
  }
  assert.equal(count, 1);
  assert.equal(index.holds(slot, touched), false);
  assert.ok(before.get(touched)!.length > 2, "only a wide record that cannot grow turns a slot away");
  return 1;
}

for (const [bytes, slots, nodes, seed] of [
  [128, 6, 12, 11],
  [128, 40, 6, 12],
  [1024, 30, 100, 13],
  [2048, 64, 100, 14],
  [16384, 300, 80, 15],
] as const) {
  test(`under pressure it loses only what it must: ${bytes} bytes, ${slots} slots, ${nodes} blocks`, () => {
    const index = new PrefixIndex(bytes);
    const model = new Model();
    const dice = new Dice(seed);
    const prompts = new Prompts(dice, nodes, 8);
    const mask = BigInt(bytes / 128 - 1);
    let lost = 0;
    for (let i = 0; i < 8000; i++) {
      const slot = dice.below(1 + Math.min(slots - 1, i >> 4));
      const prompt = prompts.one(dice);
      const kind = dice.below(100);
      if (kind < 80) {
        const block = prompt.at(-1)!;
        const bucket = prompts.blocks.filter((each) => (each & mask) === (block & mask));
        lost += recordUnderPressure(index, model, slot, block, bucket);
        assert.equal(index.held(slot), model.held(slot), `operation ${i}`);
      } else if (kind < 90) {
        compareMatch(index, model, slots, prompt);
      } else {
        disturb(index, model, dice, slot, prompt);
      }
      if (i % 800 === 799) compareAll(index, model, slots, prompts.blocks);
    }
    assert.ok(lost > 100, `only ${lost} lost: no pressure`);
  });
}

test("it holds nothing that true LRU would not, and of that the younger seven eighths", () => {
  const dice = new Dice(21);
  for (const capacity of [8, 40, 200, 1000]) {
    const index = new PrefixIndex(1 << 20);
    const lru = new Lru(capacity);
    const blocks = dice.hashes(2 * capacity);
    index.setCapacity(0, capacity);
    for (let i = 0; i < 8 * capacity + 2000; i++) {
      const block = dice.oneOf(blocks);
      index.record(0, [block]);
      lru.touch(block);
      if (i % 97 !== 0) continue;
      const latest = lru.latest();
      const held = blocks.filter((each) => index.holds(0, each));
      assert.equal(held.length, index.held(0));
      assert.ok(held.every((each) => latest.includes(each)));
      const sure = latest.slice(0, capacity + 1 - Math.floor(capacity / 8));
      assert.ok(sure.every((each) => index.holds(0, each)));
    }
  }
});
