// Builds what is not up to date: the filter, and the bundles of the sidecar and the simulator. Nothing is rebuilt
// unless an input's content or the output has changed since.

import { createHash } from "node:crypto";
import { existsSync, globSync } from "node:fs";
import { chmod, mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { type Bundle, bundleOptions, SIDECAR, SIMULATOR } from "./bundle.ts";
import { step } from "./progress.ts";
import { CACHE, ROOT, runCommand } from "./stack/command.ts";
import { runMain, Trouble } from "./trouble.ts";

/** What a target was made from and what came out, by content. */
type Stamp = { inputs: string[]; inputHash: string; outputHash: string };

type Target = {
  /** Path of what it makes. */
  output: string;
  /** Its sources now, or null where only the last build knows them. */
  sources: (() => string[]) | null;
  /** Makes `file`; gives the sources that it read. */
  make(file: string): Promise<string[]>;
};

const STAMPS = join(CACHE, "build.json");
/** Tools and settings: whoever changes them changes every target. */
const COMMON_INPUTS = ["package-lock.json", "scripts/build.ts", "scripts/bundle.ts"];

function filterTarget(): Target {
  const sources = (): string[] => globSync(["asconfig.json", "assembly/**/*.ts", "wire/**/*.ts"], { cwd: ROOT });
  return {
    output: "build/filter.wasm",
    sources,
    async make(file) {
      const asc = join("node_modules", "assemblyscript", "bin", "asc.js");
      const args = ["assembly/index.ts", "--config", "asconfig.json", "--target", "release", "--outFile", file];
      await runCommand("asc", process.execPath, [asc, ...args], `${process.execPath} is gone`);
      return sources();
    },
  };
}

/**
 * Escapes the characters that the bundler leaves, which stand in comments: one that is not ASCII has Node keep the whole
 * text at two bytes a character.
 */
function asciiOnly(text: string): string {
  return text.replaceAll(/[^\0-\x7f]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** @throws Trouble where a bundle would need a package when it runs: there may be none beside it. */
function checkWhole(entry: string, bundle: string): void {
  const needed = [...bundle.matchAll(/__require\d*\("([^"]+)"\)/g)].map(([, name]) => name!);
  const missing = needed.filter((name) => !isBuiltin(name));
  if (missing.length > 0) throw new Trouble(`${entry}: bundled without ${[...new Set(missing)].join(", ")}`);
}

function bundleTarget(bundle: Bundle): Target {
  const { entry, output } = bundle;
  return {
    output,
    sources: null,
    async make(file) {
      // Only here: an up-to-date build does not pay for loading it.
      const esbuild = await import("esbuild");
      const bundling = esbuild.build({ ...bundleOptions(bundle), outfile: file, metafile: true });
      const { metafile, outputFiles } = await bundling.catch((error: Error) => {
        throw new Trouble(`${entry}: ${error.message}`);
      });
      const { text } = outputFiles[0]!;
      checkWhole(entry, text);
      await writeFile(join(ROOT, file), asciiOnly(text));
      // The process that esbuild works in would stay for the next build.
      await esbuild.stop();
      await chmod(join(ROOT, file), 0o755);
      // The lock file stands for the packages.
      return Object.keys(metafile.inputs).filter((path) => !path.startsWith("node_modules/"));
    },
  };
}

/** The sidecar's page: one file with its style and script inside, for it must work where there is nothing else. */
function pageTarget(): Target {
  const folder = "sidecar/page/browser";
  return {
    output: "build/page.html",
    sources: null,
    async make(file) {
      const esbuild = await import("esbuild");
      const bundling = esbuild.build({
        absWorkingDir: ROOT,
        entryPoints: [`${folder}/main.ts`, `${folder}/page.css`],
        outdir: "build",
        bundle: true,
        platform: "browser",
        target: ["es2023", "chrome123", "firefox120", "safari17.5"], // the first with light-dark()
        format: "iife",
        minify: true,
        metafile: true,
        logLevel: "silent",
        write: false,
      });
      const { metafile, outputFiles } = await bundling.catch((error: Error) => {
        throw new Trouble(`${folder}: ${error.message}`);
      });
      const part = (end: string): string => outputFiles.find(({ path }) => path.endsWith(end))!.text;
      const html = (await readFile(join(ROOT, folder, "page.html"), "utf8"))
        .replace("<style></style>", () => `<style>${part(".css")}</style>`)
        .replace("<script></script>", () => `<script>${part(".js")}</script>`);
      await writeFile(join(ROOT, file), html);
      await esbuild.stop();
      return [...Object.keys(metafile.inputs), `${folder}/page.html`];
    },
  };
}

const TARGETS: readonly Target[] = [filterTarget(), bundleTarget(SIDECAR), pageTarget(), bundleTarget(SIMULATOR)];

async function hashOf(paths: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const path of [...paths].sort()) {
    const content = existsSync(join(ROOT, path)) ? await readFile(join(ROOT, path)) : "absent";
    hash.update(`${path}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}

async function readStamps(): Promise<Record<string, Stamp>> {
  try {
    return JSON.parse(await readFile(STAMPS, "utf8"));
  } catch {
    return {};
  }
}

async function isUpToDate(target: Target, stamp: Stamp | undefined): Promise<boolean> {
  if (stamp === undefined || !existsSync(join(ROOT, target.output))) return false;
  const inputs = [...(target.sources?.() ?? stamp.inputs), ...COMMON_INPUTS];
  return (await hashOf(inputs)) === stamp.inputHash && (await hashOf([target.output])) === stamp.outputHash;
}

async function make(target: Target): Promise<Stamp> {
  const unfinished = target.output.replace(/^build\//, "build/unfinished-");
  // Where the sources are known, they are hashed first: one that changes meanwhile does not fit the stamp, and the next
  // build sees it.
  const sources = target.sources?.();
  const hashBefore = sources && (await hashOf([...sources, ...COMMON_INPUTS]));
  const inputs = await target.make(unfinished);
  await rename(join(ROOT, unfinished), join(ROOT, target.output));
  const inputHash = hashBefore ?? (await hashOf([...inputs, ...COMMON_INPUTS]));
  return { inputs, inputHash, outputHash: await hashOf([target.output]) };
}

/** Brings every output in build/ up to date. One line for each. */
export async function build(): Promise<void> {
  await mkdir(join(ROOT, "build"), { recursive: true });
  await mkdir(CACHE, { recursive: true });
  const stamps = await readStamps();
  for (const target of TARGETS) {
    const outcome = async (): Promise<string> => {
      if (await isUpToDate(target, stamps[target.output])) return "up to date";
      stamps[target.output] = await make(target);
      await writeFile(STAMPS, `${JSON.stringify(stamps, null, 2)}\n`);
      const { size } = await stat(join(ROOT, target.output));
      return `built, ${(size / 1024).toFixed(0)} KiB`;
    };
    await step(target.output, outcome, (text) => text);
  }
}

// Not import.meta.main: the bootstrap imports this file.
if (process.argv[1] === import.meta.filename) await runMain(build);
