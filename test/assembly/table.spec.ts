import { Table } from "../../assembly/memory/table.ts";
import { randomBelow, seedRandom } from "../../assembly/schedule/random.ts";

// Keys whose cell in a table of 64 would be `home`, so that they form one chain of probes.
function colliding(home: u32, count: i32): u64[] {
  const keys: u64[] = [];
  for (let key: u64 = 1; keys.length < count; key++) {
    if ((u32((key * 0x9e3779b97f4a7c15) >> 32) & 63) == home) keys.push(key);
  }
  return keys;
}

// Fills a chain, removes one of its keys, and sees whether the others are still there.
function survivesRemoval(home: u32, removed: i32): bool {
  const table = new Table();
  const keys = colliding(home, 12).concat(colliding((home + 3) & 63, 6));
  for (let i = 0; i < keys.length; i++) table.set(keys[i], usize(i + 1));
  if (table.remove(keys[removed]) != usize(removed + 1)) return false;
  if (table.get(keys[removed]) != 0) return false;
  for (let i = 0; i < keys.length; i++) {
    if (i != removed && table.get(keys[i]) != usize(i + 1)) return false;
  }
  return true;
}

// How often the table and a Map differ over random operations on `range` keys.
function differences(seed: u64, operations: i32, range: u32): i32 {
  seedRandom(seed);
  const table = new Table();
  const map = new Map<u64, usize>();
  let wrong = 0;
  for (let i = 0; i < operations; i++) {
    const key = u64(randomBelow(range)) * 0x10001;
    const known = map.has(key) ? map.get(key) : 0;
    const what = randomBelow(3);
    if (what == 0) {
      const value = usize(randomBelow(1000000)) + 1;
      table.set(key, value);
      map.set(key, value);
    } else if (what == 1) {
      if (table.remove(key) != known) wrong++;
      map.delete(key);
    } else if (table.get(key) != known) wrong++;
  }
  for (let key: u64 = 0; key < u64(range); key++) {
    const known = map.has(key * 0x10001) ? map.get(key * 0x10001) : 0;
    if (table.get(key * 0x10001) != known) wrong++;
  }
  return wrong;
}

describe("a table", () => {
  it("has nothing at first", () => {
    const table = new Table();
    expect(table.get(0)).toBe(0);
    expect(table.get(7)).toBe(0);
    expect(table.remove(7)).toBe(0);
  });

  it("takes the smallest and the largest key", () => {
    const table = new Table();
    table.set(0, 11);
    table.set(u64.MAX_VALUE, 12);
    expect(table.get(0)).toBe(11);
    expect(table.get(u64.MAX_VALUE)).toBe(12);
    expect(table.remove(0)).toBe(11);
    expect(table.get(0)).toBe(0);
    expect(table.get(u64.MAX_VALUE)).toBe(12);
  });

  it("replaces a value, and a removal then leaves nothing behind", () => {
    const table = new Table();
    table.set(5, 1);
    table.set(5, 2);
    expect(table.get(5)).toBe(2);
    expect(table.remove(5)).toBe(2);
    expect(table.get(5)).toBe(0);
  });

  it("keeps every key while it grows", () => {
    const table = new Table();
    for (let key: u64 = 0; key < 5000; key++) table.set(key << 32, usize(key) + 1);
    let wrong = 0;
    for (let key: u64 = 0; key < 5000; key++) wrong += i32(table.get(key << 32) != usize(key) + 1);
    expect(wrong).toBe(0);
  });

  it("cuts no chain of probes by a removal, wherever in the chain it falls", () => {
    for (let removed = 0; removed < 18; removed++) {
      expect(survivesRemoval(20, removed)).toBeTruthy("key " + removed.toString());
    }
  });

  it("cuts none that goes round the end of the cells either", () => {
    for (let removed = 0; removed < 18; removed++) {
      expect(survivesRemoval(60, removed)).toBeTruthy("key " + removed.toString());
    }
  });

  it("agrees with a Map over random operations", () => {
    expect(differences(1, 20000, 40)).toBe(0);
    expect(differences(2, 20000, 400)).toBe(0);
    expect(differences(3, 20000, 4000)).toBe(0);
  });

  it("comes back to the same memory when keys come and go", () => {
    const table = new Table();
    for (let key: u64 = 0; key < 1000; key++) table.set(key, 1);
    for (let key: u64 = 0; key < 1000; key++) table.remove(key);
    const pages = memory.size();
    for (let round: u64 = 0; round < 200; round++) {
      for (let key: u64 = 0; key < 1000; key++) table.set(key + round * 1000, 1);
      for (let key: u64 = 0; key < 1000; key++) table.remove(key + round * 1000);
    }
    expect(memory.size()).toBe(pages);
  });
});
