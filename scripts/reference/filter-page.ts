// The filter's own settings. The module that ships tells which there are and what each must be; what it does and what
// holds without it stand in the source of its reader.

import { readFileSync } from "node:fs";
import { settingsProblem } from "../../sidecar/filter/check-settings.ts";
import { readFilterFile } from "../../sidecar/filter/module.ts";
import { formatDuration } from "../../sidecar/support/duration.ts";
import { code, page, table } from "./markdown.ts";

const SOURCE = new URL("../../assembly/config/plugin-config.ts", import.meta.url);
/** The one that there has to be. */
const REQUIRED = "stateCluster";

function found(pattern: RegExp, source: string, what: string): string {
  const [, text] = pattern.exec(source) ?? [];
  if (text === undefined) throw new Error(`assembly/config/plugin-config.ts does not say ${what}`);
  return text;
}

/** What the module says against settings, one of which is wrong; empty where it takes them. */
function refusal(module: Uint8Array<ArrayBuffer>, settings: object): string {
  return settingsProblem(module, JSON.stringify({ [REQUIRED]: "c", ...settings })) ?? "";
}

function namesOf(module: Uint8Array<ArrayBuffer>): string[] {
  return found(/; fields: (.*)$/, refusal(module, { "?": "" }), "which fields there are").split(", ");
}

function takesOf(module: Uint8Array<ArrayBuffer>, name: string): string {
  // A blank is a text like any other, but for the fields that take some only.
  const told = refusal(module, { [name]: " " }) || refusal(module, { [name]: "" });
  return found(/must be (.*)$/, told, `what ${name} must be`);
}

/** What `reset` sets a field to, as a configuration would have it. */
function fallbackOf(name: string, source: string): string {
  if (name === REQUIRED) return "required";
  const reset = found(/ {2}reset\(\): void \{(.*?)\n {2}\}/s, source, "the defaults");
  if (new RegExp(`this\\.${name}\\.(length = 0|clear\\(\\))`).test(reset)) return "";
  const text = new RegExp(`assign\\(this\\.${name}, (\\w+)\\.at`).exec(reset)?.[1];
  if (text !== undefined) return code(found(new RegExp(`const ${text}: Text = text\\("(.*)"\\)`), source, name));
  const value = found(new RegExp(`this\\.${name} = ([\\w]+);`), reset, `the default of ${name}`);
  const number = Number(value.replaceAll("_", ""));
  // Memory is in bytes, times are in microseconds.
  if (Number.isInteger(number))
    return code(name.endsWith("Memory") ? `${number / 2 ** 20}MiB` : formatDuration(number / 1000));
  const spelled = new RegExp(`"(\\w+)"\\)\\) config\\.${name} = ${value};`).exec(source)?.[1];
  return code(spelled ?? "");
}

/** What the comment on a field says. */
function aboutOf(name: string, source: string): string {
  const pattern = new RegExp(`/\\*\\*((?:(?!\\*/).)*)\\*/\\n {2}(?:readonly )?${name}:`, "s");
  return found(pattern, source, `what ${name} does`)
    .replaceAll(/\n\s*\* ?/g, "\n")
    .trim();
}

/** docs/reference/filter.md */
export function filterPage(): string {
  const { bytes } = readFilterFile();
  const source = readFileSync(SOURCE, "utf8");
  const rows = namesOf(bytes).map((name) => [
    code(name),
    takesOf(bytes, name),
    fallbackOf(name, source),
    aboutOf(name, source),
  ]);
  return page(
    "The filter's settings",
    `JSON text as the plugin configuration of the filter in Envoy, and as \`--filter-settings\` of
[Envoy Gateway's extension](../gateways/envoy-gateway-extension.md). An unknown field or a wrong value refuses the whole
configuration, and Envoy's log names it. [Configuration](../configuration.md#the-filter) says more.`,
    table(["field", "takes", "default", "what it does"], rows),
  );
}
