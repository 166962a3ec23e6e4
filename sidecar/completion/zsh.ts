import type { CommandTable, Flag } from "../cli/flag-table.ts";
import { type CompletionTable, namesOf, quoted } from "./table.ts";

/** Descriptions stand between brackets and before colons. */
function escaped(text: string): string {
  return text.replaceAll(/[[\]:\\]/g, (sign) => `\\${sign}`);
}

/** What is done for a value, as _arguments says it. */
function action({ kind, values }: Pick<Flag, "kind" | "values">): string {
  if (values.length > 0) return `(${values.join(" ")})`;
  return kind === "other" ? " " : kind === "file" ? "_files" : "_files -/";
}

/** Lines of a call of _arguments. */
function specifications({ flags, argument, argumentValues }: CommandTable): string[] {
  const named = flags.flatMap((flag) => {
    const about = `[${escaped(flag.about)}]`;
    const word = /[<[](.+)[>\]]/.exec(flag.usage)?.[1] ?? "";
    const long =
      flag.value === "none"
        ? `${flag.long}${about}`
        : flag.value === "optional"
          ? `${flag.long}=-${about}::${escaped(word)}:${action(flag)}`
          : `${flag.long}=${about}:${escaped(word)}:${action(flag)}`;
    const short = flag.value === "none" ? about : `${about}:${escaped(word)}:${action(flag)}`;
    return [`*${long}`, ...(flag.short === undefined ? [] : [`*${flag.short}${short}`])];
  });
  const others = argumentValues.length > 0 || argument !== "other";
  return [...named, ...(others ? [`1:argument:${action({ kind: argument, values: argumentValues })}`] : [])];
}

function commandCase(command: CommandTable): string {
  const lines = specifications(command).map((line) => `        ${quoted(line)}`);
  return [`    (${command.name})`, ["      _arguments -s -S", ...lines].join(" \\\n"), "      ;;"].join("\n");
}

/** A script for zsh: to be sourced behind compinit, or a file `_inline-epp` of $fpath. */
export function zshScript({ name, commands, own, byDefault }: CompletionTable): string {
  const described = commands.map((command) => quoted(`${escaped(command.name)}:${escaped(command.about)}`));
  const flags = own.flatMap((flag) => namesOf(flag).map((name) => quoted(`${name}:${escaped(flag.about)}`)));
  const given = own.flatMap(namesOf);
  return `#compdef ${name}

_${name}() {
  local command=$words[2]
  if (( CURRENT == 2 )); then
    local -a commands flags
    commands=(${described.join(" ")})
    flags=(${flags.join(" ")})
    if [[ $words[2] != -* ]]; then
      _describe command commands
      return
    fi
    _describe flag flags
    command=${byDefault}
  else
    case $command in
      (${given.join("|")}) return ;;
      (-*) command=${byDefault} ;;
      (*) shift words; (( CURRENT-- )) ;;
    esac
  fi
  case $command in
${commands.map(commandCase).join("\n")}
  esac
}

if [[ $funcstack[1] == _${name} ]]; then
  _${name} "$@"
else
  compdef _${name} ${name}
fi
`;
}
