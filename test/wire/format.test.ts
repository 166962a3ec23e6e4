// wire/FORMAT.md shows people what wire/layout.ts tells machines: every constant, with its value.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as layout from "../../wire/layout.ts";

const ROW = /^\| *(0x[0-9a-f]+|\d+) *\|.*?`([A-Z][A-Z0-9_]+)` *\|/;

/** Constants in the first two named cells of FORMAT.md's tables. */
function documented(): Map<string, number> {
  const text = readFileSync(new URL("../../wire/FORMAT.md", import.meta.url), "utf8");
  const rows = text.split("\n").flatMap((line) => {
    const found = ROW.exec(line);
    return found ? [[found[2] as string, Number(found[1])] as const] : [];
  });
  assert.equal(new Set(rows.map(([name]) => name)).size, rows.length, "a constant has two rows");
  return new Map(rows);
}

test("FORMAT.md has every constant of layout.ts, with its value, and no other", () => {
  assert.deepEqual(
    Object.fromEntries([...documented()].toSorted()),
    Object.fromEntries(Object.entries(layout).toSorted()),
  );
});

test("the fields of each structure follow each other without overlap", () => {
  const text = readFileSync(new URL("../../wire/FORMAT.md", import.meta.url), "utf8");
  const sizes = new Map([
    ["u8", 1],
    ["u16", 2],
    ["u32", 4],
    ["i32", 4],
    ["u64", 8],
    ["f32", 4],
    ["f64", 8],
    ["8 x f64", 64],
    ["bytes", 0],
  ]);
  let structures = 0;
  for (const table of text.split(/^\| offset \| type \| name.*$/m).slice(1)) {
    let end = 0;
    structures++;
    for (const line of table.trimStart().split("\n")) {
      if (!line.startsWith("|")) break;
      const [, offset, type] = line.split("|").map((cell) => cell.trim());
      if (!/^\d+$/.test(offset ?? "")) continue;
      assert.ok(Number(offset) >= end, `${line} begins before ${end}`);
      if (type === "") continue;
      const size = sizes.get(type ?? "");
      assert.notEqual(size, undefined, `${line} has an unknown type`);
      end = Number(offset) + (size ?? 0);
    }
  }
  assert.equal(structures, 34);
});
