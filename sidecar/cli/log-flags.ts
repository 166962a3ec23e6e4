// What is logged and how, by our own flags and by the names that other endpoint pickers have for them.

import { type Command, Option } from "commander";
import { LOG_FORMATS, LOG_LEVELS, type LogFormat, type LogLevel } from "../observe/log.ts";
import { option, truth } from "./option.ts";
import { reading } from "./values.ts";

/** What these flags say. */
export interface LogFlags {
  readonly logLevel?: LogLevel;
  readonly logFormat?: LogFormat;
  readonly v?: LogLevel;
  readonly zapLogLevel?: LogLevel;
  readonly zapEncoder?: LogFormat;
  readonly zapDevel?: boolean;
}

const MAX_VERBOSITY = 100;

function levelOf(verbosity: number): LogLevel {
  if (verbosity >= 5) return "trace";
  return verbosity >= 4 ? "debug" : "info";
}

/** `--v`, as klog counts: 2 is the reference's default, 4 its debug, 5 its trace. */
const verbosity = reading("a number such as 2 or 4", (text) => {
  const value = Number(text);
  return /^-?\d+$/.test(text) && value <= MAX_VERBOSITY ? levelOf(value) : undefined;
});

/** zap's names, or a number from 1 that counts like `--v`. What panics ends the process, logged or not. */
const ZAP_LEVELS: Readonly<Record<string, LogLevel>> = {
  debug: "debug",
  info: "info",
  error: "error",
  panic: "silent",
};

const zapLevel = reading("debug, info, error, panic or a number such as 2 or 4", (text) => {
  const named = Object.hasOwn(ZAP_LEVELS, text.toLowerCase()) ? ZAP_LEVELS[text.toLowerCase()] : undefined;
  if (named !== undefined) return named;
  return /^[1-9]\d*$/.test(text) && Number(text) <= MAX_VERBOSITY ? levelOf(Number(text)) : undefined;
});

const ENCODERS: Readonly<Record<string, LogFormat>> = { json: "json", console: "text" };
const encoder = reading(
  "json or console",
  (text) => (Object.hasOwn(ENCODERS, text) ? ENCODERS[text] : undefined),
  Object.keys(ENCODERS),
);

/** Adds the flags to a command. */
export function addLogFlags(command: Command): void {
  command.optionsGroup("Logs, on stderr:");
  command.addOption(
    option("--log-level <level>", 'least severe level that is logged (default: "info")').choices(LOG_LEVELS),
  );
  command.addOption(option("--log-format <format>", 'format of log lines (default: "json")').choices(LOG_FORMATS));
  command.addOption(
    new Option("-v, --v <number>", "level as other endpoint pickers count: 4 debug, 5 trace, below info").argParser(
      verbosity,
    ),
  );
  command.addOption(
    new Option("--zap-encoder <name>", "format by another name: json, or console for text").argParser(encoder),
  );
  command.addOption(new Option("--zap-log-level <level>").argParser(zapLevel).hideHelp());
  command.addOption(new Option("--zap-devel [bool]").argParser(truth).hideHelp());
}

/** Level and format; our own flags go before the others, and what says more before what says less. */
export function logSettings(flags: LogFlags): { level: LogLevel; format: LogFormat } {
  const devel = flags.zapDevel === true ? "text" : "json";
  return {
    level: flags.logLevel ?? flags.zapLogLevel ?? flags.v ?? "info",
    format: flags.logFormat ?? flags.zapEncoder ?? devel,
  };
}
