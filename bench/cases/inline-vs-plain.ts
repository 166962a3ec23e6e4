// Envoy as plain round robin against Envoy with inline-epp, in turns within one run, and on request another gateway
// with them. Both have one worker and the same backends; the inline arm's sidecar scrapes all of them every 50 ms and
// its CPU is counted.

import { findEnvoy } from "../../scripts/envoy-binary.ts";
import { freePorts } from "../../scripts/stack/ports.ts";
import { Trouble } from "../../scripts/trouble.ts";
import { ARM_HEAD, type ArmRound, armCells, armLine, summarizeArm } from "../lib/arm-figures.ts";
import { encodeBody, TOKENS } from "../lib/body.ts";
import type { CaseOptions, CaseResult, ResultLine } from "../lib/case.ts";
import { cpuMicroseconds } from "../lib/cpu.ts";
import { type Gateways, startGateways } from "../lib/gateways.ts";
import { runLoadApart } from "../lib/load-process.ts";
import { MODEL_SERVERS, startBackend, startSseBackend } from "../lib/model-servers.ts";
import { Workbench } from "../lib/processes.ts";

const PATH = "/v1/chat/completions";
/** Between two events of a streamed answer. */
const EVENT_MS = 5;

/** One load: so many connections that send bodies of so many KB, for answers as a whole or as events. */
interface Shape {
  readonly kilobytes: number;
  readonly connections: number;
}

/** Shapes of one kind of answer, whose model servers stand together. */
interface Part {
  readonly answer: "whole" | "streamed";
  readonly shapes: readonly Shape[];
}

function shapes(bodies: readonly number[], connections: readonly number[]): Shape[] {
  return bodies.flatMap((kilobytes) => connections.map((count) => ({ kilobytes, connections: count })));
}

// With one stream at a time Envoy does next to nothing, and its timers would be what is measured.
const ALL: readonly Part[] = [
  { answer: "whole", shapes: shapes([2, 10, 100, 220], [1, 16, 64]) },
  { answer: "streamed", shapes: shapes([2, 100], [16, 64]) },
];
/** What budgets are of. */
const QUICK: readonly Part[] = [{ answer: "whole", shapes: shapes([2, 100], [16]) }];

/** Where requests go; `other` is a gateway of which nothing is known but what its clients see. */
type Target = "plain" | "inline" | "other";

interface Bench extends Gateways {
  readonly other: URL | undefined;
}

async function startBench(workbench: Workbench, { answer }: Part, options: CaseOptions): Promise<Bench> {
  const { against: other, backendPort } = options;
  const { path: envoy } = await findEnvoy();
  const free = await freePorts(MODEL_SERVERS.endpoints);
  const ports = backendPort === undefined ? free : free.map((_, index) => backendPort + index);
  if (answer === "whole") await startBackend(workbench, envoy, ports);
  else await startSseBackend(workbench, ports, { ...MODEL_SERVERS, milliseconds: EVENT_MS });
  return { ...(await startGateways(workbench, envoy, ports, PATH)), other };
}

async function measure(
  bench: Bench,
  target: Target,
  load: { readonly body: Uint8Array; readonly connections: number; readonly seconds: number },
): Promise<ArmRound> {
  if (target === "other") {
    const { hostname, port, pathname, search } = bench.other!;
    const address = { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port || 80) };
    const result = await runLoadApart({ ...address, path: `${pathname}${search}`, ...load });
    if (result.requests === 0)
      throw new Trouble(`${bench.other} gave no answer of status 200 (${result.errors} others).`);
    return { ...result, envoyCpu: Number.NaN, sidecarCpu: Number.NaN };
  }
  const before = { envoy: cpuMicroseconds(bench.envoys[target]), sidecar: cpuMicroseconds(bench.sidecar) };
  const result = await runLoadApart({ port: bench.listeners[target], path: PATH, ...load });
  const perRequest = (used: number) => used / result.requests;
  return {
    ...result,
    envoyCpu: perRequest(cpuMicroseconds(bench.envoys[target]) - before.envoy),
    sidecarCpu: target === "inline" ? perRequest(cpuMicroseconds(bench.sidecar) - before.sidecar) : 0,
  };
}

/** Rounds of every target in turns. */
async function measureShape(
  bench: Bench,
  { kilobytes, connections }: Shape,
  { answer }: Part,
  { quick, times, progress }: CaseOptions,
): Promise<ReadonlyMap<Target, readonly ArmRound[]>> {
  const rounds = 5 * times;
  const seconds = quick ? 1 : 5;
  const targets: readonly Target[] = bench.other === undefined ? ["plain", "inline"] : ["plain", "inline", "other"];
  const way = answer === "streamed" ? ", streamed answers" : "";
  progress(`${kilobytes} KB bodies, ${connections} connection(s)${way}, ${rounds} rounds of ${seconds} s an arm`);
  const load = { body: encodeBody(kilobytes * 1000, answer === "streamed"), connections };
  const measured = new Map(targets.map((target): [Target, ArmRound[]] => [target, []]));
  for (const target of targets) await measure(bench, target, { ...load, seconds: 0.5 }); // warm-up
  for (let round = 0; round < rounds; round++) {
    for (const [target, found] of measured) found.push(await measure(bench, target, { ...load, seconds }));
  }
  return measured;
}

/** Both arms with bodies of 2 to 220 KB and 1 to 64 connections, then streams; quick runs only what budgets are of. */
export async function run(options: CaseOptions): Promise<CaseResult> {
  const lines: ResultLine[] = [];
  const rows = [["body", "answer", "conns", ...ARM_HEAD]];
  for (const part of options.quick ? QUICK : ALL) {
    const workbench = new Workbench();
    try {
      options.progress("starting the backend, the sidecar and two Envoys");
      const bench = await startBench(workbench, part, options);
      for (const shape of part.shapes) {
        const measured = await measureShape(bench, shape, part, options);
        const { kilobytes, connections } = shape;
        for (const [arm, rounds] of measured) {
          const figures = summarizeArm(rounds, measured.get("plain")!);
          const fields = { case: "inline-vs-plain", answer: part.answer, body_kb: kilobytes, connections, arm };
          lines.push({ ...fields, ...armLine(arm, figures) });
          const answer = part.answer === "streamed" ? `${TOKENS} events` : "whole";
          rows.push([`${kilobytes} KB`, answer, `${connections}`, ...armCells(arm, figures)]);
        }
      }
    } finally {
      await workbench.stop();
    }
  }
  return { lines, tables: [rows] };
}
