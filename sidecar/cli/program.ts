import { Command, CommanderError } from "commander";
import { createLogger } from "../observe/log.ts";
import { serve } from "../serve.ts";
import type { ServeSettings } from "../serve-settings.ts";
import { StartRefused } from "../start.ts";
import { checkCommand, type Output } from "./check-command.ts";
import { completionCommand } from "./completion-command.ts";
import { explainCommand } from "./explain-command.ts";
import { withoutOldSpellings } from "./old-spelling.ts";
import { type Manner, serveCommand } from "./serve-command.ts";
import { simulateCommand } from "./simulate-command.ts";
import { stopSignal } from "./stop-signal.ts";
import { topCommand } from "./top-command.ts";
import { VERSION, VERSION_LINE } from "./version.ts";
import { versionCommand } from "./version-command.ts";

/** Exit statuses. */
const FAILED = 1;
const MISUSED = 2;

/** Flags of the program itself. */
const OWN_FLAGS = ["-h", "--help", "-V", "--version"];
/** What is run where the first argument is a flag. */
const DEFAULT_COMMAND = "serve";

/** With a command: other endpoint pickers have none, and a manifest's arguments begin with their first flag. */
function withCommand(args: readonly string[], byDefault: string): readonly string[] {
  const [first = ""] = args;
  return first.startsWith("-") && !OWN_FLAGS.includes(first) ? [byDefault, ...args] : args;
}

const HELP = `
Examples:
  $ inline-epp check config.yaml
  $ inline-epp serve --endpoints endpoints.yaml --config-file config.yaml
  $ inline-epp serve --pool-name base --pool-namespace default
  $ inline-epp serve --help
  $ inline-epp explain request.json --sidecar http://127.0.0.1:9090
  $ inline-epp simulate trace.jsonl.gz --config config.yaml
  $ inline-epp top
  $ source <(inline-epp completion bash)

Where the first argument is a flag, the command is serve. Exit status 0: done, 1: failed, 2: misused.
`;

/** Runs `serve` until a signal comes. */
async function runServe(settings: ServeSettings, { level, format, withoutEffect }: Manner): Promise<void> {
  const log = createLogger(level, format);
  const stopping = stopSignal();
  const stopped = new Promise<void>((resolve) => {
    stopping.addEventListener("abort", () => {
      log.info({ signal: stopping.reason }, "stopping; a second signal ends the process at once");
      resolve();
    });
  });
  for (const flag of withoutEffect) log.warn(flag, "flag has no effect");
  const running = await serve(settings, VERSION, log, stopping);
  if (running !== undefined) {
    await stopped;
    await running.stop();
  }
  log.info("stopped");
}

/**
 * The program with all its commands.
 * @param failed is called by commands that come to nothing.
 */
export function makeProgram(output: Output, failed: () => void): Command {
  const program = new Command("inline-epp")
    .description("An endpoint picker for LLM inference that makes its choice inside Envoy: the sidecar.")
    .version(VERSION_LINE)
    .addHelpText("after", HELP)
    .configureOutput({ writeOut: output.out, writeErr: output.error })
    .exitOverride()
    .showHelpAfterError("(--help lists the flags)");
  const commands = [
    serveCommand(runServe),
    checkCommand(output, failed),
    explainCommand(output, failed),
    simulateCommand(output, failed),
    topCommand(output, failed),
    completionCommand(output, () => program),
    versionCommand(output),
  ];
  for (const command of commands) program.addCommand(command.copyInheritedSettings(program));
  return program;
}

/**
 * Runs the program.
 * @param args what follows the program's name.
 * @returns the exit status: 0 done, 1 failed, 2 misused.
 */
export async function main(args: readonly string[], output: Output): Promise<number> {
  let status = 0;
  const program = makeProgram(output, () => {
    status = FAILED;
  });
  try {
    const [name, ...rest] = withCommand(args, DEFAULT_COMMAND);
    const serving = program.commands.find((command) => command.name() === DEFAULT_COMMAND)!;
    const spelled = name === DEFAULT_COMMAND ? [name, ...withoutOldSpellings(rest, serving)] : args;
    await program.parseAsync(spelled, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : MISUSED;
    if (!(error instanceof StartRefused)) throw error;
    for (const reason of error.reasons) output.error(`error: ${reason.message}\n`);
    return FAILED;
  }
  return status;
}
