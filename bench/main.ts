import { execFileSync } from "node:child_process";
import { cpus } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { ROOT } from "../scripts/stack/command.ts";
import { extProc } from "./cases/ext-proc.ts";
import { inlineVsPlain } from "./cases/inline-vs-plain.ts";
import { latency } from "./cases/latency.ts";
import { pick } from "./cases/pick.ts";
import { prefix } from "./cases/prefix.ts";
import { push } from "./cases/push.ts";
import { scan } from "./cases/scan.ts";
import { stream } from "./cases/stream.ts";
import type { BenchCase } from "./lib/case.ts";

const CASES: readonly BenchCase[] = [extProc, inlineVsPlain, latency, pick, prefix, push, scan, stream];

const program = new Command("npm run bench --")
  .description("Measures what the picker costs. Figures are medians over rounds that alternate within one run.")
  .argument("[case...]", `cases to run, default all: ${CASES.map((each) => each.name).join(", ")}`)
  .option("--quick", "fewer and shorter rounds", false)
  .option("--json", "only the JSON lines, one a result", false)
  .addHelpText("after", `\nCases:\n${CASES.map((each) => `  ${each.name}: ${each.summary}`).join("\n")}`)
  .parse();
const { quick, json } = program.opts<{ quick: boolean; json: boolean }>();

for (const name of program.args) {
  if (!CASES.some((each) => each.name === name)) {
    program.error(`no case "${name}"; there are: ${CASES.map((each) => each.name).join(", ")}`);
  }
}
// With its lines on standard error: standard output is for results.
execFileSync(process.execPath, [join(ROOT, "scripts/build.ts")], { cwd: ROOT, stdio: ["ignore", 2, 2] });
for (const each of CASES.filter(({ name }) => program.args.length === 0 || program.args.includes(name))) {
  if (!json) {
    console.log(`${each.name}: ${each.summary}`);
    console.log(`${cpus().length} cores, ${cpus()[0]?.model ?? "unknown processor"}${quick ? ", quick" : ""}`);
  }
  const progress = (text: string) => {
    if (!json) process.stderr.write(`  ${text}\n`);
  };
  const { lines, text } = await each.run({ quick, progress });
  for (const line of lines) console.log(JSON.stringify(line));
  if (!json) console.log(`\n${text}`);
}
