// Where the sidecar learns which API server there is, and who it is there.

import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
// The package's entry point would load a class for every kind of the API, 70 MB of them.
import type { KubeConfig } from "@kubernetes/client-node/dist/config.js";
import { parse } from "yaml";

const SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

/** No API server is known, or what names it cannot be used. The message says what to do. */
export class NoCluster extends Error {
  constructor(message: string) {
    super(message);
    this.name = "NoCluster";
  }
}

/** What a user says of the cluster. */
export interface ClusterSettings {
  /** A kubeconfig file; where left out, $KUBECONFIG, the pod's service account or ~/.kube/config. */
  readonly kubeconfig?: string | undefined;
  /** A context of that file other than its current one. */
  readonly context?: string | undefined;
}

/** What is looked at beside the settings. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  /** Where the root folder is. */
  readonly root: string;
}

/** How a configuration is read, again and again, and what it is called in messages. */
interface Origin {
  readonly name: string;
  load(config: KubeConfig): void;
}

function ownSurroundings(): Surroundings {
  return { env: process.env, home: homedir(), root: "" };
}

/** The fields of a kubeconfig file that KubeConfig does not read. */
interface RawFile {
  readonly users?: readonly { readonly name?: string; readonly user?: { readonly tokenFile?: string } | null }[] | null;
}

/** KubeConfig knows token files only of pods; kubeconfig files may name them too. */
function addTokenFiles(config: KubeConfig, file: string): void {
  const { users } = parse(readFileSync(file, "utf8")) as RawFile;
  for (const { name, user } of users ?? []) {
    if (!user?.tokenFile) continue;
    const tokenFile = resolve(dirname(file), user.tokenFile);
    const known = config.users.findIndex((other) => other.name === name);
    const { token: _, ...rest } = config.users[known]!;
    config.users[known] = { ...rest, authProvider: { name: "tokenFile", config: { tokenFile } } };
  }
}

function loadFile(config: KubeConfig, name: string, file: string): void {
  try {
    config.loadFromFile(file);
    addTokenFiles(config, file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") throw new NoCluster(`${name}: there is no file ${file}`);
    throw new NoCluster(`${name}: ${file} cannot be used as a kubeconfig file: ${message}`);
  }
}

function fileOrigin(name: string, files: readonly string[], fresh: () => KubeConfig): Origin {
  return {
    name,
    load(config) {
      const [first, ...others] = files;
      loadFile(config, name, first!);
      for (const file of others) {
        const other = fresh();
        loadFile(other, name, file);
        // The first file that names something wins, as with kubectl.
        const isNew = (known: readonly { name: string }[]) => (entry: { name: string }) =>
          known.every((one) => one.name !== entry.name);
        config.clusters.push(...other.clusters.filter(isNew(config.clusters)));
        config.users.push(...other.users.filter(isNew(config.users)));
        config.contexts.push(...other.contexts.filter(isNew(config.contexts)));
        config.currentContext ||= other.currentContext;
      }
    },
  };
}

/** A flag says most, then the environment, then the pod, then the home folder. */
function originOf(settings: ClusterSettings, { env, home, root }: Surroundings, fresh: () => KubeConfig): Origin {
  if (settings.kubeconfig !== undefined) return fileOrigin("--kubeconfig", [settings.kubeconfig], fresh);
  const files = (env.KUBECONFIG ?? "").split(delimiter).filter((file) => file !== "");
  if (files.length > 0) {
    const there = files.filter((file) => existsSync(file));
    return fileOrigin("$KUBECONFIG", there.length > 0 ? there : files, fresh);
  }
  if (env.KUBERNETES_SERVICE_HOST && existsSync(`${root}${SERVICE_ACCOUNT}/token`)) {
    return { name: "the pod's service account", load: (config) => config.loadFromCluster(root) };
  }
  const own = join(home, ".kube", "config");
  if (existsSync(own)) return fileOrigin("~/.kube/config", [own], fresh);
  throw new NoCluster(
    "no Kubernetes cluster is configured: name a kubeconfig file with --kubeconfig or $KUBECONFIG, have one at " +
      "~/.kube/config, or run in a pod whose service account token is mounted (automountServiceAccountToken)",
  );
}

function choose(config: KubeConfig, context: string | undefined, name: string): void {
  if (context !== undefined) config.setCurrentContext(context);
  const current = config.getCurrentContext();
  const known = config.contexts.map((one) => one.name).join(", ") || "none";
  if (!current) throw new NoCluster(`${name}: no current-context is set; choose one with --context: ${known}`);
  const chosen = config.getContextObject(current);
  if (chosen === null) throw new NoCluster(`${name}: there is no context "${current}"; there is: ${known}`);
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    throw new NoCluster(`${name}: context "${current}" names cluster "${chosen.cluster}", which is not there`);
  }
  if (config.getCurrentUser() === null) {
    if (chosen.user) {
      throw new NoCluster(`${name}: context "${current}" names user "${chosen.user}", which is not there`);
    }
    // Without any user KubeConfig would not read the cluster's certificates either.
    (chosen as { user: string }).user = "anonymous";
    config.users.push({ name: "anonymous" });
  }
  const { protocol, username, password } = URL.parse(cluster.server) ?? {};
  // The server is logged, and nobody would send them.
  if (username || password) {
    throw new NoCluster(`${name}: the server of cluster "${cluster.name}" must not carry a user or a password`);
  }
  if (protocol !== "https:" && protocol !== "http:") {
    throw new NoCluster(`${name}: server "${cluster.server}" of cluster "${cluster.name}" is no http or https URL`);
  }
  // KubeConfig insists on this of servers without TLS, such as kubectl proxy.
  if (protocol === "http:") (cluster as { skipTLSVerify: boolean }).skipTLSVerify = true;
}

/**
 * Finds the configuration of a cluster.
 * @returns a function that reads it anew, with nothing remembered of credentials; it throws as this function does.
 * @throws NoCluster where there is none that can be used.
 */
export async function findKubeConfig(
  settings: ClusterSettings,
  surroundings: Surroundings = ownSurroundings(),
): Promise<() => KubeConfig> {
  // Loaded only by those who have a cluster: it takes 25 ms and 4 MB.
  const { KubeConfig } = await import("@kubernetes/client-node/dist/config.js");
  const fresh = (): KubeConfig => new KubeConfig();
  const origin = originOf(settings, surroundings, fresh);
  const load = (): KubeConfig => {
    const config = fresh();
    origin.load(config);
    choose(config, settings.context, origin.name);
    return config;
  };
  // What is wrong shows now and not at the first request.
  load();
  return load;
}
