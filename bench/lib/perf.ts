// Linux's perf, asked for the stacks of one process.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { Trouble } from "../../scripts/trouble.ts";
import { readStacks, type Stack } from "./samples.ts";

/** Not a divisor of a timer's rate, so that samples do not fall in step with one. */
const SAMPLES_PER_SECOND = 997;

const INSTALL = `perf is not installed. It belongs to the kernel's tools: linux-perf on Debian, linux-tools-generic on Ubuntu,
perf on Fedora, Arch and Alpine.`;
const ALLOW = "To be let at other processes' stacks takes root, or kernel.perf_event_paranoid of at most 1.";

/** Fails with what to do where there is no perf. */
export async function requirePerf(): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    execFile("perf", ["--version"], (error) => (error === null ? resolve() : reject(new Trouble(INSTALL))));
  });
}

/** Records the stacks of a process, all threads, while it uses the processor, for so long, to a file. */
export async function recordStacks(pid: number, seconds: number, file: string): Promise<void> {
  // By the clock: machines that are virtual have no counters of their own. Chains by frame pointers, which Envoy keeps.
  const what = ["-q", "-e", "cpu-clock", "-F", `${SAMPLES_PER_SECOND}`, "--call-graph", "fp"];
  const args = ["record", ...what, "-p", `${pid}`, "-o", file, "--", "sleep", `${seconds}`];
  const perf = spawn("perf", args, { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  perf.stderr.on("data", (text) => {
    said += text;
  });
  const [code] = await once(perf, "close");
  if (code !== 0) throw new Trouble(`perf cannot record:\n${said.trim()}\n${ALLOW}`);
}

/** The stacks in a file that recordStacks wrote. */
export async function* recordedStacks(file: string): AsyncGenerator<Stack> {
  const args = ["script", "-i", file, "-F", "comm,ip,sym,dso"];
  const perf = spawn("perf", args, { stdio: ["ignore", "pipe", "ignore"] });
  const closed = once(perf, "close");
  yield* readStacks(createInterface({ input: perf.stdout }));
  const [code] = await closed;
  if (code !== 0) throw new Error(`perf script ended with ${code}`);
}
