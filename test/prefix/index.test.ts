// Single behaviours of the prefix index, with figures worked out by hand.

import assert from "node:assert/strict";
import { test } from "node:test";
import { PrefixIndex } from "./prefix-index.ts";
import { Dice } from "./prompts.ts";

const MIB = 1 << 20;

/** Blocks of one bucket in tables of up to 2^16 buckets: equal low bits. */
const inBucket = (bucket: number, count: number): bigint[] =>
  Array.from({ length: count }, (_, i) => (BigInt(i + 1) << 32n) | BigInt(bucket));

test("without a table nothing is recorded and nothing matches", () => {
  const index = new PrefixIndex();
  const [block] = new Dice(1).hashes(1) as [bigint];
  assert.equal(index.ready, false);
  assert.equal(index.usage, 0);
  assert.equal(index.record(0, [block]), 1);
  index.forget(0, [block]);
  index.setCapacity(0, 5);
  index.drop(0);
  assert.equal(index.holds(0, block), false);
  assert.equal(index.anyMatched, false);
  index.configure(4096);
  assert.equal(index.ready, true);
  assert.equal(index.record(0, [block]), 0);
  assert.equal(index.holds(0, block), true);
  index.configure(8192);
  assert.equal(index.usage, 1 / 256, "4,096 bytes are 256 cells still");
});

test("bytes are rounded down to a power of two", () => {
  const blocks = new Dice(2).hashes(4);
  for (const [bytes, cells] of [
    [0, 8],
    [255, 8],
    [256, 16],
    [70_000, 4096],
  ] as const) {
    const index = new PrefixIndex(bytes);
    index.record(0, blocks);
    assert.equal(index.usage, 4 / cells, `${bytes} bytes`);
  }
});

test("each slot matches the blocks that it holds from the first on", () => {
  const index = new PrefixIndex(MIB);
  const blocks = new Dice(3).hashes(10);
  assert.equal(index.record(0, blocks), 0);
  assert.equal(index.record(1, blocks.slice(0, 4)), 0);
  assert.equal(index.record(65534, blocks.slice(0, 7)), 0);
  assert.equal(index.record(3, blocks.slice(1)), 0, "not the first block");
  index.match(blocks);
  assert.deepEqual(
    [0, 1, 2, 3, 65534].map((slot) => index.matched(slot)),
    [10, 4, 0, 0, 7],
  );
  assert.equal(index.anyMatched, true);
  index.match(blocks.slice(1));
  assert.deepEqual(
    [0, 1, 2, 3, 65534].map((slot) => index.matched(slot)),
    [9, 3, 0, 9, 6],
  );
  index.match([]);
  assert.equal(index.anyMatched, false);
  assert.equal(index.matched(0), 0);
});

test("slots beyond those that a cell can name hold nothing, and touch no other", () => {
  const index = new PrefixIndex(MIB);
  const blocks = new Dice(12).hashes(8);
  for (const slot of [65535, 65536, 131071, 1_000_000]) {
    index.setCapacity(slot, 100);
    assert.equal(index.record(slot, blocks), 8);
    index.match(blocks);
    assert.equal(index.matched(slot), 0);
    assert.equal(index.anyMatched, false);
    assert.equal(index.held(slot), 0);
    index.forget(slot, blocks);
    index.drop(slot);
  }
  assert.equal(index.usage, 0);
  index.record(65534, blocks);
  index.match(blocks);
  assert.equal(index.matched(65534), 8);
});

test("record tells the first block that was new", () => {
  const index = new PrefixIndex(MIB);
  const blocks = new Dice(4).hashes(10);
  assert.equal(index.record(0, blocks.slice(0, 6)), 0);
  assert.equal(index.record(0, blocks), 6);
  assert.equal(index.record(0, blocks), 10);
  index.forget(0, blocks.slice(0, 9), 8);
  assert.equal(index.held(0), 9);
  index.match(blocks);
  assert.equal(index.matched(0), 8);
  assert.equal(index.record(0, blocks), 8);
  assert.equal(index.record(1, blocks, 7), 7, "only from the eighth on");
  assert.equal(index.held(1), 3);
});

test("a slot that is dropped holds nothing, and whoever comes after it starts anew", () => {
  const index = new PrefixIndex(MIB);
  const blocks = new Dice(5).hashes(40);
  index.setCapacity(0, 16);
  for (let slot = 0; slot < 30; slot++) index.record(slot, blocks.slice(0, 10));
  index.drop(0);
  assert.equal(index.held(0), 0);
  index.match(blocks);
  assert.deepEqual([index.matched(0), index.matched(1)], [0, 10]);
  index.record(0, blocks.slice(0, 3));
  index.match(blocks);
  assert.deepEqual([index.matched(0), index.matched(1)], [3, 10]);
  index.record(0, blocks);
  assert.equal(index.held(0), 40, "its capacity is the default again");
});

test("a prompt that is longer than the capacity keeps its beginning", () => {
  const index = new PrefixIndex(MIB);
  const blocks = new Dice(6).hashes(100);
  index.setCapacity(0, 40);
  index.record(0, blocks);
  index.match(blocks);
  // Five to a generation. The 41st block kills one, which leaves 36; so do the 46th and each fifth up to the 96th.
  assert.equal(index.matched(0), 40);
  assert.equal(index.held(0), 40);
});

test("less capacity forgets what was touched longest ago, none forgets everything", () => {
  const index = new PrefixIndex(MIB);
  const blocks = new Dice(7).hashes(8);
  index.setCapacity(0, 8);
  for (const block of blocks) index.record(0, [block]);
  index.setCapacity(0, 3);
  assert.deepEqual(
    blocks.map((block) => index.holds(0, block)),
    [false, false, false, false, false, true, true, true],
  );
  index.setCapacity(0, 0);
  assert.equal(index.held(0), 0);
  assert.equal(index.record(0, blocks), 0);
  assert.equal(index.held(0), 0);
  assert.equal(index.holds(0, blocks[0]!), false);
});

test("a full bucket gives up the block that was touched longest ago", () => {
  const index = new PrefixIndex(4096);
  const blocks = inBucket(7, 10);
  for (const block of blocks.slice(0, 8)) index.record(0, [block]);
  index.record(1, [blocks[0]!]);
  index.record(0, [blocks[8]!]);
  assert.equal(index.evicted, 1);
  assert.deepEqual(
    blocks.map((block) => index.holds(0, block)),
    [true, false, true, true, true, true, true, true, true, false],
  );
  assert.equal(index.held(0), 8);
  index.match(blocks.slice(0, 3));
  assert.equal(index.matched(0), 1, "a match ends where a block in the middle is gone");
});

test("blocks of dropped slots make room before any living one goes", () => {
  const index = new PrefixIndex(4096);
  const blocks = inBucket(7, 10);
  for (const block of blocks.slice(0, 7)) index.record(0, [block]);
  index.record(1, [blocks[7]!]);
  index.drop(1);
  index.record(0, [blocks[8]!]);
  assert.equal(index.evicted, 0);
  assert.equal(index.held(0), 8);
  assert.equal(index.holds(0, blocks[0]!), true);
});

test("a block that everybody holds is found for everybody, however many come", () => {
  const index = new PrefixIndex(16 * MIB);
  const blocks = new Dice(8).hashes(12);
  for (let slot = 0; slot < 4096; slot++) index.record(slot, blocks.slice(0, 1 + (slot % 12)));
  index.match(blocks);
  for (let slot = 0; slot < 4096; slot++) assert.equal(index.matched(slot), 1 + (slot % 12), `slot ${slot}`);
  assert.equal(index.evicted, 0);
  for (let slot = 0; slot < 4096; slot++) if (slot % 1000 !== 11) index.drop(slot);
  index.match(blocks);
  const left = [11, 1011, 2011, 3011, 4011].map((slot) => index.matched(slot));
  assert.deepEqual(left, [12, 4, 8, 12, 4]);
  assert.equal(index.matched(12), 0);
});

test("any hash will do, 0 and all ones too", () => {
  const index = new PrefixIndex(MIB);
  const blocks = [0n, 1n, 0xffffn, 2n ** 64n - 1n];
  index.match(blocks);
  assert.equal(index.anyMatched, false);
  for (let slot = 0; slot < 20; slot++) {
    assert.equal(index.record(slot, blocks), 0);
    index.match(blocks);
    for (let each = 0; each < 20; each++) assert.equal(index.matched(each), each <= slot ? 4 : 0);
  }
  for (let slot = 0; slot < 20; slot++) index.forget(slot, blocks);
  assert.equal(index.usage, 0);
});

test("without room for wide records eight holders stay, and the others match nothing false", () => {
  const index = new PrefixIndex(128);
  const [block] = new Dice(9).hashes(1) as [bigint];
  for (let slot = 0; slot < 20; slot++) index.record(slot, [block]);
  index.match([block]);
  const holding = Array.from({ length: 20 }, (_, slot) => slot).filter((slot) => index.matched(slot) === 1);
  assert.equal(holding.length, 8);
  assert.equal(holding.includes(19), true, "the newest is there");
  assert.equal(index.evicted, 12);
  for (let slot = 0; slot < 20; slot++) assert.equal(index.held(slot), holding.includes(slot) ? 1 : 0);
});

test("without room for wide records the holder goes that its slot would forget first", () => {
  const index = new PrefixIndex(128);
  const [other, block] = new Dice(12).hashes(2) as [bigint, bigint];
  for (let slot = 0; slot < 8; slot++) {
    index.setCapacity(slot, 8);
    if (slot !== 3) index.record(slot, [other]);
    index.record(slot, [block]);
  }
  index.record(8, [block]);
  index.match([block]);
  assert.deepEqual(
    Array.from({ length: 9 }, (_, slot) => index.matched(slot)),
    [1, 1, 1, 0, 1, 1, 1, 1, 1],
  );
});

test("wide records that few hold any more make room for others", () => {
  // A quarter of 16 KiB: 21 records of 192 bytes, each for 64 slots.
  const index = new PrefixIndex(16384);
  for (let round = 0; round < 8; round++) {
    const blocks = Array.from({ length: 16 }, (_, i) => inBucket(round * 16 + i, 1)[0]!);
    for (let slot = 0; slot < 20; slot++) index.record(slot, blocks);
    index.match(blocks);
    for (let slot = 0; slot < 20; slot++) assert.equal(index.matched(slot), 16, `round ${round}, slot ${slot}`);
    for (let slot = 2; slot < 20; slot++) index.drop(slot);
    index.match(blocks);
    assert.deepEqual([index.matched(0), index.matched(1), index.matched(2)], [16, 16, 0]);
  }
  assert.equal(index.evicted, 0);
});

test("a slot too high for a wide record that cannot grow is taken in where few hold the block", () => {
  const index = new PrefixIndex(1024); // one record, of 64 slots
  const [block, second] = new Dice(14).hashes(2) as [bigint, bigint];
  for (let slot = 0; slot < 20; slot++) index.record(slot, [block]);
  assert.equal(index.record(100, [block]), 0);
  assert.equal(index.holds(100, block), false, "turned away");
  assert.equal(index.held(100), 0);
  assert.equal(index.evicted, 1);
  for (let slot = 2; slot < 20; slot++) index.drop(slot);
  assert.equal(index.record(100, [block, second]), 0);
  index.match([block, second]);
  assert.deepEqual([index.matched(0), index.matched(1), index.matched(2), index.matched(100)], [1, 1, 0, 2]);
  assert.equal(index.evicted, 1);
});

test("a block that was shared before there were many slots is not held by those that came later", () => {
  const index = new PrefixIndex(MIB);
  const [before, early, late] = new Dice(15).hashes(3) as [bigint, bigint, bigint];
  index.setCapacity(0, 8);
  index.record(0, [before]);
  for (let slot = 0; slot < 20; slot++) index.record(slot, [early]);
  index.record(130, [before]);
  for (let slot = 0; slot < 20; slot++) index.record(slot, [late]);
  index.record(64, [late]);
  index.match([late, early]);
  assert.deepEqual(
    [0, 19, 64, 130].map((slot) => index.matched(slot)),
    [2, 2, 1, 0],
  );
});

test("what is not touched for eight capacities of touches is forgotten, also where there is room", () => {
  const index = new PrefixIndex(MIB);
  const [idle, ...busy] = new Dice(16).hashes(21) as [bigint, ...bigint[]];
  index.setCapacity(0, 80);
  index.record(0, [idle]);
  // Ten to a generation: twenty touches open two.
  for (let round = 0; round < 31; round++) index.record(0, busy);
  assert.equal(index.holds(0, idle), true);
  assert.equal(index.held(0), 21);
  index.record(0, busy);
  assert.equal(index.holds(0, idle), false);
  for (let round = 0; round < 1000; round++) index.record(0, busy);
  index.match(busy);
  assert.equal(index.matched(0), 20);
  assert.equal(index.held(0), 20);
});

test("what died is not back when generation numbers come round", () => {
  const index = new PrefixIndex(MIB);
  const dice = new Dice(10);
  const [narrow, ...others] = dice.hashes(41) as [bigint, ...bigint[]];
  index.setCapacity(0, 8);
  index.record(0, [narrow]);
  // One generation a block, so that numbers are used up after 65,536 blocks.
  for (let i = 0; i < 140_000; i++) {
    index.record(0, [others[i % 40]!]);
    if (i < 8) continue;
    index.match([narrow]);
    assert.equal(index.anyMatched, false, `after ${i}`);
  }
});

test("what was dropped is not back when generation numbers come round", () => {
  const index = new PrefixIndex(MIB);
  const [narrow, wide] = new Dice(11).hashes(2) as [bigint, bigint];
  for (let slot = 0; slot < 20; slot++) index.record(slot, [wide]);
  index.record(0, [narrow]);
  // A generation each; nobody looks meanwhile, for a look at a wide record would clear what is dead in it.
  for (let i = 0; i < 65536; i++) index.drop(0);
  assert.equal(index.holds(0, narrow), false);
  assert.equal(index.holds(0, wide), false);
  assert.equal(index.holds(1, wide), true);
});
