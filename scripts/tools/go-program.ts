import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { step } from "../progress.ts";
import { CACHE, ROOT, runCommand } from "../stack/command.ts";

/** What a build is made of: the program itself, and by name and digest everything else. */
const SOURCES = ["go.mod", "go.sum", "main.go"];

/**
 * The path of a program of this repository that is written in Go, for tests; built first where these sources have not
 * been built yet, which may take many minutes and shows as a step. What has the final path is whole.
 * @param folder of go.mod, go.sum and main.go, from the repository's root.
 * @throws Trouble where there is no Go, or the build fails.
 */
export async function goProgram(name: string, folder: string): Promise<string> {
  const hash = createHash("sha256").update(`${process.platform} ${process.arch}\0`);
  for (const file of SOURCES) hash.update(readFileSync(join(ROOT, folder, file))).update("\0");
  const tools = join(CACHE, "tools");
  const path = join(tools, `${name}-${hash.digest("hex").slice(0, 16)}`);
  if (existsSync(path)) return path;
  await mkdir(tools, { recursive: true });
  const fresh = `${path}.${process.pid}`;
  const args = ["build", "-C", folder, "-buildvcs=false", "-trimpath", "-ldflags", "-s -w", "-o", fresh, "."];
  const missing = `The tests need ${name}, which is built with Go, and there is no go on PATH. Install Go (https://go.dev/dl/).`;
  try {
    await step(`building ${name} with Go (needed once, takes minutes)`, () =>
      runCommand(`go build ${name}`, "go", args, missing),
    );
    await rename(fresh, path);
  } finally {
    await rm(fresh, { force: true });
  }
  return path;
}
