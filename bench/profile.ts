// Says where the CPU time of a request goes: of Envoy with the filter beside plain Envoy, or of the sidecar, under the load
// of `inline-vs-plain`.

import { execFileSync } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { Argument, Command, InvalidArgumentError } from "commander";
import { ROOT } from "../scripts/stack/command.ts";
import { onStop } from "../scripts/stop.ts";
import { runMain } from "../scripts/trouble.ts";
import { requirePerf } from "./lib/perf.ts";
import { table } from "./lib/table.ts";
import type { ProfileOptions } from "./profiles/options.ts";

/** What can be profiled, and the first line that is said of it. */
const SUBJECTS = {
  filter: "Envoy with the filter, beside plain round robin: microseconds of CPU per request, by perf's samples",
  sidecar: "the sidecar beside the filter: it scrapes and is told of requests",
  "ext-proc": "the sidecar that decides by ext_proc",
} as const;
type Subject = keyof typeof SUBJECTS;

function parseNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}

function readWords(words: readonly string[]): { subject: Subject; options: Omit<ProfileOptions, "progress"> } {
  const subjects = Object.keys(SUBJECTS);
  const about = Object.entries(SUBJECTS).map(([name, text]) => `  ${name.padEnd(8)}  ${text}`);
  const program = new Command("npm run profile --")
    .description("Says where the CPU time of a request goes, under the load of the measurement inline-vs-plain.")
    .addArgument(new Argument("<what>", "what to profile").choices(subjects))
    .option("--body-kb <kilobytes>", "size of a request's body", parseNumber(1, 4000), 2)
    .option("--connections <count>", "how many requests at a time", parseNumber(1, 1000), 16)
    .option("--seconds <count>", "how long each arm is recorded, in all", parseNumber(3, 300), 15)
    .addHelpText("after", `\n${about.join("\n")}`)
    .parse(words, { from: "user" });
  const { bodyKb, connections, seconds } = program.opts<{ bodyKb: number; connections: number; seconds: number }>();
  return { subject: program.args[0] as Subject, options: { kilobytes: bodyKb, connections, seconds } };
}

async function main(): Promise<void> {
  onStop(async () => process.exit(130));
  const { subject, options } = readWords(process.argv.slice(2));
  const progress = (text: string) => process.stderr.write(`  ${text}\n`);
  const run =
    subject === "filter"
      ? (await import("./profiles/filter.ts")).profileFilter
      : (await import("./profiles/sidecar.ts")).profileSidecar(subject === "sidecar" ? "inline" : "ext-proc");
  if (subject === "filter") await requirePerf();
  console.log(`${SUBJECTS[subject]}; ${options.kilobytes} KB bodies, ${options.connections} connection(s)`);
  execFileSync(process.execPath, [join(ROOT, "scripts/build.ts")], { cwd: ROOT, stdio: ["ignore", 2, 2] });
  for (const rows of await run({ ...options, progress })) console.log(`\n${table(rows)}`);
}

await runMain(main);
