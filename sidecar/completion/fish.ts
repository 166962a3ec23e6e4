import type { CommandTable, Flag } from "../cli/flag-table.ts";
import { type CompletionTable, namesOf } from "./table.ts";

/** A text as fish reads it back. */
function quoted(text: string): string {
  return `'${text.replaceAll(/['\\]/g, (sign) => `\\${sign}`)}'`;
}

/** What is done for a value, as flags of `complete`. */
function action({ kind, values }: Pick<Flag, "kind" | "values">): string {
  if (values.length > 0) return ` -x -a ${quoted(values.join(" "))}`;
  return kind === "other" ? " -x" : kind === "file" ? " -r -F" : " -x -a '(__fish_complete_directories)'";
}

function flagLine(name: string, condition: string, flag: Flag): string {
  const short = flag.short === undefined ? "" : ` -s ${flag.short.slice(1)}`;
  // A value that may be left out comes behind "=" alone, and -x would take the next word for it.
  const value =
    flag.value === "none" ? "" : flag.value === "optional" ? ` -a ${quoted(flag.values.join(" "))}` : action(flag);
  return `complete -c ${name} -n ${quoted(condition)}${short} -l ${flag.long.slice(2)}${value} -d ${quoted(flag.about)}`;
}

function commandLines(name: string, command: CommandTable): string[] {
  const condition = `__inline_epp_command ${command.name}`;
  const { argument, argumentValues } = command;
  const files = argument === "other" ? [] : [`complete -c ${name} -n ${quoted(condition)} -F`];
  const few =
    argumentValues.length === 0
      ? []
      : [`complete -c ${name} -n ${quoted(condition)} -a ${quoted(argumentValues.join(" "))}`];
  return [...command.flags.map((flag) => flagLine(name, condition, flag)), ...files, ...few];
}

/** A script for fish. */
export function fishScript({ name, commands, own, byDefault }: CompletionTable): string {
  const given = own.flatMap(namesOf);
  const first = "__inline_epp_first";
  return `# fish completion for ${name}

function __inline_epp_first
    test (count (commandline -opc)) -eq 1
end

function __inline_epp_command
    set -l words (commandline -opc)
    set -l command $words[2]
    switch "$command"
        case ${given.join(" ")}
            return 1
        case '-*'
            set command ${byDefault}
    end
    test "$command" = $argv[1]
end

complete -c ${name} -f
${commands.map((command) => `complete -c ${name} -n ${first} -a ${command.name} -d ${quoted(command.about)}`).join("\n")}
${own.map((flag) => flagLine(name, first, flag)).join("\n")}
${commands.flatMap((command) => commandLines(name, command)).join("\n")}
`;
}
