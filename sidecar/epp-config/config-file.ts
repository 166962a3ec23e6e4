import { readFile } from "node:fs/promises";
import type { Log } from "../observe/log.ts";
import type { Clock } from "../support/clock.ts";
import { findingText } from "../support/findings.ts";
import { FileWatch } from "../support/watch-file.ts";
import { ConfigRefused } from "./config-refused.ts";
import { LivePlans } from "./live-plans.ts";
import { readConfig } from "./read.ts";

/** How a look at a changed file ended. `applied` and `unchanged` leave an operator nothing to do. */
export type ReloadResult = "applied" | "unchanged" | "refused" | "unreadable";

/** Who counts reloads. */
export interface ReloadObserver {
  /** @param problems why the new version is not in force, for people; none where it is. */
  reloaded(result: ReloadResult, problems: readonly string[]): void;
}

/** What following a file needs. */
export interface ConfigFileOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly observer: ReloadObserver;
}

/** A configuration in force. */
export interface OpenConfig {
  readonly plans: LivePlans;
  /** Ends the watch of its file; the plans stay as they are. */
  stop(): void;
}

/**
 * Puts a configuration file in force and follows it: a valid new version replaces the plan within a second, a bad one
 * is logged with all its problems and the last good plan stays.
 * @throws ConfigRefused where the first version cannot be used.
 */
export async function openConfigFile({ path, clock, log, observer }: ConfigFileOptions): Promise<OpenConfig> {
  async function read(): Promise<{ text: string } | { error: Error }> {
    return readFile(path, "utf8").then(
      (text) => ({ text }),
      (error: Error) => ({ error }),
    );
  }

  function warn(warnings: ReturnType<typeof readConfig>["warnings"]): void {
    if (warnings.length > 0) log.warn({ file: path, warnings: warnings.map(findingText) }, "configuration warnings");
  }

  let plans: LivePlans | undefined;
  /** Whether the file changed while its first version was read. */
  let changed = false;

  async function reload(): Promise<void> {
    if (plans === undefined) {
      changed = true;
      return;
    }
    const now = await read();
    if ("error" in now) {
      log.error(
        { file: path, reason: now.error.message },
        "configuration file cannot be read, the last good plan stays",
      );
      observer.reloaded("unreadable", [now.error.message]);
      return;
    }
    try {
      const { config, warnings } = readConfig(now.text, path);
      const applied = plans.replace(config);
      log.info({ file: path }, applied ? "new plan in force" : "configuration file changed, the plan did not");
      warn(warnings);
      observer.reloaded(applied ? "applied" : "unchanged", []);
    } catch (error) {
      if (!(error instanceof ConfigRefused)) throw error;
      const problems = error.problems.map(findingText);
      log.error({ file: path, problems }, "new configuration refused, the last good plan stays");
      observer.reloaded("refused", problems);
    }
  }

  const watch = new FileWatch(path, reload, { clock });
  await watch.open();
  const first = await read();
  try {
    if ("error" in first) {
      throw new ConfigRefused(path, [{ path: "", line: undefined, message: first.error.message }]);
    }
    const { config, warnings } = readConfig(first.text, path);
    plans = new LivePlans(config);
    warn(warnings);
  } catch (error) {
    watch.close();
    throw error;
  }
  if (changed) await reload();
  return { plans, stop: () => watch.close() };
}
