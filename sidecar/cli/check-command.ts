import { readFile } from "node:fs/promises";
import { Command, Option } from "commander";
import { stringify } from "yaml";
import { EndpointFileError, parseEndpointFile } from "../discovery/endpoint-file.ts";
import type { DiscoveredPool } from "../discovery/pool.ts";
import { ConfigRefused } from "../epp-config/config-refused.ts";
import { parseText } from "../epp-config/document.ts";
import { printable } from "../epp-config/print.ts";
import { readConfig } from "../epp-config/read.ts";
import { findingText } from "../support/findings.ts";

const OUTPUTS = ["yaml", "json"] as const;

const HELP = `
FILE is an EndpointPickerConfig or a file of endpoints; which of them shows in what it holds. The file with all
defaults filled in goes to stdout, warnings and errors go to stderr. Exit status 0: it can be used, 1: it cannot.

Examples:
  $ inline-epp check config.yaml
  $ inline-epp check endpoints.yaml --output json
`;

/** Where a command writes. */
export interface Output {
  out(text: string): void;
  error(text: string): void;
}

function isEndpointFile(text: string): boolean {
  const { value } = parseText(text);
  return typeof value === "object" && value !== null && "pools" in value;
}

function printablePools(pools: readonly DiscoveredPool[]): object {
  return {
    pools: pools.map(({ name, endpoints }) => ({
      name,
      endpoints: endpoints.map(({ endpoint, ready, metricsUrl }) => ({
        address: endpoint.address,
        name: endpoint.name,
        zone: endpoint.zone,
        ready,
        rank: endpoint.rank,
        metrics: metricsUrl,
        labels: endpoint.labels,
      })),
    })),
  };
}

function effective(text: string, file: string, output: Output): object {
  const warn = (warning: string) => output.error(`warning: ${warning}\n`);
  if (isEndpointFile(text)) {
    const { pools, warnings } = parseEndpointFile(text);
    warnings.forEach(warn);
    return printablePools(pools);
  }
  const { config, warnings } = readConfig(text, file);
  warnings.map(findingText).forEach(warn);
  return printable(config);
}

/**
 * Checks a file and prints what it amounts to.
 * @returns whether the file can be used.
 */
async function check(file: string, format: string, output: Output): Promise<boolean> {
  try {
    const document = effective(await readFile(file, "utf8"), file, output);
    output.out(format === "json" ? `${JSON.stringify(document, null, 2)}\n` : stringify(document));
    return true;
  } catch (error) {
    if (error instanceof EndpointFileError) {
      output.error([`${file} is refused:`, ...error.problems.map((problem) => `  ${problem}`), ""].join("\n"));
    } else if (error instanceof ConfigRefused) {
      output.error(`${error.message}\n`);
    } else {
      output.error(`cannot read ${file}: ${(error as Error).message}\n`);
    }
    return false;
  }
}

/**
 * The `check` command.
 * @param failed is called where the file cannot be used.
 */
export function checkCommand(output: Output, failed: () => void): Command {
  return new Command("check")
    .description("Check a configuration or a file of endpoints, and print it with its defaults.")
    .argument("<file>", "file to check")
    .addOption(new Option("--output <format>", "format to print").choices(OUTPUTS).default("yaml"))
    .addHelpText("after", HELP)
    .action(async (file: string, { output: format }: { output: string }) => {
      if (!(await check(file, format, output))) failed();
    });
}
