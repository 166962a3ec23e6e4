// Envoy as plain round robin against Envoy with inline-epp, in turns within one run. Both have one worker and the same
// backends; the inline arm's sidecar scrapes all of them every 50 ms and its CPU is counted.

import { findEnvoy } from "../../scripts/envoy-binary.ts";
import { backendConfig } from "../lib/backend.ts";
import { encodeBody } from "../lib/body.ts";
import type { BenchCase, CaseOptions, CaseResult, ResultLine } from "../lib/case.ts";
import { cpuMicroseconds } from "../lib/cpu.ts";
import { vllmExposition } from "../lib/exposition.ts";
import type { Arm } from "../lib/gateway.ts";
import { type Gateways, startEnvoy, startGateways } from "../lib/gateways.ts";
import type { LoadResult } from "../lib/load.ts";
import { runLoadApart } from "../lib/load-process.ts";
import { freePorts, untilReady, Workbench } from "../lib/processes.ts";
import { median, table } from "../lib/table.ts";

const ENDPOINTS = 8;
const EXPOSITION_BYTES = 36_000;
const BODIES = [2, 100]; // KB
const CONNECTIONS = [1, 16];
const PATH = "/v1/chat/completions";

interface Measured extends LoadResult {
  /** Microseconds of CPU per request, Envoy's. */
  readonly envoyCpu: number;
  /** Microseconds of CPU per request, the sidecar's. */
  readonly sidecarCpu: number;
}

async function startBench(workbench: Workbench): Promise<Gateways> {
  const { path: envoy } = await findEnvoy();
  const [backendAdmin, ...endpoints] = (await freePorts(ENDPOINTS + 1)) as [number, ...number[]];
  startEnvoy(workbench, envoy, "backend", backendConfig(endpoints, backendAdmin, vllmExposition(EXPOSITION_BYTES)));
  await untilReady("the backend", `http://127.0.0.1:${endpoints[0]}/metrics`);
  return startGateways(workbench, envoy, endpoints, PATH);
}

async function measure(
  bench: Gateways,
  arm: Arm,
  body: Uint8Array,
  connections: number,
  seconds: number,
): Promise<Measured> {
  const before = { envoy: cpuMicroseconds(bench.envoys[arm]), sidecar: cpuMicroseconds(bench.sidecar) };
  const load = await runLoadApart({ port: bench.listeners[arm], path: PATH, body, connections, seconds });
  const perRequest = (used: number) => used / load.requests;
  return {
    ...load,
    envoyCpu: perRequest(cpuMicroseconds(bench.envoys[arm]) - before.envoy),
    sidecarCpu: arm === "inline" ? perRequest(cpuMicroseconds(bench.sidecar) - before.sidecar) : 0,
  };
}

function summarize(rounds: readonly Measured[]) {
  const of = (pick: (round: Measured) => number) => median(rounds.map(pick));
  return {
    rps: of((round) => round.requestsPerSecond),
    p50: of((round) => round.p50),
    p99: of((round) => round.p99),
    envoyCpu: of((round) => round.envoyCpu),
    sidecarCpu: of((round) => round.sidecarCpu),
    errors: rounds.reduce((sum, round) => sum + round.errors, 0),
  };
}

async function run({ quick, progress }: CaseOptions): Promise<CaseResult> {
  const rounds = quick ? 2 : 5;
  const seconds = quick ? 2 : 5;
  const workbench = new Workbench();
  try {
    progress("starting the backend, the sidecar and two Envoys");
    const bench = await startBench(workbench);
    const lines: ResultLine[] = [];
    const rows = [["body", "conns", "arm", "req/s", "p50 ms", "p99 ms", "Envoy us", "sidecar us", "errors"]];
    for (const kilobytes of BODIES) {
      for (const connections of CONNECTIONS) {
        progress(`${kilobytes} KB bodies, ${connections} connection(s), ${rounds} rounds of ${seconds} s an arm`);
        const body = encodeBody(kilobytes * 1000);
        const measured: Record<Arm, Measured[]> = { plain: [], inline: [] };
        for (const arm of ["plain", "inline"] as const) await measure(bench, arm, body, connections, 0.5); // warm-up
        for (let round = 0; round < rounds; round++) {
          for (const arm of ["plain", "inline"] as const) {
            measured[arm].push(await measure(bench, arm, body, connections, seconds));
          }
        }
        const plain = summarize(measured.plain);
        const inline = summarize(measured.inline);
        const shape = { case: "inline-vs-plain", body_kb: kilobytes, connections };
        for (const [arm, figures] of [
          ["plain", plain],
          ["inline", inline],
        ] as const) {
          lines.push({ ...shape, arm, ...rounded(figures) });
          rows.push([
            `${kilobytes} KB`,
            `${connections}`,
            arm,
            figures.rps.toFixed(0),
            figures.p50.toFixed(3),
            figures.p99.toFixed(3),
            figures.envoyCpu.toFixed(0),
            figures.sidecarCpu.toFixed(0),
            `${figures.errors}`,
          ]);
        }
        lines.push({
          ...shape,
          arm: "difference",
          ...rounded({
            throughput_share: inline.rps / plain.rps,
            p50_added: inline.p50 - plain.p50,
            envoy_cpu_added: inline.envoyCpu - plain.envoyCpu,
            cpu_ratio: inline.envoyCpu / plain.envoyCpu,
          }),
        });
        rows.push([
          "",
          "",
          "inline - plain",
          `${((100 * inline.rps) / plain.rps).toFixed(0)}%`,
          (inline.p50 - plain.p50).toFixed(3),
          (inline.p99 - plain.p99).toFixed(3),
          (inline.envoyCpu - plain.envoyCpu).toFixed(0),
          "",
          "",
        ]);
      }
    }
    return { lines, text: table(rows) };
  } finally {
    await workbench.stop();
  }
}

function rounded<T extends Record<string, number>>(figures: T): T {
  return Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, Number(value.toPrecision(4))])) as T;
}

export const inlineVsPlain: BenchCase = {
  name: "inline-vs-plain",
  summary: "Envoy with inline-epp against plain round robin: CPU per request, throughput, latency (2 and 100 KB)",
  run,
};
