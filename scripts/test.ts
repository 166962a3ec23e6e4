// `npm test`: everything that must hold, step by step, and at the end one line with what the test runners counted.
//
//   npm test             all of it
//   npm run test:unit    the filter's own units and those of the TypeScript, on a fresh build
//   npm run test:e2e     the whole stack, on a fresh build
//   npm run test:clients the official Python clients of the APIs through the whole stack, on a fresh build
//   npm run test:shells  completions in bash, zsh and fish; npm test tries the shells that are there
//   npm run test:page    the sidecar's page in a browser, on a fresh build; not part of npm test
//   npm run test:kube    against a real API server and a real Redis, and what deploy/ makes; not part of npm test
//   npm run test:gateways  through the gateways that others make of Envoy; not part of npm test
//   npm run test:gateways:envoy  those of them that need no other program than Envoy

import { globSync } from "node:fs";
import process from "node:process";
import { build } from "./build.ts";
import { secondsSince } from "./progress.ts";
import { ROOT } from "./stack/command.ts";
import { onStop } from "./stop.ts";
import { add, closingLine, NONE } from "./testing/counts.ts";
import { NEEDS } from "./testing/needs.ts";
import { nodeTest, runAspect, stopRunning, tool } from "./testing/runners.ts";
import type { Result, Step } from "./testing/step.ts";
import { runMain, Trouble } from "./trouble.ts";

const E2E = "test/e2e/**/*.test.ts";
const CLIENTS = "test/clients/**/*.test.ts";
const PAGE = "test/page/**/*.test.ts";
const SHELLS = "test/sidecar/completion/*.test.ts";
const KUBE = "test/{deploy,kube,replicas}/**/*.test.ts";
const GATEWAYS = "test/gateways/**/*.test.ts";
/** They compose what a gateway makes of its resources, or ask by ext_proc. */
const ENVOY_ALONE = "test/gateways/{plain-envoy,ext-proc/*,istio/{istio,isolation,ext-proc}}.test.ts";
const UNIT = "{scripts,sidecar,simulator,test,wire}/**/*.test.ts";

const find = (pattern: string): string[] => globSync(pattern, { cwd: ROOT }).sort();

/** Files of no step of their own. */
function findUnit(): string[] {
  const others = new Set([E2E, CLIENTS, PAGE, KUBE, GATEWAYS].flatMap(find));
  return find(UNIT).filter((file) => !others.has(file));
}

const STEPS: Readonly<Record<string, Step>> = {
  ...NEEDS,
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
  assembly: { name: "units of the filter (as-pect)", run: runAspect },
  unit: { name: "units of the TypeScript (node:test)", run: nodeTest("unit", findUnit, false) },
  e2e: { name: "end to end (node:test)", run: nodeTest("e2e", () => find(E2E), true) },
  clients: { name: "Python clients (node:test)", run: nodeTest("clients", () => find(CLIENTS), true) },
  page: { name: "the page in a browser (node:test)", run: nodeTest("page", () => find(PAGE), true) },
  completion: { name: "completions (node:test)", run: nodeTest("shells", () => find(SHELLS), false) },
  kube: { name: "against an API server (node:test)", run: nodeTest("kube", () => find(KUBE), true) },
  gateways: { name: "gateways (node:test)", run: nodeTest("gateways", () => find(GATEWAYS), true) },
  envoyAlone: { name: "gateways of Envoy alone (node:test)", run: nodeTest("envoy", () => find(ENVOY_ALONE), true) },
};

const PLANS: Readonly<Record<string, readonly string[]>> = {
  all: ["lint", "typecheck", "pageTypes", "build", "envoy", "assembly", "unit", "e2e", "libraries", "clients"],
  unit: ["build", "envoy", "assembly", "unit"],
  e2e: ["build", "envoy", "e2e"],
  clients: ["build", "envoy", "libraries", "clients"],
  page: ["build", "envoy", "browser", "page"],
  shells: ["shells", "completion"],
  kube: ["build", "envoy", "cluster", "redis", "tools", "kube"],
  gateways: ["build", "envoy", "cluster", "gatewayTools", "gateways"],
  "gateways:envoy": ["build", "envoy", "envoyAlone"],
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
    await stopRunning();
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
