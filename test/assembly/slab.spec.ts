import { Slab } from "../../assembly/memory/slab.ts";

function isZero(record: usize, bytes: u32): bool {
  for (let i: u32 = 0; i < bytes; i++) {
    if (load<u8>(record + i) != 0) return false;
  }
  return true;
}

describe("a slab", () => {
  it("hands out zeroed records at addresses that at() knows", () => {
    const slab = new Slab(40);
    const taken: usize[] = [];
    for (let i: u32 = 0; i < 700; i++) {
      const record = slab.take();
      expect(isZero(record, 40)).toBeTruthy();
      memory.fill(record, 0xff, 40);
      taken.push(record);
    }
    expect(slab.size).toBe(700);
    for (let i: u32 = 0; i < 700; i++) expect(slab.at(i)).toBe(taken[i]);
  });

  it("keeps records apart", () => {
    const slab = new Slab(24);
    for (let i: u32 = 0; i < 600; i++) memory.fill(slab.take(), u8(i % 251), 24);
    for (let i: u32 = 0; i < 600; i++) {
      expect(load<u8>(slab.at(i))).toBe(u8(i % 251));
      expect(load<u8>(slab.at(i) + 23)).toBe(u8(i % 251));
    }
  });

  it("gives a record that came back to the next taker, zeroed", () => {
    const slab = new Slab(32);
    const first = slab.take();
    const second = slab.take();
    memory.fill(first, 0xff, 32);
    memory.fill(second, 0xff, 32);
    slab.give(first);
    slab.give(second);
    expect(isZero(first + 4, 28)).toBeTruthy("free records are zero behind the link");
    expect(slab.take()).toBe(second);
    expect(slab.take()).toBe(first);
    expect(isZero(first, 32)).toBeTruthy();
    expect(slab.size).toBe(2);
    expect(slab.take()).not.toBe(first);
    expect(slab.size).toBe(3);
  });

  it("ends at a million records with 0, and goes on when one comes back", () => {
    const slab = new Slab(4);
    let last: usize = 0;
    for (let i = 0; i < 1048576; i++) last = slab.take();
    expect(last).not.toBe(0);
    expect(slab.take()).toBe(0);
    slab.give(last);
    expect(slab.take()).toBe(last);
    expect(slab.take()).toBe(0);
  });
});
