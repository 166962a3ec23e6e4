import { join } from "node:path";
import { findEnvoy } from "../../scripts/envoy-binary.ts";
import { type Child, startChild } from "../../scripts/stack/child.ts";
import { ROOT } from "../../scripts/stack/command.ts";
import { freePorts } from "../../scripts/stack/ports.ts";
import { waitForAnswer, waitUntil } from "../../scripts/stack/ready.ts";
import {
  type EnvoyConfig,
  holdSelf,
  type Listener,
  listenerOf,
  type PluginSettings,
  readEnvoyConfig,
  readListenersFrom,
  setEndpoints,
  setPlugin,
  setPorts,
  wasmConfig,
} from "./envoy-config.ts";
import { replaceFile } from "./files.ts";

export type EnvoyOptions = {
  /** Worker threads (1 unless told). */
  concurrency?: number;
  /** Who holds requests ("buffer" unless told, as in envoy.yaml). */
  hold?: "buffer" | "self";
  failureMode?: "FailOpen" | "FailClose";
  /** Other settings of the filter; null leaves one out. */
  plugin?: PluginSettings;
  /** Path of the module, in place of build/filter.wasm. */
  filter?: string;
  /** Reads the listener from a file, so that `updateListener` works. */
  dynamicListener?: boolean;
  /** How many of the sidecar's pools it wants: all unless told; 0 where it has no filter. */
  poolsWanted?: number;
  /** Envoy's node id ("gateway-1" unless told). */
  nodeId?: string;
  /** More arguments for Envoy. */
  args?: readonly string[];
  /** Has the last word on the configuration. */
  edit?: (config: EnvoyConfig, around: Surroundings) => void;
};

/** What Envoy is connected to. */
export type Surroundings = {
  /** Folder for its configuration and log. */
  folder: string;
  /** Its name there. */
  name: string;
  /** "127.0.0.1:8001" for each model server. */
  modelServers: readonly string[];
  /** The sidecar's port for state. */
  statePort: number;
};

export type Envoy = {
  readonly child: Child;
  /** Where it takes requests, and its admin interface: no slash at the end. */
  readonly url: string;
  readonly adminUrl: string;
  /** Every counter and gauge whose name matches, as /stats shows them. */
  stats(match?: RegExp): Promise<Map<string, number>>;
  /** One counter or gauge; 0 while Envoy does not have it. */
  stat(name: string): Promise<number>;
  /** /stats/prometheus. */
  prometheus(): Promise<string>;
  /** The access log's lines that are written by now. One appears at most 50 ms after its request. */
  accessLog(): string[];
  /** Changes the listener of an Envoy with `dynamicListener`; tells whether Envoy took it. */
  updateListener(edit: (listener: Listener) => void): Promise<boolean>;
  stop(): Promise<void>;
};

const READY_TIMEOUT_MS = 60_000;
const UPDATE_TIMEOUT_MS = 30_000;
const LISTENER_FILE = "listener.json";

function derive(options: EnvoyOptions, around: Surroundings, requests: number, admin: number): EnvoyConfig {
  const config = readEnvoyConfig();
  const listener = listenerOf(config);
  setPorts(config, requests, admin);
  setEndpoints(config, "model-servers", around.modelServers);
  setEndpoints(config, "inline-epp-state", [`127.0.0.1:${around.statePort}`]);
  wasmConfig(listener).vm_config.code.local.filename = options.filter ?? join(ROOT, "build", "filter.wasm");
  if (options.hold === "self") holdSelf(listener);
  if (options.failureMode !== undefined) setPlugin(listener, { failureMode: options.failureMode });
  if (options.plugin !== undefined) setPlugin(listener, options.plugin);
  if (options.nodeId !== undefined) config.node.id = options.nodeId;
  options.edit?.(config, around);
  return config;
}

/** Starts an Envoy with a configuration derived from envoy/envoy.yaml, on free ports. Waits until it is live. */
export async function startEnvoy(options: EnvoyOptions, around: Surroundings): Promise<Envoy> {
  const { folder, name } = around;
  const [requests, admin] = (await freePorts(2)) as [number, number];
  const config = derive(options, around, requests, admin);
  const listenerFile = `${name}-${LISTENER_FILE}`;
  const listener = options.dynamicListener ? readListenersFrom(config, folder, listenerFile) : null;
  const writeListener = (): void => {
    const resource = { "@type": "type.googleapis.com/envoy.config.listener.v3.Listener", ...listener };
    replaceFile(join(folder, listenerFile), JSON.stringify({ resources: [resource] }, null, 2));
  };
  if (listener !== null) writeListener();
  const configFile = join(folder, `${name}.json`);
  replaceFile(configFile, JSON.stringify(config, null, 2));

  const lines: string[] = [];
  const child = await startChild({
    name,
    command: (await findEnvoy()).path,
    args: [
      ...["-c", configFile, "--disable-hot-restart", "--concurrency", String(options.concurrency ?? 1)],
      ...["--log-level", "warning", "--component-log-level", "wasm:info", "--file-flush-interval-msec", "50"],
      ...(options.args ?? []),
    ],
    cwd: ROOT,
    logFile: join(folder, `${name}.log`),
    onLine: (line) => lines.push(line),
  });
  const url = `http://127.0.0.1:${requests}`;
  const adminUrl = `http://127.0.0.1:${admin}`;

  const stats = async (match = /./): Promise<Map<string, number>> => {
    const answer = await fetch(`${adminUrl}/stats?format=json`);
    const all = ((await answer.json()) as { stats: { name?: string; value?: number }[] }).stats;
    // Histograms have a shape of their own, and no single value.
    return new Map(all.flatMap(({ name, value }) => (name && match.test(name) ? [[name, value ?? 0] as const] : [])));
  };
  const envoy: Envoy = {
    child,
    url,
    adminUrl,
    stats,
    stat: async (wanted) => (await stats()).get(wanted) ?? 0,
    prometheus: async () => (await fetch(`${adminUrl}/stats/prometheus`)).text(),
    accessLog: () => [...lines],
    async updateListener(edit) {
      if (listener === null) throw new Error("updateListener needs an Envoy with dynamicListener: true");
      const outcomes = async (): Promise<[number, number]> => {
        const now = await stats(/^listener_manager\.lds\.update_/);
        const count = (what: string): number => now.get(`listener_manager.lds.update_${what}`) ?? 0;
        // A failure is a listener that does not even have the right shape.
        return [count("success"), count("rejected") + count("failure")];
      };
      const [accepted, rejected] = await outcomes();
      edit(listener);
      writeListener();
      let after = [accepted, rejected];
      const changed = async (): Promise<boolean> => {
        after = await outcomes();
        return after[0] !== accepted || after[1] !== rejected;
      };
      await waitUntil("listener update", changed, UPDATE_TIMEOUT_MS);
      return after[1] === rejected;
    },
    async stop() {
      await child.stop();
    },
  };
  try {
    await waitForAnswer(child, `${adminUrl}/ready`, READY_TIMEOUT_MS);
  } catch (error) {
    await child.stop();
    throw error;
  }
  return envoy;
}
