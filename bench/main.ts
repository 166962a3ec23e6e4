import { execFileSync } from "node:child_process";
import { cpus } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { ROOT } from "../scripts/stack/command.ts";
import { onStop } from "../scripts/stop.ts";
import { runMain } from "../scripts/trouble.ts";
import { BUDGETS } from "./budgets.ts";
import { type BenchCase, CASES } from "./cases.ts";
import { type BenchArguments, readArguments } from "./lib/arguments.ts";
import { checkBudgets, failureText, isWorthRepeating, type Verdict } from "./lib/check.ts";
import { describeMachine, ownVersion, processorName } from "./lib/machine.ts";
import { budgetRows, hasReport, REPEATED, writeReport } from "./lib/results.ts";
import { table } from "./lib/table.ts";

/** How many times as many rounds the run has that decides where a ratio failed. */
const PATIENCE = 3;

/** Runs one case and says what it has measured; returns what its budgets say. */
async function runCase(
  { name, summary, load }: BenchCase,
  options: BenchArguments,
  command: string,
): Promise<Verdict[]> {
  const { json, quick, write, against, backendPort, requests } = options;
  const say = (text: string) => {
    if (!json) console.log(text);
  };
  say(`${name}: ${summary}\n${cpus().length} cores, ${processorName()}${quick ? ", quick" : ""}`);
  const progress = (text: string) => {
    if (!json) process.stderr.write(`  ${text}\n`);
  };
  // Before the run, which is a load of its own.
  const machine = write ? await describeMachine() : undefined;
  const { run } = await load();
  const measure = async (times: number) => {
    const result = await run({
      ...{ quick, times, progress },
      ...(against === undefined ? {} : { against }),
      ...(backendPort === undefined ? {} : { backendPort }),
      ...(requests === undefined ? {} : { requests }),
    });
    return { ...result, verdicts: checkBudgets(name, result.lines, BUDGETS, quick) };
  };
  let result = await measure(1);
  const repeated = isWorthRepeating(result.verdicts);
  if (repeated) {
    for (const verdict of result.verdicts) if (!verdict.kept) console.error(failureText(verdict));
    console.error(REPEATED);
    result = await measure(PATIENCE);
  }
  const { lines, tables, verdicts } = result;
  for (const line of lines) console.log(JSON.stringify(line));
  for (const rows of tables) say(`\n${table(rows)}`);
  if (verdicts.length > 0) say(`\n${table(budgetRows(verdicts))}\n`);
  if (machine) say(`${writeReport({ name, summary, command, machine, tables, verdicts, repeated })} is written\n`);
  return verdicts;
}

async function main(): Promise<void> {
  // Ends through exit, on which measurements end their processes, some of which stand still.
  onStop(async () => process.exit(130));
  const words = process.argv.slice(2);
  const options = readArguments(words, new Set(BUDGETS.map((budget) => budget.case)));
  // With its lines on standard error: standard output is for results.
  execFileSync(process.execPath, [join(ROOT, "scripts/build.ts")], { cwd: ROOT, stdio: ["ignore", 2, 2] });
  const verdicts: Verdict[] = [];
  const flags = words.filter((word) => word !== "--resume" && !CASES.some(({ name }) => name === word));
  for (const [index, each] of options.cases.entries()) {
    const command = ["npm run bench --", each.name, ...flags].join(" ");
    const number = `case ${index + 1} of ${options.cases.length}`;
    if (options.resume && hasReport(each.name, command, ownVersion())) {
      console.error(`${number}: ${each.name} is measured already`);
      continue;
    }
    const about = options.quick ? "" : `, about ${each.minutes} min`;
    console.error(`${number}: ${each.name}${about}`);
    verdicts.push(...(await runCase(each, options, command)));
  }
  const failed = verdicts.filter(({ kept }) => !kept);
  for (const verdict of failed) console.error(`over budget: ${failureText(verdict)}`);
  if (failed.length > 0) process.exitCode = 1;
}

await runMain(main);
