import { join } from "node:path";
import process from "node:process";
import { type Child, startChild } from "../../scripts/stack/child.ts";
import { ROOT } from "../../scripts/stack/command.ts";
import { freePorts } from "../../scripts/stack/ports.ts";
import { probe, waitForAnswer } from "../../scripts/stack/ready.ts";

/** Flags of `serve`, without the dashes: { "metrics-staleness-threshold": "500ms", "all-namespaces": true }. */
export type Flags = Readonly<Record<string, string | true>>;

export type ProcessOptions = {
  flags: Flags;
  /** What Node runs ("sidecar/main.ts" unless told; the bundle is "build/inline-epp.mjs"). */
  program?: string;
  /** What Node itself is told. */
  nodeArgs?: readonly string[];
  /** For its log. */
  folder: string;
  /** Added to its environment. */
  env?: Readonly<Record<string, string>>;
  /** Whether to wait until it is ready, as it is unless told; else only until it answers. */
  waitUntilReady?: boolean;
};

/** A sidecar's process. */
export type SidecarProcess = {
  readonly child: Child;
  readonly statePort: number;
  readonly metricsUrl: string;
  /** Whether /readyz says so. */
  isReady(): Promise<boolean>;
  /** /metrics. */
  metrics(): Promise<string>;
  stop(): Promise<void>;
  /** Ends it without notice. */
  kill(): Promise<void>;
  /** Again, after stop() or kill(), on the same ports. */
  start(): Promise<void>;
};

const READY_TIMEOUT_MS = 60_000;

/** Starts `serve` on free ports, with readable logs and frequent scrapes unless the flags say otherwise. */
export async function startSidecarProcess(options: ProcessOptions): Promise<SidecarProcess> {
  const { folder, program = "sidecar/main.ts", nodeArgs = [], env = {}, waitUntilReady = true } = options;
  const [statePort, healthPort, metricsPort] = (await freePorts(3)) as [number, number, number];
  const flags: Flags = {
    "grpc-port": String(statePort),
    "grpc-health-port": String(healthPort),
    "metrics-port": String(metricsPort),
    "refresh-metrics-interval": "50ms",
    "log-format": "text",
    ...options.flags,
  };
  const args = Object.entries(flags).flatMap(([name, value]) =>
    value === true ? [`--${name}`] : [`--${name}`, value],
  );
  const metricsUrl = `http://127.0.0.1:${metricsPort}`;
  let child: Child;
  const start = async (): Promise<void> => {
    child = await startChild({
      name: "sidecar",
      command: process.execPath,
      args: [...nodeArgs, program, "serve", ...args],
      cwd: ROOT,
      env,
      logFile: join(folder, "sidecar.log"),
    });
    try {
      await waitForAnswer(child, `${metricsUrl}/${waitUntilReady ? "readyz" : "healthz"}`, READY_TIMEOUT_MS);
    } catch (error) {
      await child.stop();
      throw error;
    }
  };
  await start();
  return {
    get child() {
      return child;
    },
    statePort,
    metricsUrl,
    isReady: async () => (await probe(`${metricsUrl}/readyz`)) === 200,
    metrics: async () => (await fetch(`${metricsUrl}/metrics`)).text(),
    start,
    async stop() {
      await child.stop();
    },
    async kill() {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}
