import { blockCapacity, giveBlock, takeBlock } from "../../assembly/memory/blocks.ts";

describe("blocks", () => {
  it("come in powers of two from 64 bytes on", () => {
    expect(blockCapacity(0)).toBe(64);
    expect(blockCapacity(1)).toBe(64);
    expect(blockCapacity(64)).toBe(64);
    expect(blockCapacity(65)).toBe(128);
    expect(blockCapacity(4096)).toBe(4096);
    expect(blockCapacity(4097)).toBe(8192);
    expect(blockCapacity(67108864)).toBe(67108864);
  });

  it("are aligned to 8 bytes and do not overlap", () => {
    const taken: usize[] = [];
    for (let i = 0; i < 50; i++) taken.push(takeBlock(usize(i) * 20 + 1));
    for (let i = 0; i < taken.length; i++) memory.fill(taken[i], u8(i), blockCapacity(usize(i) * 20 + 1));
    for (let i = 0; i < taken.length; i++) {
      expect(taken[i] & 7).toBe(0);
      const last = taken[i] + blockCapacity(usize(i) * 20 + 1) - 1;
      expect(load<u8>(taken[i])).toBe(u8(i), "first byte");
      expect(load<u8>(last)).toBe(u8(i), "last byte");
    }
  });

  it("serve again once they are given back, whatever size of the same class gave them", () => {
    const first = takeBlock(300);
    const second = takeBlock(400);
    giveBlock(first, 512);
    giveBlock(second, 400);
    expect(takeBlock(257)).toBe(second);
    expect(takeBlock(512)).toBe(first);
    expect(takeBlock(512)).not.toBe(first);
  });

  it("of one size do not serve another", () => {
    const small = takeBlock(64);
    giveBlock(small, 64);
    const large = takeBlock(65);
    expect(large).not.toBe(small);
    expect(takeBlock(1)).toBe(small);
  });

  it("do not mind the give-back of none", () => {
    giveBlock(0, 0);
    expect(takeBlock(1)).not.toBe(0);
  });

  it("above 64 MiB trap", () => {
    expect(() => {
      takeBlock(67108865);
    }).toThrow();
  });
});
