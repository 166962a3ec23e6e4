// Flags that deployments of other endpoint pickers set. Two of them only spell ours differently. The rest ask for
// what this version does not do: they are refused by name, because to ignore them would look like obedience.

import { type Command, InvalidArgumentError, Option } from "commander";
import type { LogFormat, LogLevel } from "../observe/log.ts";

const NEED_KUBERNETES = ["pool-name", "pool-namespace", "pool-group", "endpoint-selector", "endpoint-target-ports"];
const KUBERNETES = "It needs discovery from Kubernetes, which this version does not have; list endpoints in a file.";

/** Switches of which only the off position describes this version. */
const OFF_ONLY = [
  { name: "secure-serving", key: "secureServing", why: "gateways connect in plaintext in this version" },
  {
    name: "ha-enable-leader-election",
    key: "haEnableLeaderElection",
    why: "this version has no leader election, every replica serves",
  },
] as const;

const MAX_VERBOSITY = 100;

/** `--v`, as klog counts: 2 is the reference's default, 4 its debug, 5 its trace. */
function verbosity(text: string): LogLevel {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > MAX_VERBOSITY) throw new InvalidArgumentError("Expected a number such as 2 or 4.");
  if (value >= 5) return "trace";
  return value >= 4 ? "debug" : "info";
}

function encoder(text: string): LogFormat {
  if (text === "json") return "json";
  if (text === "console") return "text";
  throw new InvalidArgumentError("Expected json or console.");
}

/** What these flags say; a switch without a value is true. */
export interface ReferenceFlags {
  readonly v?: LogLevel;
  readonly zapEncoder?: LogFormat;
  readonly secureServing?: string | true;
  readonly haEnableLeaderElection?: string | true;
}

/** Adds the flags to a command. */
export function addReferenceFlags(command: Command): void {
  command.optionsGroup("Names that other endpoint pickers use:");
  command.addOption(
    new Option("--v <number>", "log level: below 4 info, 4 debug, 5 and up trace").argParser(verbosity),
  );
  command.addOption(new Option("--zap-encoder <name>", "log format: json, or console for text").argParser(encoder));
  for (const name of NEED_KUBERNETES) {
    const option = new Option(`--${name} <value>`).hideHelp().argParser(() => {
      throw new InvalidArgumentError(KUBERNETES);
    });
    command.addOption(option);
  }
  for (const { name } of OFF_ONLY) command.addOption(new Option(`--${name} [value]`).hideHelp());
}

/** The switch among a command's flags that is on and cannot be, as a message; undefined where there is none. */
export function refusedSwitch(flags: ReferenceFlags): string | undefined {
  const refused = OFF_ONLY.find(({ key }) => flags[key] !== undefined && flags[key] !== "false");
  return refused && `--${refused.name} can only be false: ${refused.why}`;
}
