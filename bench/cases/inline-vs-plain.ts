// Envoy as plain round robin against Envoy with inline-epp, in turns within one run, and on request another gateway
// with them. Both have one worker and the same backends; the inline arm's sidecar scrapes all of them every 50 ms and
// its CPU is counted.

import { findEnvoy } from "../../scripts/envoy-binary.ts";
import { Trouble } from "../../scripts/trouble.ts";
import { backendConfig } from "../lib/backend.ts";
import { encodeBody } from "../lib/body.ts";
import type { CaseOptions, CaseResult, ResultLine } from "../lib/case.ts";
import { cpuMicroseconds } from "../lib/cpu.ts";
import { vllmExposition } from "../lib/exposition.ts";
import { type Gateways, startEnvoy, startGateways } from "../lib/gateways.ts";
import type { LoadResult } from "../lib/load.ts";
import { runLoadApart } from "../lib/load-process.ts";
import { freePorts, untilReady, Workbench } from "../lib/processes.ts";
import { median } from "../lib/table.ts";

const ENDPOINTS = 8;
const EXPOSITION_BYTES = 36_000;
const BODIES = [2, 100]; // KB
const PATH = "/v1/chat/completions";

/** Where requests go; `other` is a gateway of which nothing is known but what its clients see. */
type Target = "plain" | "inline" | "other";

interface Measured extends LoadResult {
  /** Microseconds of CPU per request, Envoy's. */
  readonly envoyCpu: number;
  /** Microseconds of CPU per request, the sidecar's. */
  readonly sidecarCpu: number;
}

interface Bench extends Gateways {
  readonly other: URL | undefined;
}

async function startBench(workbench: Workbench, { against: other, backendPort }: CaseOptions): Promise<Bench> {
  const { path: envoy } = await findEnvoy();
  const [backendAdmin, ...free] = (await freePorts(ENDPOINTS + 1)) as [number, ...number[]];
  const endpoints = backendPort === undefined ? free : free.map((_, index) => backendPort + index);
  startEnvoy(workbench, envoy, "backend", backendConfig(endpoints, backendAdmin, vllmExposition(EXPOSITION_BYTES)));
  await untilReady("the backend", `http://127.0.0.1:${endpoints[0]}/metrics`);
  return { ...(await startGateways(workbench, envoy, endpoints, PATH)), other };
}

async function measure(
  bench: Bench,
  target: Target,
  body: Uint8Array,
  connections: number,
  seconds: number,
): Promise<Measured> {
  const shape = { body, connections, seconds };
  if (target === "other") {
    const { hostname, port, pathname, search } = bench.other!;
    const address = { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port || 80) };
    const load = await runLoadApart({ ...address, path: `${pathname}${search}`, ...shape });
    if (load.requests === 0) throw new Trouble(`${bench.other} gave no answer of status 200 (${load.errors} others).`);
    return { ...load, envoyCpu: Number.NaN, sidecarCpu: Number.NaN };
  }
  const before = { envoy: cpuMicroseconds(bench.envoys[target]), sidecar: cpuMicroseconds(bench.sidecar) };
  const load = await runLoadApart({ port: bench.listeners[target], path: PATH, ...shape });
  const perRequest = (used: number) => used / load.requests;
  return {
    ...load,
    envoyCpu: perRequest(cpuMicroseconds(bench.envoys[target]) - before.envoy),
    sidecarCpu: target === "inline" ? perRequest(cpuMicroseconds(bench.sidecar) - before.sidecar) : 0,
  };
}

function summarize(rounds: readonly Measured[], plain: readonly Measured[]) {
  const of = (pick: (round: Measured) => number) => median(rounds.map(pick));
  // Of the rounds that ran beside each other, so that what else the machine did changes both.
  const share = (pick: (round: Measured) => number) =>
    median(rounds.map((round, index) => pick(round) / pick(plain[index]!)));
  return {
    rps: of((round) => round.requestsPerSecond),
    p50: of((round) => round.p50),
    p99: of((round) => round.p99),
    envoy_us: of((round) => round.envoyCpu),
    sidecar_us: of((round) => round.sidecarCpu),
    errors: rounds.reduce((sum, round) => sum + round.errors, 0),
    throughput_share: share((round) => round.requestsPerSecond),
    p50_added: of((round) => round.p50) - median(plain.map((round) => round.p50)),
    envoy_us_added: of((round) => round.envoyCpu) - median(plain.map((round) => round.envoyCpu)),
    cpu_ratio: share((round) => round.envoyCpu),
  };
}

type Summary = ReturnType<typeof summarize>;

function cells(target: Target, figures: Summary): string[] {
  const { rps, p50, p99, envoy_us, sidecar_us, errors, throughput_share, p50_added, envoy_us_added } = figures;
  const known = (value: number, text: string) => (Number.isNaN(value) ? "" : text);
  const beside = [`${(100 * throughput_share).toFixed(0)}%`, p50_added.toFixed(3)];
  return [
    ...[target, rps.toFixed(0), p50.toFixed(3), p99.toFixed(3)],
    ...[known(envoy_us, envoy_us.toFixed(0)), known(sidecar_us, sidecar_us.toFixed(0)), `${errors}`],
    ...(target === "plain" ? ["", "", ""] : [...beside, known(envoy_us_added, envoy_us_added.toFixed(0))]),
  ];
}

function line(figures: Summary, target: Target): ResultLine {
  const { throughput_share, p50_added, envoy_us_added, cpu_ratio, ...own } = figures;
  const all = target === "plain" ? own : figures;
  const measured = Object.entries(all).filter(([, value]) => !Number.isNaN(value));
  return Object.fromEntries(measured.map(([name, value]) => [name, Number(value.toPrecision(4))]));
}

/** Both arms with bodies of 2 and 100 KB and 1 and 16 connections, of which quick runs have 16 alone. */
export async function run(options: CaseOptions): Promise<CaseResult> {
  const { quick, progress, against } = options;
  const rounds = 5;
  const seconds = quick ? 1 : 5;
  const targets: readonly Target[] = against === undefined ? ["plain", "inline"] : ["plain", "inline", "other"];
  const workbench = new Workbench();
  try {
    progress("starting the backend, the sidecar and two Envoys");
    const bench = await startBench(workbench, options);
    const lines: ResultLine[] = [];
    const head = ["body", "conns", "arm", "req/s", "p50 ms", "p99 ms", "Envoy us", "sidecar us", "errors"];
    const rows = [[...head, "of plain req/s", "p50 added", "Envoy us added"]];
    for (const kilobytes of BODIES) {
      const body = encodeBody(kilobytes * 1000);
      for (const connections of quick ? [16] : [1, 16]) {
        progress(`${kilobytes} KB bodies, ${connections} connection(s), ${rounds} rounds of ${seconds} s an arm`);
        const measured: Record<Target, Measured[]> = { plain: [], inline: [], other: [] };
        for (const target of targets) await measure(bench, target, body, connections, 0.5); // warm-up
        for (let round = 0; round < rounds; round++) {
          for (const target of targets) {
            measured[target].push(await measure(bench, target, body, connections, seconds));
          }
        }
        for (const target of targets) {
          const figures = summarize(measured[target], measured.plain);
          const shape = { case: "inline-vs-plain", body_kb: kilobytes, connections, arm: target };
          lines.push({ ...shape, ...line(figures, target) });
          rows.push([`${kilobytes} KB`, `${connections}`, ...cells(target, figures)]);
        }
      }
    }
    return { lines, tables: [rows] };
  } finally {
    await workbench.stop();
  }
}
