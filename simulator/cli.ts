import { Command, CommanderError, InvalidArgumentError } from "commander";
import { DURATION_FORMAT, parseDuration } from "./duration.ts";
import { DEFAULT_MAX_MODEL_LEN, DEFAULT_OPTIONS, type SimulatorOptions } from "./options.ts";

/** What a command line asks for: options to start with, or an exit at once with a text. */
export type CommandLine = { options: Partial<SimulatorOptions> } | { exitCode: 0 | 2; text: string };

/** The cache's tables take up to 36 bytes a block, from the start. */
const MAX_BLOCKS = 10_000_000;

const EXAMPLES = `
Durations are ${DURATION_FORMAT} (units: us, ms, s, m).

Examples:
  A small server with one LoRA adapter:
    node simulator/main.ts --port 8001 --name sim-1 --model base --lora reviews-1

  A backend for load tests, which answers at once:
    node simulator/main.ts --port 8001 --prefill-base 0 --prefill-per-token 0 --decode-per-token 0

  Ten times as fast as the model says, with room for long prompts:
    node simulator/main.ts --time-scale 0.1 --num-gpu-blocks 16384 --max-model-len 131072

While it runs, POST /admin/state makes it slow, stuck, failing or gone: see simulator/README.md.`;

function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    const range = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`;
    throw new InvalidArgumentError(`Expected a whole number ${range}.`);
  };
}

function duration(text: string): number {
  const milliseconds = parseDuration(text);
  if (milliseconds === null) throw new InvalidArgumentError(`Expected ${DURATION_FORMAT}.`);
  return milliseconds;
}

function factor(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a number from 0, such as "0.1".');
}

function nonEmpty(text: string): string {
  if (text.trim() !== "") return text;
  throw new InvalidArgumentError("Expected a name.");
}

function names(text: string, before: readonly string[] | undefined): string[] {
  const added = text.split(",").map((name) => name.trim());
  if (added.includes("")) throw new InvalidArgumentError('Expected a name or several, such as "reviews-1,reviews-2".');
  return [...(before ?? []), ...added];
}

function createCommand(write: (text: string) => void): Command {
  const defaults = DEFAULT_OPTIONS;
  const ms = (value: number): string => `(default: ${value < 1 ? `${value * 1000}us` : `${value}ms`})`;
  const is = (value: number | string): string => `(default: ${value})`;
  return new Command("simulator")
    .description("A stand-in for a vLLM server: its HTTP API, its metrics and its timing, without a model.")
    .option("--host <address>", `address to listen on ${is(defaults.host)}`, nonEmpty)
    .option("--port <port>", `TCP port to listen on, 0 for any free one ${is(defaults.port)}`, wholeNumber(0, 65535))
    .option("--name <name>", `who this server is, in the x-inference-pod header ${is(defaults.name)}`, nonEmpty)
    .option("--model <name>", `name of the base model ${is(defaults.model)}`, nonEmpty)
    .option("--lora <names>", "LoRA adapters to serve, a comma list; repeatable (default: none)", names)
    .option("--max-loras <count>", `LoRA adapters that run at once ${is(defaults.maxLoras)}`, wholeNumber(1))
    .option("--max-num-seqs <count>", `sequences that run at once ${is(defaults.maxNumSeqs)}`, wholeNumber(1))
    .option(
      "--prefill-base <duration>",
      `prefill time of any prompt, at a full batch ${ms(defaults.prefillBaseMs)}`,
      duration,
    )
    .option(
      "--prefill-per-token <duration>",
      `prefill time per prompt token not cached, at a full batch ${ms(defaults.prefillPerTokenMs)}`,
      duration,
    )
    .option(
      "--decode-per-token <duration>",
      `time per output token at a full batch; a sequence alone takes half ${ms(defaults.decodePerTokenMs)}`,
      duration,
    )
    .option(
      "--time-scale <factor>",
      `factor on all durations; 0.1 is ten times as fast ${is(defaults.timeScale)}`,
      factor,
    )
    .option("--block-size <tokens>", `tokens per KV cache block ${is(defaults.blockSize)}`, wholeNumber(1))
    .option(
      "--num-gpu-blocks <count>",
      `blocks in the KV cache ${is(defaults.numGpuBlocks)}`,
      wholeNumber(1, MAX_BLOCKS),
    )
    .option(
      "--max-model-len <tokens>",
      `longest prompt and output together (default: ${DEFAULT_MAX_MODEL_LEN}, or what the cache holds if less)`,
      wholeNumber(2),
    )
    .option(
      "--seed <number>",
      `decides output texts and lengths, and injected failures ${is(defaults.seed)}`,
      wholeNumber(0),
    )
    .addHelpText("after", EXAMPLES)
    .configureHelp({ helpWidth: 110 })
    .configureOutput({ writeOut: write, writeErr: write })
    .allowExcessArguments(false)
    .exitOverride();
}

/**
 * Reads the arguments behind the script's name. Help is a text with exit code 0; for a bad flag the text names it,
 * the value seen and what is expected, and the exit code is 2.
 */
export function parseCommandLine(args: readonly string[]): CommandLine {
  let text = "";
  const command = createCommand((piece) => {
    text += piece;
  });
  try {
    command.parse(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { exitCode: error.exitCode === 0 ? 0 : 2, text };
  }
  const { lora, prefillBase, prefillPerToken, decodePerToken, ...rest } = command.opts();
  const durations = {
    prefillBaseMs: prefillBase,
    prefillPerTokenMs: prefillPerToken,
    decodePerTokenMs: decodePerToken,
  };
  const given = Object.entries({ ...rest, ...durations, loras: lora }).filter(([, value]) => value !== undefined);
  return { options: Object.fromEntries(given) };
}
