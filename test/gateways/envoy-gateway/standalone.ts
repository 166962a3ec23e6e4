import { globSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import { findEnvoy } from "../../../scripts/envoy-binary.ts";
import { startChild, tailOf } from "../../../scripts/stack/child.ts";
import { runCommand } from "../../../scripts/stack/command.ts";
import { freePorts, whyBusy } from "../../../scripts/stack/ports.ts";
import { waitUntil } from "../../../scripts/stack/ready.ts";
import { findEnvoyGateway } from "../../../scripts/tools/gateway-tools.ts";
import { replaceFile } from "../../harness/files.ts";
import type { Sidecar } from "../../harness/sidecar.ts";
import type { Backends, Gateway } from "../backends.ts";
import { allManifests, type Manifest, type Service, standalone } from "./manifests.ts";

/** An Envoy Gateway in standalone mode, and the Envoy that it has started. */
export type EnvoyGateway = Gateway & {
  /** Envoy's admin interface. */
  readonly adminUrl: string;
  /** Changes the manifests; Envoy Gateway follows the file. */
  update(edit: (manifests: Manifest[]) => void): void;
};

export type Options = {
  /** Changes the manifests, as one who applies them may. */
  readonly edit?: (manifests: Manifest[]) => void;
  /** More Services, by their names. */
  readonly services?: Readonly<Record<string, Service>>;
};

/** Its ports and its Envoy's, which nothing can change: xDS, modules, admin, metrics, readiness, probes. */
const PORTS = [18000, 18001, 18002, 19000, 19001, 19003, 8081];
/** Another Envoy Gateway's tests may run here now. */
const PORTS_TIMEOUT_MS = 180_000;
const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 10_000;
const LOG_LINES = 60;

/** Where the policy says where the module lies. */
export function codeOf(manifests: readonly Manifest[]): { url: string; sha256: string } {
  const { http, image } = manifests.find(({ kind }) => kind === "EnvoyExtensionPolicy")!.spec.wasm[0].code;
  return http ?? image;
}

/** The module that a sidecar serves. */
async function moduleOf({ metricsUrl }: Sidecar): Promise<{ url: string; sha256: string }> {
  const url = `${metricsUrl}/filter.wasm`;
  const [sha256] = (await (await fetch(`${url}.sha256`)).text()).split(" ");
  return { url, sha256: sha256! };
}

/** Its own configuration: resources from a file, Envoy on this host, everything that it writes under `folder`. */
function configuration(folder: string, resources: string, more: object): object {
  const homes = { configHome: "config", dataHome: "data", stateHome: "state", runtimeDir: "run" };
  const host = Object.fromEntries(Object.entries(homes).map(([key, name]) => [key, join(folder, name)]));
  return {
    apiVersion: "gateway.envoyproxy.io/v1alpha1",
    kind: "EnvoyGateway",
    gateway: { controllerName: "gateway.envoyproxy.io/gatewayclass-controller" },
    provider: {
      type: "Custom",
      custom: {
        resource: { type: "File", file: { paths: [resources] } },
        infrastructure: { type: "Host", host },
      },
    },
    // Backends stand for Services; the patch is the one of the code's source.
    extensionApis: { enableBackend: true, enableEnvoyPatchPolicy: true },
    ...more,
  };
}

/** Where an Envoy Gateway in standalone mode finds itself. */
export type Place = {
  /** For the Gateway's listener. */
  readonly port: number;
  /** The folder of Envoy's certificate, and of that by which it knows Envoy Gateway. */
  readonly certificates: string;
  /** Of the Envoy that is there. */
  readonly envoyVersion: string;
};

/** What an Envoy Gateway in standalone mode is to do. */
export type Work = {
  /** The objects, as standalone mode takes them; asked for again with every update. */
  objects(place: Place): readonly Manifest[];
  /** More of its own configuration. */
  readonly configuration?: object;
};

/** One that runs, and what makes it read its objects again. */
export type Standalone = Gateway & { readonly adminUrl: string; write(): void };

/** Starts Envoy Gateway in standalone mode, with all that it writes in a folder, and waits for its Envoy. */
export async function runStandalone(folder: string, work: Work): Promise<Standalone> {
  const [binary, envoy] = [await findEnvoyGateway(), await findEnvoy()];
  const isFree = async () => (await Promise.all(PORTS.map(whyBusy))).every((reason) => reason === null);
  await waitUntil(`ports ${PORTS.join(", ")} for Envoy Gateway`, isFree, PORTS_TIMEOUT_MS);
  const [port] = (await freePorts(1)) as [number];

  // Where it looks for the version that the EnvoyProxy asks for, before it would fetch one.
  const wanted = join(folder, "data", "envoy-versions", envoy.version, "bin", "envoy");
  mkdirSync(dirname(wanted), { recursive: true });
  symlinkSync(envoy.path, wanted);
  // What it keeps of modules goes below the home directory.
  const env = { HOME: folder };
  const certgen = ["certgen", "--local", "--config-home", join(folder, "config")];
  await runCommand("envoy-gateway certgen", binary, certgen, `There is no ${binary}.`, env);
  const resources = join(folder, "resources");
  mkdirSync(resources);
  const place: Place = { port, certificates: join(folder, "config", "certs", "envoy"), envoyVersion: envoy.version };
  const write = (): void => {
    const objects = work.objects(place).map((manifest) => stringify(manifest));
    // From outside: every file of the folder is read, with every change of it.
    const fresh = join(folder, "manifests.yaml");
    writeFileSync(fresh, objects.join("---\n"));
    renameSync(fresh, join(resources, "manifests.yaml"));
  };
  write();
  const configFile = join(folder, "envoy-gateway.yaml");
  replaceFile(configFile, stringify(configuration(folder, resources, work.configuration ?? {})));
  const child = await startChild({
    name: "envoy-gateway",
    command: binary,
    args: ["server", "-c", configFile],
    cwd: folder,
    env,
    logFile: join(folder, "envoy-gateway.log"),
  });
  const logs = (): string => tailOf(child.logFile, LOG_LINES);
  const stop = async (): Promise<void> => {
    await child.stop(STOP_TIMEOUT_MS);
  };
  const adminFile = (): string | undefined => globSync(join(folder, "run", "*", "admin-address.txt"))[0];
  const isThere = (): boolean => {
    if (child.hasExited()) throw new Error(`Envoy Gateway has ended:\n${logs()}`);
    return adminFile() !== undefined;
  };
  try {
    await waitUntil("Envoy Gateway's Envoy", isThere, READY_TIMEOUT_MS);
  } catch (error) {
    console.error(logs());
    await stop();
    throw error;
  }
  return {
    url: `http://127.0.0.1:${port}`,
    adminUrl: `http://${readFileSync(adminFile()!, "utf8").trim()}`,
    logs,
    stop,
    write,
  };
}

/** Starts Envoy Gateway with the manifests of envoy/envoy-gateway/ before simulators and sidecar. */
export async function startEnvoyGateway(
  { simulators, sidecar, folder }: Backends,
  { edit, services }: Options = {},
): Promise<EnvoyGateway> {
  const manifests = allManifests();
  Object.assign(codeOf(manifests), await moduleOf(sidecar));
  edit?.(manifests);
  const named = {
    llama: { addresses: simulators.map(({ address }) => address) },
    "inline-epp": { addresses: [`127.0.0.1:${sidecar.statePort}`], h2c: true },
    ...services,
  };
  const { write, ...running } = await runStandalone(folder, {
    objects: (place) => standalone(manifests, { ...place, services: named }),
  });
  return {
    ...running,
    update(change) {
      change(manifests);
      write();
    },
  };
}
