// `npm test`: everything that must hold, step by step, and at the end one line with what the test runners counted.
//
//   npm test             all of it
//   npm run test:unit    the filter's own units and those of the TypeScript, on a fresh build
//   npm run test:e2e     the whole stack, on a fresh build
//   npm run test:clients the official Python clients of the APIs through the whole stack, on a fresh build
//   npm run test:page    the sidecar's page in a browser, on a fresh build; not part of npm test
//   npm run test:kube    against a real API server and a real Redis, and what deploy/ makes; not part of npm test
//   npm run test:gateways  through the gateways that others make of Envoy; not part of npm test

import { globSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { build } from "./build.ts";
import { findEnvoy, shownPath } from "./envoy-binary.ts";
import { secondsSince } from "./progress.ts";
import { type Child, type ChildOptions, startChild } from "./stack/child.ts";
import { CACHE, ROOT } from "./stack/command.ts";
import { onStop } from "./stop.ts";
import { findClientPython } from "./testing/client-libraries.ts";
import { findClusterBinary } from "./testing/cluster-binary.ts";
import { add, type Counts, closingLine, NONE, readAspectSummary } from "./testing/counts.ts";
import { CHROMIUM, ETCD, findProgram, needPrograms, PROMTOOL, REDIS } from "./testing/system-programs.ts";
import { findHelm, findKustomize } from "./tools/deploy-tools.ts";
import { findEnvoyGateway } from "./tools/gateway-tools.ts";
import { findCrane } from "./tools/image-tools.ts";
import { findIstiod } from "./tools/istio-tools.ts";
import { runMain, Trouble } from "./trouble.ts";

/** What a step found. Counts are those of a test runner; null of one that ended without saying. */
type Result = { ok: boolean; counts?: Counts | null };
type Step = { name: string; run: () => Promise<Result> };

const E2E = "test/e2e/**/*.test.ts";
const CLIENTS = "test/clients/**/*.test.ts";
const PAGE = "test/page/**/*.test.ts";
const KUBE = "test/{deploy,kube,replicas}/**/*.test.ts";
const GATEWAYS = "test/gateways/**/*.test.ts";
const UNIT = "{scripts,sidecar,simulator,test,wire}/**/*.test.ts";

let current: Child | null = null;

async function runNode(name: string, args: string[], more: Partial<ChildOptions> = {}): Promise<boolean> {
  const options = { name, command: process.execPath, args, cwd: ROOT, logFile: null, ...more };
  current = await startChild(options);
  const { code } = await current.exited;
  return code === 0;
}

/** A tool of node_modules that is a script of Node's. */
function tool(path: string, ...args: string[]): Step["run"] {
  return async () => ({ ok: await runNode(path, [join("node_modules", path), ...args]) });
}

async function runAspect(): Promise<Result> {
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
function nodeTest(name: string, find: () => string[], serial: boolean): Step["run"] {
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

const find = (pattern: string): string[] => globSync(pattern, { cwd: ROOT }).sort();

/** Files of no step of their own. */
function findUnit(): string[] {
  const others = new Set([E2E, CLIENTS, PAGE, KUBE, GATEWAYS].flatMap(find));
  return find(UNIT).filter((file) => !others.has(file));
}

const STEPS: Readonly<Record<string, Step>> = {
  lint: { name: "lint", run: tool("@biomejs/biome/bin/biome", "check", "--error-on-warnings") },
  typecheck: { name: "typecheck", run: tool("typescript/bin/tsc", "-p", "tsconfig.json") },
  pageTypes: { name: "typecheck of the page", run: tool("typescript/bin/tsc", "-p", "sidecar/page/browser") },
  build: {
    name: "build",
    run: async () => {
      await build();
      return { ok: true };
    },
  },
  envoy: {
    name: "Envoy",
    // Test files run side by side: only one may install it.
    run: async () => {
      const { path, version } = await findEnvoy();
      console.log(`${version} from ${shownPath(path)}`);
      return { ok: true };
    },
  },
  assembly: { name: "units of the filter (as-pect)", run: runAspect },
  unit: {
    name: "units of the TypeScript (node:test)",
    run: nodeTest("unit", findUnit, false),
  },
  e2e: { name: "end to end (node:test)", run: nodeTest("e2e", () => find(E2E), true) },
  libraries: {
    name: "clients of the APIs",
    // Test files must not install it side by side.
    run: async () => {
      console.log(shownPath(await findClientPython()));
      return { ok: true };
    },
  },
  clients: { name: "Python clients (node:test)", run: nodeTest("clients", () => find(CLIENTS), true) },
  redis: {
    name: "Redis",
    run: async () => {
      await needPrograms([REDIS]);
      console.log(findProgram(REDIS.name));
      return { ok: true };
    },
  },
  cluster: {
    name: "API server",
    run: async () => {
      await needPrograms([ETCD]);
      console.log(shownPath(await findClusterBinary()));
      return { ok: true };
    },
  },
  tools: {
    name: "helm, kustomize and promtool",
    run: async () => {
      await needPrograms([PROMTOOL]);
      for (const find of [findHelm, findKustomize]) console.log(shownPath(await find()));
      return { ok: true };
    },
  },
  browser: {
    name: "browser",
    run: async () => {
      await needPrograms([CHROMIUM]);
      console.log(findProgram(CHROMIUM.name));
      return { ok: true };
    },
  },
  page: { name: "the page in a browser (node:test)", run: nodeTest("page", () => find(PAGE), true) },
  kube: { name: "against an API server (node:test)", run: nodeTest("kube", () => find(KUBE), true) },
  gatewayTools: {
    name: "Envoy Gateway, Istio, crane and kustomize",
    run: async () => {
      const finds = [findEnvoyGateway, findIstiod, findCrane, findKustomize];
      for (const find of finds) console.log(shownPath(await find()));
      return { ok: true };
    },
  },
  gateways: { name: "gateways (node:test)", run: nodeTest("gateways", () => find(GATEWAYS), true) },
};

const PLANS: Readonly<Record<string, readonly string[]>> = {
  all: ["lint", "typecheck", "pageTypes", "build", "envoy", "assembly", "unit", "e2e", "libraries", "clients"],
  unit: ["build", "envoy", "assembly", "unit"],
  e2e: ["build", "envoy", "e2e"],
  clients: ["build", "envoy", "libraries", "clients"],
  page: ["build", "envoy", "browser", "page"],
  kube: ["build", "envoy", "cluster", "redis", "tools", "kube"],
  gateways: ["build", "envoy", "cluster", "gatewayTools", "gateways"],
};

async function runStep({ run }: Step): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    console.error(error.message);
    return { ok: false };
  }
}

/** What is wrong with a result, or null. */
function problemOf({ ok, counts }: Result): string | null {
  if (counts === null) return "ran no tests";
  if (counts !== undefined && counts.passed + counts.failed + counts.skipped === 0) return "ran no tests";
  return ok ? null : "failed";
}

async function main(): Promise<void> {
  onStop(async () => {
    await current?.stop();
    // Stopped is not passed.
    process.exit(130);
  });
  const plan = PLANS[process.argv[2] ?? "all"];
  if (plan === undefined) throw new Trouble(`npm test runs one of: ${Object.keys(PLANS).join(", ")}`);
  let total = NONE;
  const summary: string[] = [];
  for (const key of plan) {
    const step = STEPS[key]!;
    console.log(`\n=== ${step.name} ===`);
    const started = performance.now();
    const result = await runStep(step);
    const problem = problemOf(result);
    const counts = result.counts ?? NONE;
    // A step that fails without a failed test, such as one whose tests do not compile, is a failure all the same.
    total = add(total, problem !== null && counts.failed === 0 ? { ...counts, failed: 1 } : counts);
    const figures = result.counts ? `, ${closingLine(counts)}` : "";
    summary.push(
      `${problem === null ? "ok" : "NOT OK"}  ${step.name}: ${problem ?? "done"}${figures} (${secondsSince(started)})`,
    );
    console.log(summary.at(-1));
  }
  console.log(`\n=== summary ===\n${summary.join("\n")}\n\n${closingLine(total)}`);
  process.exitCode = total.failed > 0 ? 1 : 0;
}

await runMain(main);
