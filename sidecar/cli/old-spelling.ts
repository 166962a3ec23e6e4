// Before they took `--pool-name`, endpoint pickers took `-poolName`, and manifests from then are still around.

import type { Command } from "commander";
import { flagName } from "./option.ts";

const FLAG = /^--?([A-Za-z][\w-]*)(=.*)?$/s;

/** Arguments with each flag of the command spelled as the command has it; what is no such flag stays. */
export function withoutOldSpellings(args: readonly string[], command: Command): string[] {
  let isValue = false;
  return args.map((arg) => {
    const [, name, value = ""] = (isValue ? null : FLAG.exec(arg)) ?? [];
    const long = name === undefined ? undefined : `--${flagName(name)}`;
    const option = command.options.find((one) => one.long === long);
    isValue = option?.required === true && value === "";
    return option === undefined ? arg : `${long}${value}`;
  });
}
