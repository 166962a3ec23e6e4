// Samples of both Envoys of `inline-vs-plain`, recorded in turns, and told apart by where they lie.

import { join } from "node:path";
import { findEnvoy } from "../../scripts/envoy-binary.ts";
import { freePorts } from "../../scripts/stack/ports.ts";
import { encodeBody } from "../lib/body.ts";
import type { Rows } from "../lib/case.ts";
import { cpuMicroseconds } from "../lib/cpu.ts";
import type { Arm } from "../lib/gateway.ts";
import { type Gateways, startGateways } from "../lib/gateways.ts";
import { runLoadApart } from "../lib/load-process.ts";
import { MODEL_SERVERS, startBackend } from "../lib/model-servers.ts";
import { recordedStacks, recordStacks } from "../lib/perf.ts";
import { Workbench } from "../lib/processes.ts";
import { KINDS, MEANING, microsecondsByKind, SampleCounts } from "../lib/samples.ts";
import { PATH, type ProfileOptions } from "./options.ts";

const ARMS: readonly Arm[] = ["plain", "inline"];
const ROUNDS = 3;
/** So that the load stands for as long as samples are taken. */
const MARGIN = 0.5; // seconds

class ArmSamples {
  readonly counts = new SampleCounts();
  cpu = 0;
  requests = 0;
}

async function record(workbench: Workbench, bench: Gateways, arm: Arm, into: ArmSamples, options: ProfileOptions) {
  const { kilobytes, connections, seconds } = options;
  const file = join(workbench.folder, `${arm}.data`);
  const load = { path: PATH, body: encodeBody(kilobytes * 1000), connections, port: bench.listeners[arm] };
  const before = cpuMicroseconds(bench.envoys[arm]);
  const [{ requests }] = await Promise.all([
    runLoadApart({ ...load, seconds: seconds / ROUNDS + MARGIN }),
    recordStacks(bench.envoys[arm], seconds / ROUNDS, file),
  ]);
  into.cpu += cpuMicroseconds(bench.envoys[arm]) - before;
  into.requests += requests;
  for await (const stack of recordedStacks(file)) into.counts.add(stack);
}

/** Microseconds of CPU per request, by kind, of both arms. */
export async function profileFilter(options: ProfileOptions): Promise<readonly Rows[]> {
  const workbench = new Workbench();
  try {
    options.progress("starting the backend, the sidecar and two Envoys");
    const { path: envoy } = await findEnvoy();
    const ports = await freePorts(MODEL_SERVERS.endpoints);
    await startBackend(workbench, envoy, ports);
    const bench = await startGateways(workbench, envoy, ports, PATH);
    const body = encodeBody(options.kilobytes * 1000);
    const found = { plain: new ArmSamples(), inline: new ArmSamples() };
    for (const arm of ARMS) {
      const { connections } = options;
      await runLoadApart({ port: bench.listeners[arm], path: PATH, body, connections, seconds: 2 }); // V8 compiles
    }
    for (let round = 1; round <= ROUNDS; round++) {
      for (const arm of ARMS) {
        options.progress(`recording ${arm}, round ${round} of ${ROUNDS}`);
        await record(workbench, bench, arm, found[arm], options);
      }
    }
    if (found.plain.counts.finish().get("kernel") === 0) {
      options.progress("perf was not let into the kernel: its time counts to whoever called it");
    }
    return [rowsOf(found.plain, found.inline)];
  } finally {
    await workbench.stop();
  }
}

function rowsOf(plain: ArmSamples, inline: ArmSamples): Rows {
  const cpu = { plain: plain.cpu / plain.requests, inline: inline.cpu / inline.requests };
  const of = {
    plain: microsecondsByKind(plain.counts.finish(), cpu.plain),
    inline: microsecondsByKind(inline.counts.finish(), cpu.inline),
  };
  const cells = (one: number, other: number) => [one.toFixed(1), other.toFixed(1), (other - one).toFixed(1)];
  return [
    ["us a request", "plain", "inline", "added", "what it is"],
    ...KINDS.map((kind) => [kind, ...cells(of.plain.get(kind)!, of.inline.get(kind)!), MEANING[kind]]),
    ["all", ...cells(cpu.plain, cpu.inline), "what the system counted for the process"],
    ["samples", `${plain.counts.total}`, `${inline.counts.total}`, "", ""],
    ["requests", `${plain.requests}`, `${inline.requests}`, "", ""],
  ];
}
