import { arenaAllocate, resetArena } from "../../assembly/memory/arena.ts";

const ROOM: usize = 65536;

describe("the arena", () => {
  beforeEach(() => {
    resetArena();
  });

  it("hands out memory in a row, aligned to 8 bytes", () => {
    const first = arenaAllocate(1);
    const second = arenaAllocate(8);
    const third = arenaAllocate(9);
    expect(first & 7).toBe(0);
    expect(second).toBe(first + 8);
    expect(third).toBe(first + 16);
    expect(arenaAllocate(0)).toBe(first + 32);
  });

  it("begins anew with each reset", () => {
    const first = arenaAllocate(1000);
    arenaAllocate(1000);
    resetArena();
    expect(arenaAllocate(1000)).toBe(first);
  });

  it("can be filled to its last byte", () => {
    const first = arenaAllocate(ROOM);
    const beyond = arenaAllocate(8);
    expect(beyond < first || beyond >= first + ROOM).toBeTruthy();
  });

  it("takes a block for what does not fit, and goes on with what does", () => {
    const first = arenaAllocate(8);
    const large = arenaAllocate(ROOM);
    expect(large < first || large >= first + ROOM).toBeTruthy();
    expect(large & 7).toBe(0);
    expect(arenaAllocate(8)).toBe(first + 8);
  });

  it("keeps blocks apart and lets every one of them serve again after the reset", () => {
    const sizes: usize[] = [70000, 70000, 300000, 140000];
    const before: usize[] = [];
    for (let i = 0; i < sizes.length; i++) {
      before.push(arenaAllocate(sizes[i]));
      memory.fill(before[i], u8(i + 1), sizes[i]);
    }
    for (let i = 0; i < sizes.length; i++) {
      expect(load<u8>(before[i])).toBe(u8(i + 1));
      expect(load<u8>(before[i] + sizes[i] - 1)).toBe(u8(i + 1));
    }
    resetArena();
    const pages = memory.size();
    for (let round = 0; round < 100; round++) {
      for (let i = 0; i < sizes.length; i++) expect(before.includes(arenaAllocate(sizes[i]))).toBeTruthy();
      resetArena();
    }
    expect(memory.size()).toBe(pages);
  });
});
