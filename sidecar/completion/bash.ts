import type { CommandTable, Flag } from "../cli/flag-table.ts";
import { type CompletionTable, namesOf, quoted } from "./table.ts";

/** What is done for a value, as bash says it. */
function action({ kind, values }: Pick<Flag, "kind" | "values">): string {
  if (values.length > 0) return `words=${quoted(values.join(" "))}`;
  return kind === "other" ? "return" : `compopt -o ${kind === "file" ? "default" : "dirnames"}; return`;
}

/** Cases of the word before the one that is completed: flags that a value follows, those alike in one. */
function valueCases(flags: readonly Flag[]): string[] {
  const alike = new Map<string, string[]>();
  for (const flag of flags.filter(({ value }) => value !== "none")) {
    // What stands behind a flag whose value may be left out is no value, unless "=" says so.
    const names = flag.value === "optional" ? [`${flag.long}=`] : namesOf(flag).flatMap((name) => [name, `${name}=`]);
    const does = action(flag);
    alike.set(does, [...(alike.get(does) ?? []), ...names]);
  }
  return [...alike].map(([does, names]) => `        ${names.join(" | ")}) ${does} ;;`);
}

function commandCase({ name, flags, argument, argumentValues }: CommandTable): string {
  const others = action({ kind: argument, values: argumentValues });
  return [
    `    ${name})`,
    `      case $prev in`,
    ...valueCases(flags),
    `        *) if [[ $cur == -* ]]; then words=${quoted(flags.flatMap(namesOf).join(" "))}; else ${others}; fi ;;`,
    `      esac ;;`,
  ].join("\n");
}

/** A script for bash, from 4 on; it needs no other package. */
export function bashScript({ name, commands, own, byDefault }: CompletionTable): string {
  const names = commands.map((command) => command.name);
  const flags = own.flatMap(namesOf);
  const first = commands.find((command) => command.name === byDefault)?.flags ?? [];
  const flagsAtFirst = new Set([...flags, ...first.flatMap(namesOf)]);
  return `# bash completion for ${name}

_inline_epp() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev='' command='' words=''
  ((COMP_CWORD > 0)) && prev=\${COMP_WORDS[COMP_CWORD - 1]}
  COMPREPLY=()
  # "=" is a word of its own: --flag, =, value.
  if [[ $cur == = ]]; then
    cur='' prev="$prev="
  elif [[ $prev == = ]] && ((COMP_CWORD > 2)); then
    prev="\${COMP_WORDS[COMP_CWORD - 2]}="
  fi
  if ((COMP_CWORD > 1)); then
    command=\${COMP_WORDS[1]}
    case $command in
      ${flags.join(" | ")}) return ;;
      -*) command=${byDefault} ;;
    esac
  fi
  case $command in
    '') words=${quoted(names.join(" "))}
      if [[ $cur == -* ]]; then words=${quoted([...flagsAtFirst].join(" "))}; fi ;;
${commands.map(commandCase).join("\n")}
    *) return ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}

complete -F _inline_epp ${name}
`;
}
