import { type Command, Option } from "commander";
import { MAX_ENDPOINTS } from "../../wire/layout.ts";
import { each, fileName, httpUrl, reading, wholeNumber } from "./values.ts";

const OUTPUTS = ["text", "json"] as const;
/** Endpoints per profile that fit a screen. */
const ENDPOINTS = 20;
const NAME = /^:?[!#$%&'*+.^_`|~\w-]+$/;

/** A header: its name, in lower case, and its value. */
export type Header = readonly [string, string];

/** What the flags of `explain` say. */
export interface ExplainFlags {
  readonly state?: string;
  readonly sidecar?: URL;
  readonly config?: string;
  readonly pool?: string;
  readonly header?: readonly Header[];
  readonly endpoints: number;
  readonly seed: number;
  readonly output: (typeof OUTPUTS)[number];
}

const header = reading("'name: value', such as 'x-slo-ttft-ms: 200'", (text): Header | undefined => {
  const colon = text.indexOf(":", 1); // not before: that of :path
  const name = text.slice(0, Math.max(colon, 0)).trim().toLowerCase();
  const value = text.slice(colon + 1).trim();
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a header cannot hold.
  return !NAME.test(name) || /[\x00-\x08\x0a-\x1f\x7f]/.test(value) ? undefined : [name, value];
});

/** Adds the flags to a command. */
export function addExplainFlags(command: Command): void {
  command.optionsGroup("State, one of the two:");
  command.addOption(new Option("--state <file>", "snapshot to decide by, JSON").argParser(fileName));
  command.addOption(
    new Option("--sidecar <url>", "running sidecar to take the snapshot from, by its --metrics-port")
      .argParser(httpUrl)
      .conflicts("state"),
  );
  command.optionsGroup("Request and plan:");
  command.addOption(
    new Option("--config <file>", "EndpointPickerConfig in place of the snapshot's plan").argParser(fileName),
  );
  command.addOption(new Option("--pool <name>", "pool to pick from (default: the only one there is)"));
  command.addOption(new Option("--header <name: value>", "header of the request; repeatable").argParser(each(header)));
  command.optionsGroup("Output:");
  command.addOption(
    new Option("--endpoints <count>", "most endpoints per profile that are listed")
      .argParser(wholeNumber(1, MAX_ENDPOINTS))
      .default(ENDPOINTS),
  );
  command.addOption(
    new Option("--seed <number>", "decides all that is left to chance")
      .argParser(wholeNumber(0, 0xffffffff))
      .default(1),
  );
  command.addOption(new Option("--output <format>", "format to print").choices(OUTPUTS).default("text"));
}

/** What the values of single flags cannot tell, as a message to the user. */
export function explainContradiction({ state, sidecar }: ExplainFlags): string | undefined {
  if (state !== undefined || sidecar !== undefined) return undefined;
  return "there is no state to decide by: give --state FILE or --sidecar URL";
}
