import { join } from "node:path";
import { stringify } from "yaml";
import { ROOT } from "../../scripts/stack/command.ts";
import { replaceFile } from "./files.ts";
import { type Flags, type SidecarProcess, startSidecarProcess } from "./sidecar-process.ts";

/** The content of an endpoint file. */
export type Pools = {
  name: string;
  endpoints: { address: string; name?: string; [field: string]: unknown }[];
  objectives?: readonly { name: string; priority?: number }[];
  [field: string]: unknown;
}[];

export type SidecarOptions = {
  /** More flags of `serve`. */
  flags?: Flags;
  /** The EndpointPickerConfig, as text or as an object (envoy/epp-config.yaml unless told); null: the built-in one. */
  config?: string | object | null;
  /** The pools, in place of one that holds every simulator. */
  pools?: Pools;
  /** Added to its environment. */
  env?: Readonly<Record<string, string>>;
  /** What Node runs, where it is not the sources. */
  program?: string;
};

/** A sidecar that reads its endpoints from a file. */
export type Sidecar = SidecarProcess & {
  /** Replaces the endpoint file or the configuration; the sidecar follows. */
  setPools(pools: Pools): void;
  setConfig(config: string | object): void;
};

function asText(content: string | object): string {
  return typeof content === "string" ? content : stringify(content);
}

/** Starts the sidecar with the pools, on free ports. Waits until it is ready. */
export async function startSidecar(options: SidecarOptions, pools: Pools, folder: string): Promise<Sidecar> {
  const endpointsFile = join(folder, "endpoints.yaml");
  let configFile = join(ROOT, "envoy", "epp-config.yaml");
  const { config } = options;
  if (config !== undefined && config !== null) {
    configFile = join(folder, "epp-config.yaml");
    replaceFile(configFile, asText(config));
  }
  replaceFile(endpointsFile, stringify({ pools }));
  const flags = {
    endpoints: endpointsFile,
    ...(config === null ? {} : { "config-file": configFile }),
    ...options.flags,
  };
  return Object.assign(
    await startSidecarProcess({
      flags,
      folder,
      ...(options.env && { env: options.env }),
      ...(options.program && { program: options.program }),
    }),
    {
      setPools: (changed: Pools) => replaceFile(endpointsFile, stringify({ pools: changed })),
      setConfig(changed: string | object) {
        if (config === undefined || config === null) {
          throw new Error("setConfig needs a sidecar that was started with a config");
        }
        replaceFile(configFile, asText(changed));
      },
    },
  );
}
