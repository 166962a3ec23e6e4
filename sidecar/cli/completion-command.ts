import { Argument, Command } from "commander";
import { bashScript } from "../completion/bash.ts";
import { fishScript } from "../completion/fish.ts";
import { type CompletionTable, completionTable } from "../completion/table.ts";
import { zshScript } from "../completion/zsh.ts";
import type { Output } from "./check-command.ts";

const SHELLS: Readonly<Record<string, (table: CompletionTable) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

const HELP = `
Prints a script with which the shell completes commands, flags, the values of flags that take a few, and files.

Examples:
  bash, in ~/.bashrc:
    source <(inline-epp completion bash)
  zsh, in ~/.zshrc, behind compinit:
    source <(inline-epp completion zsh)
  fish:
    inline-epp completion fish >~/.config/fish/completions/inline-epp.fish
`;

/**
 * The `completion` command.
 * @param program gives the program whose commands are completed, when it has them all.
 */
export function completionCommand(output: Output, program: () => Command): Command {
  return new Command("completion")
    .description("Print a script by which a shell completes what is typed.")
    .addArgument(new Argument("<shell>", "for which shell").choices(Object.keys(SHELLS)))
    .addHelpText("after", HELP)
    .action((shell: string) => output.out(SHELLS[shell]!(completionTable(program()))));
}
