import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { isAtLeast } from "../envoy-binary.ts";
import { secondsSince } from "../progress.ts";
import { startChild } from "../stack/child.ts";
import { CACHE, ROOT } from "../stack/command.ts";
import { failure } from "../stack/ready.ts";
import { Trouble } from "../trouble.ts";

/** The Go module of the API server and kubectl. */
const MODULE = join(ROOT, "test", "kube", "apiserver");
const INPUTS = ["go.mod", "go.sum", "main.go"];
const FOLDER = join(CACHE, "kube");
const LOG = join(CACHE, "logs", "go-build-cluster.log");
const TELL_EVERY_MS = 20_000;

/** The module's own wishes: the oldest Go, and the version of Kubernetes. */
export type Needs = { go: string; kubernetes: string };

/** What a go.mod asks for. Throws where it does not say. */
export function readNeeds(goMod: string): Needs {
  const go = /^go (\S+)$/m.exec(goMod)?.[1];
  const kubernetes = /^\s*k8s\.io\/kubernetes (v\S+)$/m.exec(goMod)?.[1];
  if (go === undefined || kubernetes === undefined) throw new Error("go.mod names no Go or no k8s.io/kubernetes");
  return { go, kubernetes };
}

/** "1.26.8" from what `go env GOVERSION` says; null where there is no version in it. */
export function parseGoVersion(output: string): string | null {
  return /go(\d+\.\d+(?:\.\d+)?)/.exec(output)?.[1] ?? null;
}

/** Where the binary of these sources is, built or not. */
export function clusterBinaryPath(): string {
  const hash = createHash("sha256").update(`${process.platform} ${process.arch}\0`);
  for (const file of INPUTS) hash.update(readFileSync(join(MODULE, file))).update("\0");
  return join(FOLDER, `cluster-${hash.digest("hex").slice(0, 16)}`);
}

function goVersion(): Promise<string | null> {
  return new Promise((done) => {
    // Else Go would fetch the newer one that a go.mod asks for.
    const env = { ...process.env, GOTOOLCHAIN: "local" };
    execFile("go", ["env", "GOVERSION"], { env }, (error, output) => {
      done(error === null ? parseGoVersion(output) : null);
    });
  });
}

async function checkGo({ go }: Needs): Promise<void> {
  const fix = `Install Go ${go} or newer; its command go must be on PATH.`;
  const have = await goVersion();
  if (have === null) throw new Trouble(`There is no Go here to build the API server of the tests with. ${fix}`);
  if (!isAtLeast(have, go)) throw new Trouble(`Go ${have} is too old to build the API server of the tests. ${fix}`);
}

/** How far a build is, by its log: what it has fetched and compiled. */
function progressOf(log: string): string {
  const lines = log.split("\n").filter((line) => line !== "");
  const fetched = lines.filter((line) => line.startsWith("go: downloading ")).length;
  return `${fetched} modules fetched, ${lines.length - fetched} packages compiled`;
}

async function build(output: string, { kubernetes }: Needs): Promise<void> {
  // The API server tells its version by these, and refuses to start without one.
  const version = ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"];
  const linker = ["-s", "-w", ...version.map((name) => `-X ${name}.gitVersion=${kubernetes}`)].join(" ");
  const args = ["build", "-v", "-buildvcs=false", "-trimpath", "-ldflags", linker, "-o", output, "."];
  const env = { GOTOOLCHAIN: "local" };
  const child = await startChild({ name: "go build", command: "go", args, cwd: MODULE, env, logFile: LOG });
  const started = performance.now();
  const teller = setInterval(() => {
    console.log(`  ... ${progressOf(readFileSync(LOG, "utf8"))} (${secondsSince(started)})`);
  }, TELL_EVERY_MS);
  try {
    const { code } = await child.exited;
    if (code !== 0) throw failure(child, "The API server of the tests could not be built");
  } finally {
    clearInterval(teller);
  }
}

/**
 * The path of the binary that is API server and kubectl, built first where these sources have not been built yet.
 * Throws Trouble where Go is missing, too old or fails.
 */
export async function findClusterBinary(): Promise<string> {
  const path = clusterBinaryPath();
  if (existsSync(path)) return path;
  const needs = readNeeds(readFileSync(join(MODULE, "go.mod"), "utf8"));
  await checkGo(needs);
  console.log(`  Building kube-apiserver and kubectl ${needs.kubernetes} (needed once, takes minutes) ...`);
  const started = performance.now();
  await mkdir(FOLDER, { recursive: true });
  // Made beside its place and then renamed: what has the final name is whole.
  const fresh = `${path}.${process.pid}`;
  try {
    await build(fresh, needs);
    for (const old of readdirSync(FOLDER).filter((name) => /^cluster-[0-9a-f]+$/.test(name))) {
      await rm(join(FOLDER, old), { force: true });
    }
    await rename(fresh, path);
  } finally {
    await rm(fresh, { force: true });
  }
  const { size } = await stat(path);
  console.log(`  Built, ${Math.round(size / 2 ** 20)} MiB (${secondsSince(started)})`);
  return path;
}
