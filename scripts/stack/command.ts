import { join } from "node:path";
import { Trouble } from "../trouble.ts";
import { startChild } from "./child.ts";
import { failure } from "./ready.ts";

/** The repository: where everything runs, and what relative paths start from. */
export const ROOT = join(import.meta.dirname, "..", "..");
/** What is made on this machine and may be deleted at any time. */
export const CACHE = join(ROOT, ".cache");

/**
 * Runs a command to its end, with its output in a log of its own; `env` is added to this process's environment. Throws
 * Trouble with the last lines of the log when it fails, and with `missing` when there is no such command.
 */
export async function runCommand(
  name: string,
  command: string,
  args: string[],
  missing: string,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const logFile = join(CACHE, "logs", `${name.replaceAll(/[^\w.-]+/g, "-")}.log`);
  let child: Awaited<ReturnType<typeof startChild>>;
  try {
    child = await startChild({ name, command, args, cwd: ROOT, env, logFile });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") throw new Trouble(missing);
    throw error;
  }
  const { code } = await child.exited;
  if (code !== 0) throw failure(child, `${name} failed`);
}
