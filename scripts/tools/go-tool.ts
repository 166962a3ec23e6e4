import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { step } from "../progress.ts";
import { CACHE, runCommand } from "../stack/command.ts";
import { Trouble } from "../trouble.ts";

/** Where tools lie, each version in a folder of its own. */
const TOOLS = join(CACHE, "tools");

/** A command that is built from a Go module. */
export type GoTool = {
  /** What the binary is called. */
  readonly name: string;
  /** The package that holds its main function, as `go install` takes it. */
  readonly module: string;
  /** Without the `v`. */
  readonly version: string;
  /** Variables that its own build sets by the linker, by their full names. */
  readonly set?: Readonly<Record<string, string>>;
};

/**
 * The path of a tool's binary; it is built into .cache/tools first where it is not there yet, which takes a minute or
 * two and shows as a step. What has the final path is whole, also when two processes build at once.
 * @throws Trouble where there is no Go, or the build fails.
 */
export async function goTool({ name, module, version, set = {} }: GoTool): Promise<string> {
  const folder = join(TOOLS, `${name}-${version}`);
  const path = join(folder, name);
  if (existsSync(path)) return path;
  const missing =
    `The tests need ${name} ${version}, which is built from its Go module, and there is no go on PATH. ` +
    "Install Go (https://go.dev/dl/), any version from 1.21 on: it fetches the one that the module asks for.";
  const linker = Object.entries(set).map(([variable, value]) => `-X ${variable}=${value}`);
  const args = ["install", "-ldflags", linker.join(" "), `${module}@v${version}`];
  await mkdir(TOOLS, { recursive: true });
  const fresh = await mkdtemp(`${folder}.`);
  try {
    await step(`building ${name} ${version} with Go (needed once)`, () =>
      runCommand(`go install ${name}`, "go", args, missing, { GOBIN: fresh }),
    );
    await rename(fresh, folder);
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    // Another process was faster: its folder is in the way of ours.
    if (error instanceof Trouble || !existsSync(path)) throw error;
  }
  return path;
}
