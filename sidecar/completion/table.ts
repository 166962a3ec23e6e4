// What shells are told of the program: what its help lists, and nothing else.

import type { Command } from "commander";
import { type CommandTable, commandTable, type Flag } from "../cli/flag-table.ts";

/** The program as a shell completes it. */
export interface CompletionTable {
  readonly name: string;
  readonly commands: readonly CommandTable[];
  /** Flags in place of a command. */
  readonly own: readonly Flag[];
  /** The command that is meant where the first argument is a flag. */
  readonly byDefault: string;
}

const HELP_FLAG: Flag = {
  long: "--help",
  short: "-h",
  usage: "-h, --help",
  value: "none",
  kind: "other",
  values: [],
  takes: undefined,
  about: "display help",
  fallback: undefined,
  variable: undefined,
  group: "",
  hidden: false,
};

/** The flags that help lists, and that for help itself. */
function listed(flags: readonly Flag[]): readonly Flag[] {
  return [...flags.filter(({ hidden }) => !hidden), HELP_FLAG];
}

/** Reads the table off the program. */
export function completionTable(program: Command): CompletionTable {
  const commands = program.commands.map(commandTable);
  const help: CommandTable = {
    name: "help",
    about: "display help for a command",
    flags: [],
    argument: "other",
    argumentValues: commands.map(({ name }) => name),
  };
  return {
    name: program.name(),
    commands: [...commands.map((command) => ({ ...command, flags: listed(command.flags) })), help],
    own: listed(commandTable(program).flags),
    byDefault: "serve",
  };
}

/** A flag's names, the long one first. */
export function namesOf({ long, short }: Flag): readonly string[] {
  return short === undefined ? [long] : [long, short];
}

/** A text as a POSIX shell reads it back. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
