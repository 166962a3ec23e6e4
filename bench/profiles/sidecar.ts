// The sidecar's own functions by the time that they take, as Node's profiler sees them.

import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { findEnvoy } from "../../scripts/envoy-binary.ts";
import { freePorts } from "../../scripts/stack/ports.ts";
import { encodeBody } from "../lib/body.ts";
import type { Rows } from "../lib/case.ts";
import { byPlace, type CpuProfile, type SelfTime, selfTimes } from "../lib/cpu-profile.ts";
import { startArms } from "../lib/gateways.ts";
import { runLoadApart } from "../lib/load-process.ts";
import { MODEL_SERVERS, startBackend } from "../lib/model-servers.ts";
import { Workbench } from "../lib/processes.ts";
import { sidecarSources } from "../lib/sources.ts";
import { PATH, type Profile } from "./options.ts";

const FUNCTIONS = 30;
const PLACES = 15;
const WARM_SECONDS = 3;
const SAMPLE_MICROSECONDS = 500;
const WRITTEN_WITHIN_MS = 30_000;

/** The system's monotonic clock, which the profiler uses, in microseconds. */
const now = () => Number(process.hrtime.bigint() / 1000n);

/** Ends a process that profiles itself, and reads what it writes on its way out. */
async function readProfile(pid: number, folder: string): Promise<CpuProfile> {
  process.kill(pid, "SIGTERM");
  const until = Date.now() + WRITTEN_WITHIN_MS;
  for (;;) {
    const [file] = globSync(join(folder, "*.cpuprofile"));
    try {
      if (file !== undefined) return JSON.parse(readFileSync(file, "utf8"));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error; // it is being written
    }
    if (Date.now() > until) throw new Error("the sidecar has not written its profile");
    await setTimeout(100);
  }
}

function rowsOf(head: readonly string[], times: readonly SelfTime[], requests: number, most: number): Rows {
  const all = times.reduce((sum, { microseconds }) => sum + microseconds, 0);
  const row = ({ name, where, microseconds }: SelfTime) => [
    ...[(microseconds / requests).toFixed(2), `${((100 * microseconds) / all).toFixed(1)}%`],
    ...(name === "" ? [where] : [name, where]),
  ];
  return [["us a request", "share", ...head], ...times.slice(0, most).map(row)];
}

/** Own time of the sidecar's functions while an arm that needs it is under load. */
export function profileSidecar(arm: "inline" | "ext-proc"): Profile {
  return async ({ kilobytes, connections, seconds, progress }) => {
    const workbench = new Workbench();
    try {
      progress("starting the backend, the sidecar and Envoy");
      const { path: envoy } = await findEnvoy();
      const ports = await freePorts(MODEL_SERVERS.endpoints);
      await startBackend(workbench, envoy, ports);
      const flags = ["--cpu-prof", "--cpu-prof-dir", workbench.folder, "--cpu-prof-interval", `${SAMPLE_MICROSECONDS}`];
      const bench = await startArms(workbench, envoy, ports, PATH, [arm], flags);
      const load = { port: bench.listeners[arm], path: PATH, body: encodeBody(kilobytes * 1000), connections };
      await runLoadApart({ ...load, seconds: WARM_SECONDS }); // V8 compiles
      progress(`load for ${seconds} s`);
      const from = now();
      const { requests } = await runLoadApart({ ...load, seconds });
      const to = now();
      progress("reading the profile");
      const profile = await readProfile(bench.sidecar, workbench.folder);
      const times = selfTimes(profile, [from, to], await sidecarSources());
      const busy = times.reduce((sum, { microseconds }) => sum + microseconds, 0);
      const cores = (busy / (to - from)).toFixed(2);
      const summary = [
        ["requests", "sidecar's thread, cores", "us a request"],
        [`${requests}`, cores, (busy / requests).toFixed(1)],
      ];
      return [
        summary,
        rowsOf(["place"], byPlace(times), requests, PLACES),
        rowsOf(["function", "file"], times, requests, FUNCTIONS),
      ];
    } finally {
      await workbench.stop();
    }
  };
}
