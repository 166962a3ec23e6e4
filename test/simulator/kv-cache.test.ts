import assert from "node:assert/strict";
import { test } from "node:test";
import { BlockTable, NONE } from "../../simulator/block-table.ts";
import { KvCache } from "../../simulator/kv-cache.ts";
import { createRandom } from "../../simulator/random.ts";

/** Takes the hashes and gives them back: they stay as idle blocks. Returns the hits. */
function use(cache: KvCache, hashes: number[]): number {
  const lease = cache.acquire(hashes, 0, hashes.length);
  assert.ok(lease !== null);
  cache.release(lease);
  return lease.hits;
}

test("a block table does what a Map does", () => {
  const random = createRandom(3);
  const table = new BlockTable(64);
  const map = new Map<number, number>();
  for (let step = 0; step < 20000; step++) {
    // Few low bits, so that buckets hold several; and values past 32 bits, as hashes have.
    const hash = Math.floor(random() * 40) * 2 ** 40 + Math.floor(random() * 4);
    const slot = map.get(hash);
    assert.equal(table.find(hash), slot ?? NONE);
    if (slot !== undefined) {
      table.remove(slot);
      map.delete(hash);
    } else if (map.size < 64) {
      const added = table.add(hash);
      assert.ok(added >= 0 && added < 64 && ![...map.values()].includes(added));
      map.set(hash, added);
    }
    assert.equal(table.size, map.size);
  }
});

test("released blocks are found again, from the start of the prompt only", () => {
  const cache = new KvCache(10);
  assert.equal(use(cache, [1, 2, 3]), 0);
  assert.equal(use(cache, [1, 2, 3]), 3);
  assert.equal(use(cache, [1, 2, 4]), 2);
  assert.equal(use(cache, [9, 2, 3]), 0);
  assert.equal(cache.pinned, 0);
  assert.equal(cache.cached, 5);
});

test("no more blocks count as hits than may be reused", () => {
  const cache = new KvCache(10);
  use(cache, [1, 2, 3]);
  assert.equal(cache.acquire([1, 2, 3], 1, 2)?.hits, 2);
});

test("the least recently used block goes first, the end of a prompt before its start", () => {
  const cache = new KvCache(6);
  use(cache, [1, 2]);
  use(cache, [3, 4]);
  use(cache, [5, 6]);
  use(cache, [1, 2]);
  use(cache, [7]);
  assert.equal(use(cache, [3, 4]), 1, "4 made room for 7");
  assert.equal(use(cache, [1, 2]), 2);
  assert.equal(cache.cached, 6);
});

test("pinned blocks are never evicted, and too few free blocks change nothing", () => {
  const cache = new KvCache(6);
  const held = cache.acquire([1, 2, 3], 1, 3);
  assert.ok(held !== null);
  use(cache, [8, 9]);
  assert.equal(cache.acquire([4, 5], 1, 2), null);
  assert.equal(cache.pinned, 4);
  assert.equal(cache.cached, 5);
  assert.equal(use(cache, [4, 5]), 0, "idle blocks give way");
  assert.equal(use(cache, [1, 2, 3]), 3);
  assert.equal(cache.usage, 4 / 6);
  cache.release(held);
  assert.equal(cache.usage, 0);
});

test("a prefix that is shared takes its blocks once", () => {
  const cache = new KvCache(5);
  const first = cache.acquire([1, 2, 3], 1, 3);
  const second = cache.acquire([1, 2, 3], 1, 3);
  assert.ok(first !== null && second !== null);
  assert.equal(cache.pinned, 5);
  cache.release(first);
  assert.equal(cache.pinned, 4);
  cache.release(second);
  assert.equal(cache.pinned, 0);
  assert.equal(cache.cached, 3);
});

test("the counts hold whatever happens", () => {
  const random = createRandom(11);
  const cache = new KvCache(40);
  const held: NonNullable<ReturnType<KvCache["acquire"]>>[] = [];
  for (let step = 0; step < 20000; step++) {
    const length = Math.floor(random() * 12);
    const family = Math.floor(random() * 8) * 100;
    const hashes = Array.from({ length }, (_, i) => (random() < 0.05 ? 1 : family + i));
    const lease = random() < 0.5 ? cache.acquire(hashes, Math.floor(random() * 4), length) : null;
    if (lease !== null) held.push(lease);
    else if (held.length > 0) cache.release(held.splice(Math.floor(random() * held.length), 1)[0]!);
    const slots = new Set(held.flatMap((one) => [...one.slots]));
    const pinned = slots.size + held.reduce((sum, one) => sum + one.privateBlocks, 0);
    assert.equal(cache.pinned, pinned);
    assert.ok(cache.pinned <= 40 && cache.cached <= 40);
  }
});
