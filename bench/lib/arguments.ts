import { Command, InvalidArgumentError } from "commander";
import { type BenchCase, CASES } from "../cases.ts";

/** What is to be measured, and how it is told. */
export interface BenchArguments {
  readonly cases: readonly BenchCase[];
  readonly quick: boolean;
  readonly json: boolean;
  readonly write: boolean;
  readonly resume: boolean;
  readonly against?: URL;
  readonly backendPort?: number;
  readonly requests?: number;
}

/** Options that only one case knows. */
const OF_CASE = { against: "inline-vs-plain", backendPort: "inline-vs-plain", requests: "memory" } as const;

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "http:") return url;
  throw new InvalidArgumentError("It must be an http:// URL, such as http://127.0.0.1:8080/v1/chat/completions.");
}

function parseCount(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}

/**
 * Reads the command line. Ends the process with 1 and a message where it is wrong, as commander does.
 * @param budgeted names of the cases that have budgets, which are what --quick runs where no case is named.
 */
export function readArguments(words: readonly string[], budgeted: ReadonlySet<string>): BenchArguments {
  const names = CASES.map(({ name }) => name);
  const width = Math.max(...names.map(({ length }) => length));
  const program = new Command("npm run bench --")
    .description("Measures what the picker costs. Figures are medians over rounds that alternate within one run.")
    .argument("[case...]", "cases to run; all where none is named")
    .option("--quick", "fewer and shorter rounds; where no case is named, only cases with budgets", false)
    .option("--json", "only the JSON lines, one a result", false)
    .option("--write", "writes bench/results/CASE.md too", false)
    .option("--resume", "with --write: leaves out the cases that the same command has written of this commit", false)
    .option("--against <url>", "inline-vs-plain: the same load to another gateway, in turns", parseUrl)
    .option(
      "--backend-port <port>",
      "inline-vs-plain: the first of eight ports in a row for its model servers",
      parseCount(1, 65_528),
    )
    .option("--requests <count>", "memory: how many requests pass", parseCount(1000, 1e9))
    .addHelpText("after", `\nCases:\n${CASES.map((one) => `  ${one.name.padEnd(width)}  ${one.summary}`).join("\n")}`)
    .parse(words, { from: "user" });
  const options = program.opts<Omit<BenchArguments, "cases">>();
  const chosen = (name: string) =>
    program.args.length > 0 ? program.args.includes(name) : !options.quick || budgeted.has(name);
  for (const name of program.args) {
    if (!names.includes(name)) program.error(`error: no case "${name}"; there are: ${names.join(", ")}`);
  }
  for (const [option, name] of Object.entries(OF_CASE)) {
    if (options[option as keyof typeof OF_CASE] === undefined || program.args.includes(name)) continue;
    const flag = `--${option.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    program.error(`error: ${flag} is of the case ${name}: npm run bench -- ${name} ${flag} ...`);
  }
  if (options.resume && !options.write) program.error("error: --resume goes by what --write has written: give both");
  return { ...options, cases: CASES.filter(({ name }) => chosen(name)) };
}
