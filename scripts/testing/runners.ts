// What steps run: Node's own test runner, as-pect, and tools that are scripts of Node's.

import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { type Child, type ChildOptions, startChild } from "../stack/child.ts";
import { CACHE, ROOT } from "../stack/command.ts";
import { type Counts, readAspectSummary } from "./counts.ts";
import type { Result, Step } from "./step.ts";

let current: Child | null = null;

async function runNode(name: string, args: string[], more: Partial<ChildOptions> = {}): Promise<boolean> {
  const options = { name, command: process.execPath, args, cwd: ROOT, logFile: null, ...more };
  current = await startChild(options);
  const { code } = await current.exited;
  return code === 0;
}

/** Ends what a step runs, where one does. */
export async function stopRunning(): Promise<void> {
  await current?.stop();
}

/** A tool of node_modules that is a script of Node's. */
export function tool(path: string, ...args: string[]): Step["run"] {
  return async () => ({ ok: await runNode(path, [join("node_modules", path), ...args]) });
}

/** The specs of as-pect. */
export async function runAspect(): Promise<Result> {
  const lines: string[] = [];
  const folder = join("test", "assembly");
  const config = [
    ...["--config", join(folder, "as-pect.config.js"), "--as-config", join(folder, "as-pect.asconfig.json")],
    ...["--no-logo", "--summary"],
  ];
  const onLine = (line: string): void => {
    lines.push(line);
    console.log(line);
  };
  const ok = await runNode("as-pect", [join("node_modules", "@as-pect", "cli", "bin", "asp.js"), ...config], {
    onLine,
  });
  return { ok, counts: readAspectSummary(lines) };
}

/** node:test on files; `serial` for those that would disturb each other. */
export function nodeTest(name: string, find: () => string[], serial: boolean): Step["run"] {
  return async () => {
    const files = find();
    if (files.length === 0) return { ok: false, counts: null };
    const countsFile = join(CACHE, `counts-${name}.json`);
    rmSync(countsFile, { force: true });
    const reporters = [
      ...["--test-reporter=spec", "--test-reporter-destination=stdout"],
      ...["--test-reporter=./scripts/testing/count-reporter.ts", `--test-reporter-destination=${countsFile}`],
    ];
    const args = ["--test", ...(serial ? ["--test-concurrency=1"] : []), ...reporters, ...files];
    const ok = await runNode(name, args);
    return { ok, counts: readCounts(countsFile) };
  };
}

function readCounts(file: string): Counts | null {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return null;
  }
}
