// One request's price where the sidecar decides by ext_proc, and where the filter does inside Envoy, in turns within one
// run. Both Envoys have one worker, the same backends, and the same sidecar, which scrapes all of them every 50 ms.

import { findEnvoy } from "../../scripts/envoy-binary.ts";
import { backendConfig } from "../lib/backend.ts";
import { encodeBody } from "../lib/body.ts";
import type { CaseOptions, CaseResult, ResultLine } from "../lib/case.ts";
import { cpuMicroseconds } from "../lib/cpu.ts";
import { vllmExposition } from "../lib/exposition.ts";
import { type Gateways, startArms, startEnvoy } from "../lib/gateways.ts";
import type { LoadResult } from "../lib/load.ts";
import { runLoadApart } from "../lib/load-process.ts";
import { freePorts, untilReady, Workbench } from "../lib/processes.ts";
import { median } from "../lib/table.ts";

const ENDPOINTS = 8;
const EXPOSITION_BYTES = 36_000;
const BODIES = [2, 100]; // KB
const CONNECTIONS = [1, 16];
const ARMS = ["inline", "ext-proc"] as const;
const PATH = "/v1/chat/completions";

type Arm = (typeof ARMS)[number];

type Bench = Gateways<Arm>;

interface Measured extends LoadResult {
  /** Microseconds of CPU per request, Envoy's. */
  readonly envoy: number;
  /** Microseconds of CPU per second, the sidecar's. */
  readonly sidecar: number;
}

async function startBench(workbench: Workbench): Promise<Bench> {
  const { path: envoy } = await findEnvoy();
  const [backendAdmin, ...endpoints] = (await freePorts(ENDPOINTS + 1)) as [number, ...number[]];
  startEnvoy(workbench, envoy, "backend", backendConfig(endpoints, backendAdmin, vllmExposition(EXPOSITION_BYTES)));
  await untilReady("the backend", `http://127.0.0.1:${endpoints[0]}/metrics`);
  return startArms(workbench, envoy, endpoints, PATH, ARMS);
}

async function measure(
  bench: Bench,
  arm: Arm,
  load: { readonly body: Uint8Array; readonly connections: number; readonly seconds: number },
): Promise<Measured> {
  const before = { envoy: cpuMicroseconds(bench.envoys[arm]), sidecar: cpuMicroseconds(bench.sidecar) };
  const result = await runLoadApart({ port: bench.listeners[arm], path: PATH, ...load });
  const envoy = cpuMicroseconds(bench.envoys[arm]) - before.envoy;
  const sidecar = cpuMicroseconds(bench.sidecar) - before.sidecar;
  return { ...result, envoy: envoy / result.requests, sidecar: sidecar / result.seconds };
}

function summarize(rounds: readonly Measured[]) {
  const of = (pick: (round: Measured) => number) => Number(median(rounds.map(pick)).toPrecision(4));
  return {
    requests_per_second: of((round) => round.requestsPerSecond),
    p50_ms: of((round) => round.p50),
    p99_ms: of((round) => round.p99),
    envoy_us: of((round) => round.envoy),
    sidecar_us_per_second: of((round) => round.sidecar),
    errors: rounds.reduce((sum, round) => sum + round.errors, 0),
  };
}

/** Both arms with bodies of 2 and 100 KB and 1 and 16 connections. */
export async function run({ quick, progress }: CaseOptions): Promise<CaseResult> {
  const rounds = quick ? 2 : 5;
  const seconds = quick ? 2 : 5;
  const workbench = new Workbench();
  try {
    progress("starting the backend, the sidecar and two Envoys");
    const bench = await startBench(workbench);
    const lines: ResultLine[] = [];
    const rows = [
      [
        ...["body", "conns", "arm", "req/s", "p50 ms", "p99 ms", "Envoy us", "sidecar ms/s"],
        ...["added us/req", "req/core s", "errors"],
      ],
    ];
    for (const kilobytes of BODIES) {
      for (const connections of CONNECTIONS) {
        progress(`${kilobytes} KB bodies, ${connections} connection(s), ${rounds} rounds of ${seconds} s an arm`);
        const body = encodeBody(kilobytes * 1000);
        const measured: Record<Arm, Measured[]> = { inline: [], "ext-proc": [] };
        for (const arm of ARMS) await measure(bench, arm, { body, connections, seconds: 1 }); // warm-up
        for (let round = 0; round < rounds; round++) {
          for (const arm of ARMS) measured[arm].push(await measure(bench, arm, { body, connections, seconds }));
        }
        const inline = summarize(measured.inline);
        const extProc = summarize(measured["ext-proc"]);
        // What the sidecar does besides, mostly scrapes, it does while the filter decides inside Envoy, too.
        const added = (extProc.sidecar_us_per_second - inline.sidecar_us_per_second) / extProc.requests_per_second;
        const perCore = Math.round(1e6 / added);
        const shape = { case: "ext-proc", body_kb: kilobytes, connections };
        const sidecar = { sidecar_us: Number(added.toPrecision(4)), requests_per_sidecar_core_second: perCore };
        lines.push({ ...shape, arm: "inline", ...inline }, { ...shape, arm: "ext-proc", ...extProc, ...sidecar });
        for (const [arm, figures, ...more] of [
          ["inline", inline, "", ""],
          ["ext-proc", extProc, added.toFixed(0), `${perCore}`],
        ] as const) {
          rows.push([
            ...[`${kilobytes} KB`, `${connections}`, arm, figures.requests_per_second.toFixed(0)],
            ...[figures.p50_ms.toFixed(3), figures.p99_ms.toFixed(3), figures.envoy_us.toFixed(0)],
            ...[(figures.sidecar_us_per_second / 1000).toFixed(0), ...more, `${figures.errors}`],
          ]);
        }
      }
    }
    return { lines, tables: [rows] };
  } finally {
    await workbench.stop();
  }
}
