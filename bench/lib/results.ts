// Measurements as Markdown, for bench/results/.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../scripts/stack/command.ts";
import type { Rows } from "./case.ts";
import { figureName, type Verdict } from "./check.ts";
import type { Machine } from "./machine.ts";

/** What one case has said, and how it was asked. */
export interface Report {
  readonly name: string;
  readonly summary: string;
  /** The command that says it again. */
  readonly command: string;
  readonly machine: Machine;
  readonly tables: readonly Rows[];
  readonly verdicts: readonly Verdict[];
  /** Whether it is of a second run, because a ratio failed in the first. */
  readonly repeated: boolean;
}

/** What is said of such a run. */
export const REPEATED = "A ratio failed, so all was measured once more, with more rounds, which count alone";

/** Rows as a table of Markdown. */
export function markdownTable([head, ...rows]: Rows): string {
  const line = (row: readonly string[]) => `| ${row.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  const rule = `|${(head ?? []).map(() => "---|").join("")}`;
  return [line(head ?? []), rule, ...rows.map(line)].join("\n");
}

/** What was measured beside what it may be, the first row a heading. */
export function budgetRows(verdicts: readonly Verdict[]): Rows {
  const standing = ({ met, kept, limit, budget }: Verdict) => {
    if (met) return "met";
    return budget.timed ? "missed" : `${kept ? "missed; fails" : "FAILS"} at ${limit}`;
  };
  const row = (verdict: Verdict) => [
    figureName(verdict.budget),
    `${Number(verdict.measured.toPrecision(4))}`,
    `${verdict.budget.bound} ${verdict.budget.value}`,
    standing(verdict),
    verdict.budget.source,
  ];
  return [["figure", "measured", "budget", "", "source"], ...verdicts.map(row)];
}

/** One file of bench/results/. */
export function reportMarkdown({ name, summary, command, machine, tables, verdicts, repeated }: Report): string {
  const { date, processor, cores, system, versions, load } = machine;
  const where = [date, `${cores} cores of ${processor}`, system, ...versions].join("; ");
  const parts = [
    `# ${name}`,
    `${summary[0]?.toUpperCase()}${summary.slice(1)}. Written by`,
    `    ${command}`,
    `${where}; load average ${load.toFixed(1)} when it began.`,
    ...(repeated ? [`${REPEATED}.`] : []),
    ...tables.map(markdownTable),
    ...(verdicts.length > 0 ? ["Budgets:", markdownTable(budgetRows(verdicts))] : []),
  ];
  return `${parts.join("\n\n")}\n`;
}

/** Whether a file of bench/results/ was written by a command of the same code. `version`: as of the machine, with commit. */
export function isReportOf(markdown: string, command: string, version: string): boolean {
  const lines = markdown.split("\n");
  return lines.includes(`    ${command}`) && lines.some((line) => line.split("; ").includes(version));
}

/** Whether bench/results/ has a case's report by a command of the same code. */
export function hasReport(name: string, command: string, version: string): boolean {
  const path = join(ROOT, "bench", "results", `${name}.md`);
  return existsSync(path) && isReportOf(readFileSync(path, "utf8"), command, version);
}

/** Writes a report to its place; returns the path in the repository. */
export function writeReport(report: Report): string {
  const path = join("bench", "results", `${report.name}.md`);
  mkdirSync(join(ROOT, "bench", "results"), { recursive: true });
  writeFileSync(join(ROOT, path), reportMarkdown(report));
  return path;
}
