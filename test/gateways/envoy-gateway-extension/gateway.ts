// Envoy Gateway with the manifests of envoy/envoy-gateway-extension/, in standalone mode, before simulators and sidecar.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import { ROOT } from "../../../scripts/stack/command.ts";
import { freePorts } from "../../../scripts/stack/ports.ts";
import type { Flags } from "../../harness/sidecar-process.ts";
import type { Backends } from "../backends.ts";
import { GATEWAY_CLASS, type Manifest } from "../envoy-gateway/manifests.ts";
import { type Place, runStandalone, type Standalone } from "../envoy-gateway/standalone.ts";

const FOLDER = join(ROOT, "envoy", "envoy-gateway-extension");

const read = (file: string): string => readFileSync(join(FOLDER, file), "utf8");

/** The objects of a file of the folder. */
export function readManifests(file: string): Manifest[] {
  return parseAllDocuments(read(file)).map((document) => document.toJS() as Manifest);
}

/** The EnvoyGateway's extensionManager, as its chart's values have it. */
export function extensionManager(): Record<string, unknown> {
  return parse(read("envoy-gateway-values.yaml")).config.envoyGateway.extensionManager;
}

/** Flags of a sidecar that serves the extension, and its ports. */
export async function extensionFlags(more: Flags = {}): Promise<{ flags: Flags; port: number }> {
  const [port, state] = (await freePorts(2)) as [number, number];
  const flags = {
    "grpc-port": String(state),
    "envoy-gateway-extension": true,
    "envoy-gateway-extension-port": String(port),
    "gateway-address": `127.0.0.1:${state}`,
    ...more,
  } as const;
  return { flags, port };
}

/** Objects that standalone mode needs beside those of a cluster: the class, and where Envoy is. */
function surroundings({ envoyVersion }: Place): Manifest[] {
  const proxy: Manifest = {
    apiVersion: "gateway.envoyproxy.io/v1alpha1",
    kind: "EnvoyProxy",
    metadata: { name: "host", namespace: "models" },
    spec: {
      provider: { type: "Host", host: { envoyVersion } },
      // A line per request would hide all else in the log.
      telemetry: { accessLog: { disable: true } },
    },
  };
  return [GATEWAY_CLASS, proxy];
}

/** What a test may change. */
export type Options = {
  /** Changes the manifests, as one who applies them may. */
  readonly edit?: (manifests: Manifest[]) => void;
  /** Other settings of the extensionManager. */
  readonly manager?: object;
};

/** One that runs. */
export type Extended = Omit<Standalone, "write"> & {
  /** Changes the manifests; Envoy Gateway follows. */
  update(edit: (manifests: Manifest[]) => void): void;
};

/** Starts Envoy Gateway, with its extension at a port of this machine. */
export async function startExtended(
  { folder }: Pick<Backends, "folder">,
  port: number,
  { edit, manager = {} }: Options = {},
): Promise<Extended> {
  const manifests = ["gateway.yaml", "route.yaml"].flatMap(readManifests);
  edit?.(manifests);
  const { write, ...running } = await runStandalone(folder, {
    objects(place) {
      const own = structuredClone(manifests);
      for (const { kind, spec } of own) {
        if (kind !== "Gateway") continue;
        for (const listener of spec.listeners) if (listener.port === 80) listener.port = place.port;
        spec.infrastructure = { parametersRef: { group: "gateway.envoyproxy.io", kind: "EnvoyProxy", name: "host" } };
      }
      return [...surroundings(place), ...own];
    },
    configuration: {
      extensionManager: { ...extensionManager(), service: { ip: { address: "127.0.0.1", port } }, ...manager },
    },
  });
  return {
    ...running,
    update(change) {
      change(manifests);
      write();
    },
  };
}
