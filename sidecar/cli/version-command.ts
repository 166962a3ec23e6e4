import { Command, Option } from "commander";
import type { Output } from "./check-command.ts";
import { VERSION_LINE, VERSIONS } from "./version.ts";

const HELP = `
A filter of another wire version than the sidecar's refuses its frames.

Examples:
  $ inline-epp version
  $ inline-epp version --output json
`;

/** The `version` command. */
export function versionCommand(output: Output): Command {
  return new Command("version")
    .description("Print the version.")
    .addOption(new Option("--output <format>", "format to print").choices(["text", "json"]).default("text"))
    .addHelpText("after", HELP)
    .action((flags: { output: string }) => {
      output.out(flags.output === "json" ? `${JSON.stringify(VERSIONS)}\n` : `${VERSION_LINE}\n`);
    });
}
