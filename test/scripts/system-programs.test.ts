import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { type TestContext, test } from "node:test";
import { findProgram, needPrograms } from "../../scripts/testing/system-programs.ts";
import { Trouble } from "../../scripts/trouble.ts";

function onlyOnPath(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "inline-epp-path-"));
  const before = process.env.PATH;
  process.env.PATH = folder;
  t.after(() => {
    process.env.PATH = before;
    rmSync(folder, { recursive: true });
  });
  return folder;
}

test("a program is found where it can be run", (t) => {
  const folder = onlyOnPath(t);
  const program = join(folder, "etcd");
  assert.equal(findProgram("etcd"), null);
  writeFileSync(program, "#!/bin/sh\n");
  assert.equal(findProgram("etcd"), null, "not executable");
  chmodSync(program, 0o755);
  assert.equal(findProgram("etcd"), program);
});

test("what is missing and cannot be installed is named with its package", async (t) => {
  const folder = onlyOnPath(t);
  writeFileSync(join(folder, "here"), "", { mode: 0o755 });
  const programs = [
    { name: "here", debianPackage: "here-package" },
    { name: "gone", debianPackage: "gone-package" },
  ];
  // Without apt-get on PATH nobody can install anything.
  await assert.rejects(needPrograms(programs), (error: Error) => {
    assert.ok(error instanceof Trouble);
    assert.match(error.message, /^Not on PATH: gone\. .*apt-get install .* gone-package$/);
    return true;
  });
  await needPrograms(programs.slice(0, 1));
});
