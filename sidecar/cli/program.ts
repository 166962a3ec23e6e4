import { Command, CommanderError } from "commander";
import { createLogger, type LogFormat, type LogLevel } from "../observe/log.ts";
import { type Running, type ServeSettings, StartRefused, serve } from "../serve.ts";
import { checkCommand, type Output } from "./check-command.ts";
import { explainCommand } from "./explain-command.ts";
import { serveCommand } from "./serve-command.ts";
import { simulateCommand } from "./simulate-command.ts";
import { stopSignal } from "./stop-signal.ts";
import { VERSION, VERSION_LINE } from "./version.ts";

/** Exit statuses. */
const FAILED = 1;
const MISUSED = 2;

const HELP = `
Examples:
  $ inline-epp check config.yaml
  $ inline-epp serve --endpoints endpoints.yaml --config-file config.yaml
  $ inline-epp serve --help
  $ inline-epp explain request.json --sidecar http://127.0.0.1:9090
  $ inline-epp simulate trace.jsonl.gz --config config.yaml
`;

async function run(settings: ServeSettings, level: LogLevel, format: LogFormat): Promise<void> {
  const log = createLogger(level, format);
  const signalled = stopSignal();
  const running: Running = await serve(settings, VERSION, log);
  const signal = await signalled;
  log.info({ signal }, "stopping; a second signal ends the process at once");
  await running.stop();
  log.info("stopped");
}

/**
 * Runs the program.
 * @param args what follows the program's name.
 * @returns the exit status: 0 done, 1 failed, 2 misused.
 */
export async function main(args: readonly string[], output: Output): Promise<number> {
  let status = 0;
  const program = new Command("inline-epp")
    .description("An endpoint picker for LLM inference that makes its choice inside Envoy: the sidecar.")
    .version(VERSION_LINE)
    .addHelpText("after", HELP)
    .configureOutput({ writeOut: output.out, writeErr: output.error })
    .exitOverride()
    .showHelpAfterError("(--help lists the flags)");
  const failed = () => {
    status = FAILED;
  };
  const commands = [
    serveCommand(run),
    checkCommand(output, failed),
    explainCommand(output, failed),
    simulateCommand(output, failed),
    new Command("version").description("Print the version.").action(() => output.out(`${VERSION_LINE}\n`)),
  ];
  for (const command of commands) program.addCommand(command.copyInheritedSettings(program));
  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : MISUSED;
    if (!(error instanceof StartRefused)) throw error;
    for (const reason of error.reasons) output.error(`error: ${reason.message}\n`);
    return FAILED;
  }
  return status;
}
