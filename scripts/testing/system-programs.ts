import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";
import { runCommand } from "../stack/command.ts";
import { Trouble } from "../trouble.ts";

/** A program that comes from the machine's own packages, and Debian's name for the package. */
export type SystemProgram = { name: string; debianPackage: string };

export const ETCD: SystemProgram = { name: "etcd", debianPackage: "etcd-server" };
export const REDIS: SystemProgram = { name: "redis-server", debianPackage: "redis-server" };
export const PROMTOOL: SystemProgram = { name: "promtool", debianPackage: "prometheus" };
/** Of the same package. */
export const PROMETHEUS: SystemProgram = { name: "prometheus", debianPackage: "prometheus" };
export const ZSH: SystemProgram = { name: "zsh", debianPackage: "zsh" };
export const FISH: SystemProgram = { name: "fish", debianPackage: "fish" };
export const CHROMIUM: SystemProgram = { name: "chromium", debianPackage: "chromium" };

/** The path of a program on PATH; null where it is not there or cannot be run. */
export function findProgram(name: string): string | null {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder.
    }
  }
  return null;
}

function canInstall(): boolean {
  return process.getuid?.() === 0 && existsSync("/etc/debian_version") && findProgram("apt-get") !== null;
}

async function aptGet(...args: string[]): Promise<void> {
  // Asks nothing: there may be nobody to answer.
  const command = ["DEBIAN_FRONTEND=noninteractive", "apt-get", ...args];
  await runCommand(`apt-get ${args[0]}`, "env", command, "env is not on PATH");
}

/**
 * Sees to it that programs are on PATH: root on Debian installs those that are missing.
 * @throws Trouble that names the missing ones and their packages, where they cannot be installed.
 */
export async function needPrograms(programs: readonly SystemProgram[]): Promise<void> {
  const missing = (): SystemProgram[] => programs.filter(({ name }) => findProgram(name) === null);
  if (missing().length === 0) return;
  const packages = missing().map(({ debianPackage }) => debianPackage);
  const names = missing().map(({ name }) => name);
  const command = `apt-get install -y --no-install-recommends ${packages.join(" ")}`;
  if (!canInstall()) throw new Trouble(`Not on PATH: ${names.join(", ")}. On Debian and Ubuntu, as root: ${command}`);
  console.log(`  ${command} (needed once) ...`);
  const install = (): Promise<void> => aptGet("install", "-y", "--no-install-recommends", ...packages);
  try {
    await install();
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    // A fresh machine has no package lists, an old one has lists of packages that are gone.
    await aptGet("update");
    await install();
  }
  if (missing().length > 0) throw new Trouble(`${command} succeeded, but not on PATH: ${names.join(", ")}`);
}
