import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, describe, test } from "node:test";
import { ROOT } from "../../scripts/stack/command.ts";
import { add, closingLine, readAspectSummary } from "../../scripts/testing/counts.ts";

describe("the count of tests", () => {
  const folder = mkdtempSync(join(tmpdir(), "inline-epp-counts-"));
  after(() => rmSync(folder, { recursive: true }));

  test("is taken from as-pect's summary, and from nothing else", () => {
    const group = "✔ test/assembly/xxh64.spec.ts Pass: 2 / 2 Todo: 0 Time: 9.026ms";
    const summary = ["  [Summary]", "    [Tests]: \x1b[32m5\x1b[39m / 7", "   [Groups]: 2 / 2"];
    assert.deepEqual(readAspectSummary([group, "", ...summary]), { passed: 5, failed: 2, skipped: 0 });
    const coloured = ["  [Summary]", "    [Tests]: \x1b[32m7\x1b[39m / 7"];
    assert.deepEqual(readAspectSummary(coloured), { passed: 7, failed: 0, skipped: 0 });
    assert.equal(readAspectSummary([group, "FAILURE 1 compile error(s)"]), null);
  });

  test("is taken from node:test, whatever way tests end and in however many files", async () => {
    const head = 'import test from "node:test";\n';
    const bodies = {
      "a.test.mjs":
        'test("ok", () => {}); test("bad", () => { throw new Error("x"); }); test("later", { todo: true }, () => {});',
      "b.test.mjs":
        'test("no", { skip: true }, () => {}); test("parent", async (t) => { await t.test("child", () => {}); });',
      "c.test.mjs": "process.exit(3);",
    };
    for (const [name, body] of Object.entries(bodies)) writeFileSync(join(folder, name), head + body);
    const counts = join(folder, "counts.json");
    const reporter = join(ROOT, "scripts", "testing", "count-reporter.ts");
    const args = ["--test", `--test-reporter=${reporter}`, `--test-reporter-destination=${counts}`];
    // A test runner inside a test runner would report to the outer one.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    await new Promise((done) =>
      execFile(process.execPath, [...args, ...Object.keys(bodies)], { cwd: folder, env }, done),
    );
    assert.deepEqual(JSON.parse(readFileSync(counts, "utf8")), { passed: 3, failed: 2, skipped: 2 });
  });

  test("adds up to one line", () => {
    const sum = add({ passed: 3, failed: 0, skipped: 0 }, { passed: 2, failed: 1, skipped: 0 });
    assert.equal(closingLine(sum), "5 passed, 1 failed");
    assert.equal(closingLine({ ...sum, skipped: 4 }), "5 passed, 1 failed, 4 skipped");
  });
});
