// The program's commands and flags, as they are parsed.

import { type CommandTable, commandTable, type Flag } from "../../sidecar/cli/flag-table.ts";
import { makeProgram } from "../../sidecar/cli/program.ts";
import { ODD } from "../../sidecar/cli/reference-flags.ts";
import { code, page, table } from "./markdown.ts";

const HEAD = ["flag", "takes", "default", "what it does", "variable"];

function row({ usage, takes, value, fallback, about, variable }: Flag): string[] {
  const any = value === "none" ? "nothing" : "any text";
  return [code(usage), takes ?? any, code(fallback ?? ""), about, code(variable ?? "")];
}

function commandBlocks({ name, about, flags }: CommandTable): string[] {
  const groups = [...new Set(flags.filter(({ hidden }) => !hidden).map(({ group }) => group))];
  const listed = groups.flatMap((group) => [
    ...(group === "" ? [] : [`### ${group}`]),
    table(HEAD, flags.filter((flag) => flag.group === group && !flag.hidden).map(row)),
  ]);
  const odd = ODD.map((flag) => `--${flag.name}`);
  const hidden = flags.filter((flag) => flag.hidden && !odd.includes(flag.long));
  if (hidden.length === 0) return [`## ${name}`, about, ...listed];
  const unlisted = [
    "### Not in the help",
    "Flags of other endpoint pickers: [what they do here, and which more there are](../reference-flags.md).",
    table(
      ["flag", "takes"],
      hidden.map((flag) => row(flag).slice(0, 2)),
    ),
  ];
  return [`## ${name}`, about, ...listed, ...unlisted];
}

/** docs/reference/flags.md */
export function flagsPage(): string {
  const program = makeProgram({ out: () => undefined, error: () => undefined }, () => undefined);
  return page(
    "Commands and flags",
    `\`inline-epp COMMAND --help\` says the same. Durations are written as in Go: 50ms, 2s, 1m30s. A \`[bool]\` is true
without a value, and takes \`=true\` or \`=false\`. A flag goes before its environment variable. Where the first
argument is a flag, the command is \`serve\`. Exit status 0: done, 1: failed, 2: misused.`,
    ...program.commands.map(commandTable).flatMap(commandBlocks),
  );
}
