import { readFile } from "node:fs/promises";
import { type CompiledPlan, compile } from "../epp-config/compile.ts";
import { ConfigRefused } from "../epp-config/config-refused.ts";
import { readConfig } from "../epp-config/read.ts";
import { findingText } from "../support/findings.ts";
import type { Output } from "./check-command.ts";

/**
 * Reads and compiles an EndpointPickerConfig; its warnings go to stderr.
 * @throws ConfigRefused, also where the file cannot be read.
 */
export async function readPlanFile(file: string, output: Output): Promise<CompiledPlan> {
  const text = await readFile(file, "utf8").catch((error: Error) => {
    throw new ConfigRefused(file, [{ path: "", line: undefined, message: error.message }]);
  });
  const { config, warnings } = readConfig(text, file);
  for (const warning of warnings) output.error(`warning: ${file}: ${findingText(warning)}\n`);
  return compile(config);
}
