// One request's price where the sidecar decides by ext_proc, and where the filter does inside Envoy, beside plain round
// robin, in turns within one run. The Envoys have one worker, the same backends, and the same sidecar, which scrapes all
// of them every 50 ms.

import { findEnvoy } from "../../scripts/envoy-binary.ts";
import { freePorts } from "../../scripts/stack/ports.ts";
import { encodeBody } from "../lib/body.ts";
import type { CaseOptions, CaseResult, ResultLine } from "../lib/case.ts";
import { cpuMicroseconds } from "../lib/cpu.ts";
import { type Gateways, startArms } from "../lib/gateways.ts";
import type { LoadResult } from "../lib/load.ts";
import { runLoadApart } from "../lib/load-process.ts";
import { MODEL_SERVERS, startBackend } from "../lib/model-servers.ts";
import { Workbench } from "../lib/processes.ts";
import { median } from "../lib/table.ts";

const BODIES = [2, 100]; // KB
const ARMS = ["plain", "inline", "ext-proc"] as const;
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
  const endpoints = await freePorts(MODEL_SERVERS.endpoints);
  await startBackend(workbench, envoy, endpoints);
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

/**
 * What a round with ext_proc took, of what plain's beside it did; Envoy's CPU with what it has the sidecar do. Pairs of
 * rounds are compared, so here the sidecar's own work, which is the same in all arms, is that of plain's round;
 * `sidecar_us` is against inline, as it is the price of deciding there instead of inside Envoy.
 */
function besidePlain(measured: Readonly<Record<Arm, readonly Measured[]>>) {
  const of = (ratio: (plain: Measured, extProc: Measured) => number) =>
    Number(median(measured.plain.map((plain, round) => ratio(plain, measured["ext-proc"][round]!))).toPrecision(4));
  return {
    throughput_share: of((plain, extProc) => extProc.requestsPerSecond / plain.requestsPerSecond),
    cpu_ratio: of((plain, extProc) => {
      const sidecar = (extProc.sidecar - plain.sidecar) / extProc.requestsPerSecond;
      return (extProc.envoy + sidecar) / plain.envoy;
    }),
  };
}

/** The arms with bodies of 2 and 100 KB and 1 and 16 connections, of which quick runs have 16 alone. */
export async function run({ quick, times, progress }: CaseOptions): Promise<CaseResult> {
  const rounds = (quick ? 4 : 5) * times;
  const seconds = quick ? 1 : 5;
  const workbench = new Workbench();
  try {
    progress("starting the backend, the sidecar and three Envoys");
    const bench = await startBench(workbench);
    const lines: ResultLine[] = [];
    const rows = [
      [
        ...["body", "conns", "arm", "req/s", "p50 ms", "p99 ms", "Envoy us", "sidecar ms/s"],
        ...["added us/req", "req/core s", "errors"],
      ],
    ];
    for (const kilobytes of BODIES) {
      for (const connections of quick ? [16] : [1, 16]) {
        progress(`${kilobytes} KB bodies, ${connections} connection(s), ${rounds} rounds of ${seconds} s an arm`);
        const body = encodeBody(kilobytes * 1000);
        const measured: Record<Arm, Measured[]> = { plain: [], inline: [], "ext-proc": [] };
        for (const arm of ARMS) await measure(bench, arm, { body, connections, seconds: 1 }); // warm-up
        for (let round = 0; round < rounds; round++) {
          for (const arm of ARMS) measured[arm].push(await measure(bench, arm, { body, connections, seconds }));
        }
        const plain = summarize(measured.plain);
        const inline = summarize(measured.inline);
        const extProc = summarize(measured["ext-proc"]);
        // What the sidecar does besides, mostly scrapes, it does while the filter decides inside Envoy, too.
        const added = (extProc.sidecar_us_per_second - inline.sidecar_us_per_second) / extProc.requests_per_second;
        const perCore = Math.round(1e6 / added);
        const shape = { case: "ext-proc", body_kb: kilobytes, connections };
        const sidecar = { sidecar_us: Number(added.toPrecision(4)), requests_per_sidecar_core_second: perCore };
        lines.push({ ...shape, arm: "plain", ...plain }, { ...shape, arm: "inline", ...inline });
        lines.push({ ...shape, arm: "ext-proc", ...extProc, ...sidecar, ...besidePlain(measured) });
        for (const [arm, figures, ...more] of [
          ["plain", plain, "", ""],
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
