// The formatter does not know AssemblyScript.

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../../scripts/stack/command.ts";

const MOST = 120;

test("lines of the filter are no longer than those of the TypeScript", () => {
  const files = globSync("assembly/**/*.ts", { cwd: ROOT });
  assert.ok(files.length > 100);
  const long = files.flatMap((file) =>
    readFileSync(join(ROOT, file), "utf8")
      .split("\n")
      .flatMap((line, index) => (line.length > MOST ? [`${file}:${index + 1}`] : [])),
  );
  assert.deepEqual(long, []);
});
