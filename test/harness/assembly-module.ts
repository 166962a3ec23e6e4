// Parts of the filter as modules of their own: what they compute, in the code that ships, without a proxy around it.

import { createHash } from "node:crypto";
import { existsSync, globSync } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { ROOT, runCommand } from "../../scripts/stack/command.ts";

const FOLDER = join("build", "test");

/**
 * Compiles a file of test/assembly with the settings of the release in asconfig.json, where it or its sources have
 * changed, and gives a function that starts a fresh instance. `Exports` is what the file exports. Throws Trouble with
 * the compiler's words.
 */
export async function compileAssembly<Exports extends object>(
  entry: string,
): Promise<() => Exports & { memory: WebAssembly.Memory }> {
  const module = await compileModule(entry, false);
  return () => instantiate(module);
}

/** The same as a module to be started by a proxy-wasm host: it aborts as the filter does. */
export function compileForProxy(entry: string): Promise<WebAssembly.Module> {
  return compileModule(entry, true);
}

async function compileModule(entry: string, forProxy: boolean): Promise<WebAssembly.Module> {
  const source = join("test", "assembly", entry);
  const hash = createHash("sha256").update(`${forProxy}`);
  const sources = globSync(["asconfig.json", "package-lock.json", source, "assembly/**/*.ts", "wire/layout.ts"], {
    cwd: ROOT,
  });
  for (const path of sources.toSorted()) hash.update(`${path}\0`).update(await readFile(join(ROOT, path)));
  const stem = join(FOLDER, `${entry.replace(/\.ts$/, "")}-${hash.digest("hex").slice(0, 16)}`);
  const file = join(ROOT, `${stem}.wasm`);
  if (!existsSync(file)) await compile(source, stem, forProxy);
  return new WebAssembly.Module(await readFile(file));
}

async function compile(source: string, stem: string, forProxy: boolean): Promise<void> {
  const config = JSON.parse(await readFile(join(ROOT, "asconfig.json"), "utf8"));
  const { use, ...options } = config.options;
  config.targets.release.textFile = undefined;
  // Test files run side by side: each writes files of its own, and the finished one takes its place at once.
  const own = `${stem}.${process.pid}`;
  const files = { config: `${own}.json`, wasm: `${own}.wasm` };
  await mkdir(join(ROOT, FOLDER), { recursive: true });
  // The compiler adds a configuration's entries to those of the command line.
  const changed = { ...config, entries: [], options: forProxy ? { ...options, use } : options };
  await writeFile(join(ROOT, files.config), JSON.stringify(changed));
  try {
    const asc = join("node_modules", "assemblyscript", "bin", "asc.js");
    const args = [asc, source, "--config", files.config, "--target", "release", "--baseDir", "."];
    args.push("--outFile", files.wasm);
    await runCommand(`asc-${process.pid}`, process.execPath, args, `${process.execPath} is gone`);
    await rename(join(ROOT, files.wasm), join(ROOT, `${stem}.wasm`));
  } finally {
    for (const file of Object.values(files)) await rm(join(ROOT, file), { force: true });
  }
}

function instantiate<Exports extends object>(module: WebAssembly.Module): Exports & { memory: WebAssembly.Memory } {
  const env = {
    abort: (_message: number, _file: number, line: number, column: number) => {
      throw new Error(`aborted at ${line}:${column}`);
    },
  };
  const { exports } = new WebAssembly.Instance(module, { env });
  const started = exports as unknown as Exports & { memory: WebAssembly.Memory; _initialize(): void };
  started._initialize();
  return started;
}
