import { join } from "node:path";
import process from "node:process";
import { stringify } from "yaml";
import { type Child, startChild } from "../../scripts/stack/child.ts";
import { ROOT } from "../../scripts/stack/command.ts";
import { freePorts } from "../../scripts/stack/ports.ts";
import { waitForAnswer } from "../../scripts/stack/ready.ts";
import { replaceFile } from "./files.ts";

/** The content of an endpoint file. */
export type Pools = { name: string; endpoints: { address: string; name?: string; [field: string]: unknown }[] }[];

export type SidecarOptions = {
  /** More flags of `serve`, without the dashes: { "metrics-staleness-threshold": "500ms" }. */
  flags?: Readonly<Record<string, string>>;
  /** The EndpointPickerConfig, as text or as an object (envoy/epp-config.yaml unless told); null: the built-in one. */
  config?: string | object | null;
  /** The pools, in place of one that holds every simulator. */
  pools?: Pools;
};

export type Sidecar = {
  readonly child: Child;
  readonly statePort: number;
  readonly metricsUrl: string;
  /** /metrics. */
  metrics(): Promise<string>;
  /** Replaces the endpoint file or the configuration; the sidecar follows. */
  setPools(pools: Pools): void;
  setConfig(config: string | object): void;
  stop(): Promise<void>;
  /** Ends it without notice. */
  kill(): Promise<void>;
  /** Again, after stop() or kill(), on the same ports. */
  start(): Promise<void>;
};

const READY_TIMEOUT_MS = 15_000;

function asText(content: string | object): string {
  return typeof content === "string" ? content : stringify(content);
}

/** Starts the sidecar with the pools, on free ports. Waits until it is ready. */
export async function startSidecar(options: SidecarOptions, pools: Pools, folder: string): Promise<Sidecar> {
  const [statePort, healthPort, metricsPort] = (await freePorts(3)) as [number, number, number];
  const endpointsFile = join(folder, "endpoints.yaml");
  let configFile = join(ROOT, "envoy", "epp-config.yaml");
  const { config } = options;
  if (config !== undefined && config !== null) {
    configFile = join(folder, "epp-config.yaml");
    replaceFile(configFile, asText(config));
  }
  replaceFile(endpointsFile, stringify({ pools }));
  const flags: Record<string, string> = {
    endpoints: endpointsFile,
    ...(config === null ? {} : { "config-file": configFile }),
    "grpc-port": String(statePort),
    "grpc-health-port": String(healthPort),
    "metrics-port": String(metricsPort),
    "refresh-metrics-interval": "50ms",
    "log-format": "text",
    ...options.flags,
  };
  const metricsUrl = `http://127.0.0.1:${metricsPort}`;
  let child: Child;
  const start = async (): Promise<void> => {
    child = await startChild({
      name: "sidecar",
      command: process.execPath,
      args: ["sidecar/main.ts", "serve", ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value])],
      cwd: ROOT,
      logFile: join(folder, "sidecar.log"),
    });
    try {
      await waitForAnswer(child, `${metricsUrl}/readyz`, READY_TIMEOUT_MS);
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
    metrics: async () => (await fetch(`${metricsUrl}/metrics`)).text(),
    setPools: (changed) => replaceFile(endpointsFile, stringify({ pools: changed })),
    setConfig(changed) {
      if (config === undefined || config === null) {
        throw new Error("setConfig needs a sidecar that was started with a config");
      }
      replaceFile(configFile, asText(changed));
    },
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
