import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { ROOT } from "../../scripts/stack/command.ts";
import { freePorts } from "../../scripts/stack/ports.ts";
import { waitUntil } from "../../scripts/stack/ready.ts";

/** A run of `npm start` on free ports. */
export type Run = {
  readonly npm: ChildProcess;
  readonly ports: Ports;
  /** Everything printed so far. */
  output(): string;
  /** Waits until a text is printed. */
  printed(text: string): Promise<void>;
  /** Resolves with npm's exit code, or its signal. */
  readonly ended: Promise<number | string>;
};
export type Ports = { requests: number; admin: number; metrics: number; simulators: number[]; all: number[] };

const PRINTED_TIMEOUT_MS = 180_000;

/** Flags of `npm start` that move everything to free ports. */
async function freeSettings(): Promise<{ ports: Ports; flags: string[] }> {
  const all = await freePorts(9);
  type Six = [number, number, number, number, number, number, ...number[]];
  const [requests, admin, state, health, metrics, page, ...simulators] = all as Six;
  const flags = [
    ...["--envoy-port", requests, "--envoy-admin-port", admin, "--state-port", state],
    ...["--health-port", health, "--metrics-port", metrics, "--page-port", page],
    ...["--simulator-ports", simulators.join(",")],
  ];
  return { ports: { requests, admin, metrics, simulators, all }, flags: flags.map(String) };
}

/** Runs `npm start`, with other flags where given, in a process group of its own, as a terminal would. */
export async function npmStart(given: string[] = []): Promise<Run> {
  const { ports, flags } = await freeSettings();
  // What an npm that runs this test says of itself is not for the one that is started here.
  const environment = Object.entries(process.env).filter(([name]) => !/^(npm_|INLINE_EPP_)/i.test(name));
  const npm = spawn("npm", ["start", "--", ...flags, ...given], {
    cwd: ROOT,
    env: Object.fromEntries(environment),
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let output = "";
  for (const stream of [npm.stdout, npm.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const ended = new Promise<number | string>((done) => {
    npm.once("close", (code, signal) => done(code ?? signal!));
  });
  return {
    npm,
    ports,
    output: () => output,
    async printed(text) {
      const seen = (): boolean => output.includes(text) || npm.exitCode !== null;
      await waitUntil(`"${text}" in the output`, seen, PRINTED_TIMEOUT_MS);
      if (!output.includes(text)) throw new Error(`npm start ended without printing "${text}":\n${output}`);
    },
    ended,
  };
}
