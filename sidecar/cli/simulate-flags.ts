import { type Command, Option } from "commander";
import { POLICIES } from "../simulate/simulate.ts";
import { TOKENS_PER_ID } from "../simulate/trace.ts";
import { formatDuration } from "../support/duration.ts";
import { decimal, duration, each, fileName, reading, wholeNumber } from "./values.ts";

const OUTPUTS = ["table", "json"] as const;
const MINUTE = 60_000;

/** What the flags of `simulate` say; durations in milliseconds. */
export interface SimulateFlags {
  readonly config?: readonly string[];
  readonly policy?: readonly string[];
  readonly workers: number;
  readonly scrapeInterval: number;
  readonly tokensPerPiece: number;
  readonly servers: number;
  readonly maxNumSeqs: number;
  readonly prefillBase: number;
  readonly prefillPerToken: number;
  readonly decodePerToken: number;
  readonly blockSize: number;
  readonly cacheFraction: number;
  readonly numGpuBlocks?: number;
  readonly load: number;
  readonly speed?: number;
  readonly requests?: number;
  readonly maxPromptTokens?: number;
  readonly warmup: number;
  readonly seed: number;
  readonly output: (typeof OUTPUTS)[number];
}

const policyName = reading(POLICIES.join(", "), (text) => (POLICIES.includes(text) ? text : undefined), POLICIES);

const blockSize = reading(`a number of tokens that divides ${TOKENS_PER_ID}, such as 16`, (text) => {
  const value = Number(text);
  return /^\d+$/.test(text) && value > 0 && TOKENS_PER_ID % value === 0 ? value : undefined;
});

/** Adds the flags to a command. */
export function addSimulateFlags(command: Command): void {
  const option = (flags: string, description: string) => new Option(flags, description);
  const time = (flags: string, description: string, max: number, milliseconds: number) =>
    option(flags, description).argParser(duration(0, max)).default(milliseconds, formatDuration(milliseconds));

  command.optionsGroup("Policies:");
  command.addOption(
    option("--config <file>", "EndpointPickerConfig; repeatable (default: built in)").argParser(each(fileName)),
  );
  command.addOption(
    option("--policy <name>", `${POLICIES.join(", ")}; repeatable (default: all)`).argParser(each(policyName)),
  );
  command.addOption(
    option("--workers <count>", "workers of the gateway, each with a filter of its own")
      .argParser(wholeNumber(1, 64))
      .default(1),
  );
  command.addOption(
    option("--scrape-interval <duration>", "time between scrapes of a server")
      .argParser(duration(1, 1000))
      .default(50, formatDuration(50)),
  );
  command.addOption(
    option(
      "--tokens-per-piece <count>",
      "output tokens per piece of an answer; 0: only the first token and the end pass through the filter",
    )
      .argParser(wholeNumber(0, 1_000_000))
      .default(0),
  );

  command.optionsGroup("Servers:");
  command.addOption(option("--servers <count>", "how many").argParser(wholeNumber(1, 1024)).default(8));
  command.addOption(
    option("--max-num-seqs <count>", "sequences that run at once").argParser(wholeNumber(1, 4096)).default(16),
  );
  command.addOption(time("--prefill-base <duration>", "prefill time of any prompt", MINUTE, 7.5));
  command.addOption(
    option("--prefill-per-token <duration>", "prefill time per prompt token that is not cached")
      .argParser(duration(0, MINUTE))
      .default(0.075, "75us"),
  );
  command.addOption(time("--decode-per-token <duration>", "time per further output token", MINUTE, 3.75));
  command.addOption(option("--block-size <tokens>", "tokens per KV-cache block").argParser(blockSize).default(16));
  command.addOption(
    option("--cache-fraction <share>", "each server's cache, as a share of the trace's distinct prompt blocks")
      .argParser(decimal(0, 1000))
      .default(1 / 9, "1/9"),
  );
  command.addOption(
    option("--num-gpu-blocks <count>", "each server's cache, in blocks")
      .argParser(wholeNumber(1, 100_000_000))
      .conflicts("cacheFraction"),
  );

  command.optionsGroup("Requests:");
  command.addOption(
    option("--load <share>", "how fast requests come, as a share of what the servers manage without any prefix hit")
      .argParser(decimal(0.001, 1000))
      .default(0.9),
  );
  command.addOption(
    option("--speed <factor>", "how fast requests come, as a factor on the trace's own speed")
      .argParser(decimal(0.000001, 1_000_000))
      .conflicts("load"),
  );
  command.addOption(
    option("--requests <count>", "take this many from the trace's beginning (default: all)").argParser(
      wholeNumber(1, 100_000_000),
    ),
  );
  command.addOption(
    option("--max-prompt-tokens <count>", "cut longer prompts to this length (default: none is cut)").argParser(
      wholeNumber(1, 100_000_000),
    ),
  );
  command.addOption(
    option("--warmup <share>", "share of the requests, from the first one, that the figures leave out")
      .argParser(decimal(0, 0.99))
      .default(0),
  );

  command.optionsGroup("Run:");
  command.addOption(
    option("--seed <number>", "decides all that is left to chance").argParser(wholeNumber(0, 0xffffffff)).default(1),
  );
  command.addOption(option("--output <format>", "format to print").choices(OUTPUTS).default("table"));
}

/** What the values of single flags cannot tell: flags that contradict one another, as a message to the user. */
export function simulateContradiction({ config = [], policy }: SimulateFlags): string | undefined {
  if (config.length > 0 && policy !== undefined && !policy.includes("config")) {
    return "--config has no effect without --policy config: add it, or leave --config out";
  }
  const twice = config.find((file, index) => config.indexOf(file) !== index);
  return twice === undefined ? undefined : `--config ${twice} is given twice: give each file once`;
}
