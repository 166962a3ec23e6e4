// The pages of docs/reference/ say what the code takes: they are what `npm run reference` writes.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { table } from "../../scripts/reference/markdown.ts";
import { PAGES } from "../../scripts/reference/pages.ts";

const FOLDER = new URL("../../docs/reference/", import.meta.url);

for (const [name, write] of Object.entries(PAGES)) {
  test(`${name} is as npm run reference writes it`, () => {
    assert.equal(readFileSync(new URL(name, FOLDER), "utf8"), write());
  });
}

test("there is no other page, and the first one names each", () => {
  assert.deepEqual(readdirSync(FOLDER).toSorted(), ["README.md", ...Object.keys(PAGES)].toSorted());
  const index = readFileSync(new URL("README.md", FOLDER), "utf8");
  for (const name of Object.keys(PAGES)) assert.ok(index.includes(`](${name})`), name);
});

test("a cell of a table is one line without bars", () => {
  assert.equal(table(["a"], [["x\n  y | z"]]), "| a |\n|---|\n| x y \\| z |");
});

test("bounds, units and defaults of parameters are there", () => {
  const plugins = PAGES["plugins.md"]!();
  for (const row of [
    "| `queueDepthThreshold` | an integer of at least 1 (requests) | `5` |",
    "| `kvCacheUtilThreshold` | a finite number over 0 and of at most 1 | `0.8` |",
    "| `explorationProbability` | a finite number from 0 to 1 | `0`; older: `0.01` |",
    "| `limits[].per` | a duration over 0 | required |",
  ]) {
    assert.ok(plugins.includes(row), row);
  }
  assert.ok(
    PAGES["filter.md"]!().includes('| `prefixMemory` | an amount of memory from "64KiB" to "512MiB" | `16MiB` |'),
  );
  assert.ok(PAGES["flags.md"]!().includes("a duration such as 50ms, 2s or 1m30s, from 1ms to 24h | `50ms` |"));
  assert.ok(PAGES["helm.md"]!().includes("| `ports.grpc` | integer from 1 to 65535 | `9002` |"));
});
