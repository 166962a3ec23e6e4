// How flags are declared: each with its environment variable.

import { type Command, Option } from "commander";
import { duration, reading } from "./values.ts";

const ENV_PREFIX = "INLINE_EPP_";

/** What Go takes for a boolean. */
const TRUE = ["1", "t", "T", "TRUE", "true", "True"];
const FALSE = ["0", "f", "F", "FALSE", "false", "False"];

/** `true` or `false` as Go's flags take them. */
export const truth = reading(
  "true or false",
  (text) => (TRUE.includes(text) ? true : FALSE.includes(text) ? false : undefined),
  ["true", "false"],
);

function variable(flag: string): string {
  return ENV_PREFIX + flag.replaceAll("-", "_").toUpperCase();
}

/** `poolName` as `pool-name`. */
export function flagName(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** What the user wrote to set a value, for messages: the flag, or the variable that stands for it. */
export function spelled(command: Command, key: string): string {
  const flag = flagName(key);
  return command.getOptionValueSource(key) === "env" ? variable(flag) : `--${flag}`;
}

/** A flag that its environment variable can set too. */
export function option(flags: string, description: string): Option {
  const made = new Option(flags, description);
  return made.env(variable(made.name()));
}

/** A flag that is on without a value, and takes `true` or `false` behind `=`. */
export function switchOption(name: string, description: string): Option {
  return option(`--${name} [bool]`, description).argParser(truth);
}

/** A flag whose value is a duration between two bounds, in milliseconds. */
export function durationOption(flags: string, description: string, min: number, max: number): Option {
  return option(flags, description).argParser(duration(min, max));
}
