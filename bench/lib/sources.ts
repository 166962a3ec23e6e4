import { readFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { join } from "node:path";
import { build } from "esbuild";
import { bundleOptions, SIDECAR } from "../../scripts/bundle.ts";
import { ROOT } from "../../scripts/stack/command.ts";
import type { CallFrame } from "./cpu-profile.ts";

/** Says in which file of the repository a function stands that runs in the sidecar's bundle. */
export async function sidecarSources(): Promise<(frame: CallFrame) => string> {
  const { outputFiles } = await build({ ...bundleOptions(SIDECAR), sourcemap: "external" });
  const find = (end: string) => outputFiles.find(({ path }) => path.endsWith(end))!.text;
  const map = new SourceMap(JSON.parse(find(".mjs.map")));
  // The bundle that ran is the same text, unless somebody built another one meanwhile.
  const lines = find(".mjs").split("\n").length;
  const same = readFileSync(join(ROOT, SIDECAR.output), "utf8").split("\n").length === lines;
  return ({ url, lineNumber, columnNumber }) => {
    if (!url.endsWith(SIDECAR.output)) return url.replace(/^file:\/\//, "");
    const entry = same ? map.findEntry(lineNumber, columnNumber) : {};
    return "originalSource" in entry
      ? `${entry.originalSource}`.replace(/^(\.\.\/)+(.*\/(?=node_modules\/))?/, "")
      : SIDECAR.output;
  };
}
