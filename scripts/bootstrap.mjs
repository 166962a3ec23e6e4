// First thing every npm script runs: brings in the dependencies where they are missing and hands over to a Node that
// runs TypeScript. Works on Node 20 with nothing installed, so it is plain JavaScript and uses built-ins only.
//
//   node scripts/bootstrap.mjs                        only the dependencies
//   node scripts/bootstrap.mjs scripts/start.ts ...   then this script, with its arguments

import { spawn } from "node:child_process";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { constants } from "node:os";
import { basename, delimiter, dirname, join, resolve, sep } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const MODULES = join(ROOT, "node_modules");
/** The first Node that runs .ts files without a flag or a warning, as this project's sources need. */
const NODE_FOR_TYPESCRIPT = [24, 3];
const LINES_SHOWN_ON_FAILURE = 15;
const ORPHAN_CHECK_MS = 500;

/** Ends the run with a message for people instead of a stack. */
class Trouble extends Error {}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return null;
  }
}

/**
 * Whether node_modules holds what package-lock.json asks for. npm writes down what it installed in a lock file of its
 * own, as its last step: an interrupted installation has none.
 */
function isInstalled() {
  const wanted = readJson(join(ROOT, "package-lock.json"))?.packages;
  if (wanted === undefined) throw new Trouble("package-lock.json is missing or cannot be read.");
  const present = readJson(join(MODULES, ".package-lock.json"))?.packages ?? {};
  return Object.entries(wanted).every(([path, { version, optional, devOptional }]) => {
    if (path === "") return true;
    // Packages for other platforms are optional, and npm leaves them out.
    if (present[path] === undefined) return optional === true || devOptional === true;
    return present[path].version === version;
  });
}

function isInside(folder, path) {
  return path.startsWith(folder + sep);
}

/** The npm that runs this script, else the one on PATH; never the one inside the folder that it is about to replace. */
function npmCommand(environment) {
  const { npm_execpath: npm, npm_node_execpath: node } = environment;
  const usable = [npm, node].every((path) => path && existsSync(path) && !isInside(MODULES, realpathSync(path)));
  return usable && basename(npm) === "npm-cli.js" ? [node, npm] : ["npm"];
}

/** What matters of a failed npm's output: its reason, which it may follow with a page on its flags; else the end. */
function reasonOf(output) {
  const lines = output.trimEnd().split("\n");
  const first = lines.findIndex((line) => line.startsWith("npm error"));
  return (first < 0 ? lines.slice(-LINES_SHOWN_ON_FAILURE) : lines.slice(first, first + LINES_SHOWN_ON_FAILURE)).join(
    "\n",
  );
}

function run(command, args, options) {
  return new Promise((done, fail) => {
    const child = spawn(command, args, options);
    let output = "";
    child.stdout.on("data", (text) => {
      output += text;
    });
    child.stderr.on("data", (text) => {
      output += text;
    });
    child.on("error", fail);
    child.on("close", (code) => done({ code, output }));
  });
}

async function install() {
  const started = Date.now();
  console.error("Installing dependencies with npm ci (needed once, and after package-lock.json changes) ...");
  const path = process.env.PATH ?? "";
  const outside = path.split(delimiter).filter((folder) => !isInside(MODULES, resolve(folder)));
  const environment = { ...process.env, PATH: outside.join(delimiter) };
  const [command, ...args] = npmCommand(environment);
  let result;
  try {
    result = await run(command, [...args, "ci"], { cwd: ROOT, env: environment, stdio: ["ignore", "pipe", "pipe"] });
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
    throw new Trouble("npm is not on PATH, and the dependencies are not installed. Install Node.js with npm first.");
  }
  if (result.code !== 0) {
    throw new Trouble(`npm ci failed with exit code ${result.code}:\n\n${reasonOf(result.output)}`);
  }
  console.error(`Dependencies installed in ${((Date.now() - started) / 1000).toFixed(1)} s.`);
}

function runsTypeScript(version) {
  const [major, minor] = version.split(".").map(Number);
  const [needMajor, needMinor] = NODE_FOR_TYPESCRIPT;
  return major > needMajor || (major === needMajor && minor >= needMinor);
}

/** Runs the script in another Node and ends as it ends. */
function handOver(node, script, args) {
  const launcher = process.ppid;
  const child = spawn(node, [script, ...args], {
    stdio: "inherit",
    env: { ...process.env, INLINE_EPP_LAUNCHER: String(process.pid) },
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  // npm may die without a chance to pass on a signal.
  if (process.env.npm_lifecycle_event !== undefined) {
    setInterval(() => {
      if (process.ppid !== launcher) child.kill("SIGTERM");
    }, ORPHAN_CHECK_MS).unref();
  }
  child.on("error", (error) => {
    console.error(`Cannot run ${node}: ${error.message}`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}

async function main() {
  if (!isInstalled()) await install();
  const [script, ...args] = process.argv.slice(2);
  if (script === undefined) return;
  const path = resolve(script);
  if (runsTypeScript(process.versions.node)) {
    // package.json's `exec` keeps the shell out, which would swallow signals: the parent is npm itself.
    if (process.env.npm_lifecycle_event !== undefined) process.env.INLINE_EPP_LAUNCHER = String(process.ppid);
    process.argv.splice(1, 1);
    process.argv[1] = path;
    await import(pathToFileURL(path).href);
    return;
  }
  const node = join(MODULES, ".bin", "node");
  if (!existsSync(node)) {
    throw new Trouble(
      `This needs Node ${NODE_FOR_TYPESCRIPT.join(".")} or newer and runs on ${process.versions.node}; ` +
        "the one that comes as a dependency is not there. Run npm ci with install scripts allowed, or use a newer Node.",
    );
  }
  handOver(node, path, args);
}

try {
  await main();
} catch (error) {
  if (!(error instanceof Trouble)) throw error;
  console.error(error.message);
  process.exit(1);
}
