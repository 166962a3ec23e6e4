import { CommanderError } from "commander";
import { withoutOldSpellings } from "../../../sidecar/cli/old-spelling.ts";
import type { Environment } from "../../../sidecar/cli/scope-flags.ts";
import { type Manner, serveCommand } from "../../../sidecar/cli/serve-command.ts";
import type { ServeSettings } from "../../../sidecar/serve-settings.ts";

/** What a pod's environment tells. */
export const IN_POD: Environment = { KUBERNETES_SERVICE_HOST: "10.96.0.1" };

/** What `serve` makes of arguments, or what it says against them. */
export async function parseServe(
  args: readonly string[],
  env: Environment = {},
): Promise<{ settings: ServeSettings; manner: Manner } | { error: string }> {
  let parsed: { settings: ServeSettings; manner: Manner } | undefined;
  let error = "";
  const command = serveCommand(async (settings, manner) => {
    parsed = { settings, manner };
  }, env);
  command.exitOverride().configureOutput({
    writeErr: (text) => {
      error += text;
    },
  });
  try {
    await command.parseAsync(withoutOldSpellings(args, command), { from: "user" });
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown;
    return { error };
  }
  return parsed ?? { error: "nothing was run" };
}

/** The settings of arguments that are good. */
export async function settingsOf(args: readonly string[], env: Environment = {}): Promise<ServeSettings> {
  const parsed = await parseServe(args, env);
  if ("error" in parsed) throw new Error(parsed.error);
  return parsed.settings;
}

/** The first line against arguments that are not; empty where they are good. */
export async function refusalOf(args: readonly string[], env: Environment = {}): Promise<string> {
  const parsed = await parseServe(args, env);
  return "error" in parsed ? parsed.error.split("\n", 1)[0]! : "";
}
