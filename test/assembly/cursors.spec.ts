import { cursorAt, keepCursors, moveCursor } from "../../assembly/sync/cursors.ts";

function list(owners: u64[]): usize {
  const at = heap.alloc(8 * 512);
  for (let i = 0; i < owners.length; i++) store<u64>(at + (usize(i) << 3), owners[i]);
  return at;
}

describe("cursors", () => {
  it("follow their owners through the list, begin at 0, and go with them", () => {
    keepCursors(list([10, 20, 30]), 3);
    for (let i: u32 = 0; i < 3; i++) {
      expect(cursorAt(i)).toBe(0);
      moveCursor(i, 100 + i);
    }
    keepCursors(list([10, 20, 30]), 3);
    expect(cursorAt(1)).toBe(101);
    keepCursors(list([30, 40, 10]), 3);
    expect(cursorAt(0)).toBe(102);
    expect(cursorAt(1)).toBe(0);
    expect(cursorAt(2)).toBe(100);
    keepCursors(list([20, 30]), 2);
    expect(cursorAt(0)).toBe(0, "it had left");
    expect(cursorAt(1)).toBe(102);
  });

  it("hold as many as the list does", () => {
    const many: u64[] = [];
    for (let i: u64 = 0; i < 512; i++) many.push(1000 + i);
    keepCursors(list(many), 512);
    for (let i: u32 = 0; i < 512; i++) moveCursor(i, i + 1);
    many.reverse();
    keepCursors(list(many), 512);
    for (let i: u32 = 0; i < 512; i++) expect(cursorAt(i)).toBe(512 - i);
    keepCursors(list([]), 0);
    keepCursors(list(many), 512);
    expect(cursorAt(511)).toBe(0);
  });
});
