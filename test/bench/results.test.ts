import assert from "node:assert/strict";
import { test } from "node:test";
import { type Budget, checkBudgets } from "../../bench/lib/check.ts";
import { budgetRows, isReportOf, markdownTable, reportMarkdown } from "../../bench/lib/results.ts";

const MACHINE = {
  date: "2026-01-31",
  processor: "A processor",
  cores: 2,
  system: "Linux 6.1",
  versions: ["inline-epp 1.0.0", "Node 24.0.0"],
  load: 0.25,
};
const BUDGET: Budget = {
  case: "scan",
  line: { bytes: 9 },
  figure: "share",
  bound: "at least",
  value: 2,
  source: "why",
};

test("rows become a table of Markdown", () => {
  const rows = [
    ["what", "us"],
    ["a | b", "1.5"],
  ];
  assert.equal(markdownTable(rows), "| what | us |\n|---|---|\n| a \\| b | 1.5 |");
});

test("a report names the command, the machine and the budgets", () => {
  const verdict = { budget: BUDGET, limit: 1 };
  const verdicts = [
    { ...verdict, measured: 2.5, met: true, kept: true },
    { ...verdict, measured: 1.5, met: false, kept: true },
    { ...verdict, measured: 0.9, met: false, kept: false },
  ];
  const report = { name: "scan", summary: "the reader", command: "npm run bench -- scan --write", machine: MACHINE };
  assert.equal(
    reportMarkdown({ ...report, tables: [[["us"], ["1"]]], verdicts, repeated: false }),
    `# scan

The reader. Written by

    npm run bench -- scan --write

2026-01-31; 2 cores of A processor; Linux 6.1; inline-epp 1.0.0; Node 24.0.0; load average 0.3 when it began.

| us |
|---|
| 1 |

Budgets:

| figure | measured | budget |  | source |
|---|---|---|---|---|
| share (bytes 9) | 2.5 | at least 2 | met | why |
| share (bytes 9) | 1.5 | at least 2 | missed; fails at 1 | why |
| share (bytes 9) | 0.9 | at least 2 | FAILS at 1 | why |
`,
  );
});

test("a report is known by its command and the commit", () => {
  const version = "inline-epp 1.0.0 at 0123abc";
  const command = "npm run bench -- scan --write";
  const report = { name: "scan", summary: "the reader", machine: { ...MACHINE, versions: [version, "Node 24.0.0"] } };
  const markdown = reportMarkdown({ ...report, command, tables: [], verdicts: [], repeated: false });
  assert.equal(isReportOf(markdown, command, version), true);
  assert.equal(isReportOf(markdown, "npm run bench -- scan --quick --write", version), false);
  assert.equal(isReportOf(markdown, "npm run bench -- scan", version), false);
  assert.equal(isReportOf(markdown, command, "inline-epp 1.0.0 at 0123abd"), false);
  assert.equal(isReportOf(markdown, command, "inline-epp 1.0.0"), false);
});

test("a report of a second run says so", () => {
  const report = { name: "scan", summary: "the reader", command: "x", machine: MACHINE, tables: [], verdicts: [] };
  assert.match(reportMarkdown({ ...report, repeated: true }), /\n\nA ratio failed, so all was measured once more/);
});

test("a time that missed its aim fails nowhere", () => {
  const timed: Budget = { ...BUDGET, figure: "us", bound: "at most", value: 3, timed: true };
  const [, row] = budgetRows(checkBudgets("scan", [{ bytes: 9, us: 400 }], [timed]));
  assert.deepEqual(row, ["us (bytes 9)", "400", "at most 3", "missed", "why"]);
});
