import assert from "node:assert/strict";
import { test } from "node:test";
import { nameKey } from "../../wire/name-key.ts";
import { xxh64 } from "../../wire/xxh64.ts";

test("a name's key is its hash, the first time, again, and when more names came than are remembered", () => {
  const names = Array.from({ length: 30_000 }, (_, index) => `ns/größe-${index}`);
  for (const step of [1, 7]) {
    for (let index = 0; index < names.length; index += step) assert.equal(nameKey(names[index]!), xxh64(names[index]!));
  }
  assert.equal(nameKey(names[0]!), xxh64(names[0]!));
  assert.equal(nameKey(names[0]!), xxh64(names[0]!));
  assert.equal(nameKey(""), 0xef46db3751d8e999n);
});
