// The plans by which requests are served, opened.

import type { Parts } from "../parts.ts";
import type { ServeSettings } from "../serve-settings.ts";
import { findingText } from "../support/findings.ts";
import { type OpenConfig, openConfigFile, type ReloadObserver } from "./config-file.ts";
import { defaultConfig } from "./default-config.ts";
import { LivePlans } from "./live-plans.ts";
import { readConfig } from "./read.ts";

/** Where a configuration comes from, for people: a path, or what stands in its place. */
export function shownOrigin({ file, text }: ServeSettings["config"]): string {
  return file ?? (text === undefined ? "built in" : "--config-text");
}

/**
 * Puts the configuration in force, and follows it where it is a file.
 * @throws ConfigRefused where it cannot be used.
 */
export async function openPlans(
  config: ServeSettings["config"],
  observer: ReloadObserver,
  { clock, log }: Pick<Parts, "clock" | "log">,
): Promise<OpenConfig> {
  const { file, text } = config;
  if (file !== undefined) return openConfigFile({ path: file, clock, log, observer });
  const { config: read, warnings } = text === undefined ? defaultConfig() : readConfig(text, shownOrigin(config));
  if (warnings.length > 0) log.warn({ warnings: warnings.map(findingText) }, "configuration warnings");
  return { plans: new LivePlans(read), stop: () => undefined };
}
