// A Kubernetes API server for tests: the real one on a real etcd, with RBAC, and nothing else. No controllers, no
// scheduler and no kubelets run, so that what a cluster would do with pods is done by the tests, when they want it.

import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { stringify } from "yaml";
import { type Child, startChild, tailOf } from "../../scripts/stack/child.ts";
import { ROOT } from "../../scripts/stack/command.ts";
import { freePorts } from "../../scripts/stack/ports.ts";
import { failure, waitUntil } from "../../scripts/stack/ready.ts";
import { collectionPath, KubeClient } from "./kube-client.ts";
import { ADMIN_TOKEN, apiServerArgs, clusterBinary, startEtcd } from "./kube-processes.ts";

/** How a client of the API server says who it is: a token, or a file that holds one and may change. */
export type Identity = { token: string } | { tokenFile: string };

export type Cluster = {
  /** "https://127.0.0.1:6443" */
  readonly url: string;
  /** The certificate that the API server's is trusted by. */
  readonly caFile: string;
  /** For files of the tests' own; deleted at the end. */
  readonly folder: string;
  /** May do everything. */
  readonly admin: KubeClient;
  /** Another client, of somebody with fewer rights. */
  clientOf(token: string): KubeClient;
  /** Runs kubectl as admin, with `input` on its standard input; its output. Throws with its messages. */
  kubectl(args: readonly string[], input?: string): Promise<string>;
  /** Installs the tests' own definitions of kinds: files of test/kube/crds, without their folder. */
  addKinds(...files: readonly string[]): Promise<void>;
  /** Creates a namespace of this name and returns the name. */
  addNamespace(name: string): Promise<string>;
  /** A new token of a service account, which is created where it is not there. */
  tokenFor(namespace: string, serviceAccount: string): Promise<string>;
  /** Writes a kubeconfig; its path. */
  kubeconfig(identity: Identity, namespace?: string): string;
  /** Forgets the past: who watches from before it must list anew, once the API server has been started again. */
  compact(): Promise<void>;
  /** Ends the API server in order, or without notice; open watches end. */
  stopServer(): Promise<void>;
  killServer(): Promise<void>;
  /** Again, after one of these, on the same port and data. Waits until it is ready. */
  startServer(): Promise<void>;
  /** Makes the API server fall silent with its connections open, and speak again. */
  pauseServer(): void;
  resumeServer(): void;
  /** The ends of all logs. */
  logs(): string;
  stop(): Promise<void>;
};

const KINDS = join("test", "kube", "crds");
const READY_TIMEOUT_MS = 60_000;
const TOKEN_SECONDS = 3600;
const LOG_LINES = 25;
const KUBECTL_OUTPUT_BYTES = 64 * 2 ** 20;

/** Starts etcd and an API server on free ports. Call stop() at the end; what still runs when this process dies is ended. */
export async function startCluster(): Promise<Cluster> {
  const binary = clusterBinary();
  const folder = mkdtempSync(join(tmpdir(), "inline-epp-kube-"));
  const children: Child[] = [];
  const clients: KubeClient[] = [];
  const logs = (): string =>
    children.map(({ name, logFile }) => `--- ${name} ---\n${tailOf(logFile, LOG_LINES)}`).join("\n");
  const stop = async (): Promise<void> => {
    await Promise.all(clients.map((client) => client.close()));
    // A process that is stopped can only be killed; the API server goes first, it would complain about etcd.
    for (const child of children.toReversed()) {
      child.kill("SIGCONT");
      await child.stop();
    }
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const etcd = await startEtcd(folder);
    children.push(etcd.child);
    const [port] = (await freePorts(1)) as [number];
    const url = `https://127.0.0.1:${port}`;
    const caFile = join(folder, "certificates", "apiserver.crt");
    const args = apiServerArgs(folder, etcd.url, port);

    let server: Child;
    let admin: KubeClient | undefined;
    const clientOf = (token: string): KubeClient => {
      const client = new KubeClient(url, readFileSync(caFile, "utf8"), token);
      clients.push(client);
      return client;
    };
    const isReady = async (): Promise<boolean> => {
      if (server.hasExited()) throw failure(server, "the API server ended");
      if (!existsSync(caFile)) return false;
      admin ??= clientOf(ADMIN_TOKEN);
      return (await admin.text("/readyz").catch(() => null))?.status === 200;
    };
    const startServer = async (): Promise<void> => {
      const logFile = join(folder, `kube-apiserver-${children.length}.log`);
      server = await startChild({ name: "kube-apiserver", command: binary, args, cwd: ROOT, logFile });
      children.push(server);
      await waitUntil("API server", isReady, READY_TIMEOUT_MS);
    };
    await startServer();

    let files = 0;
    const kubeconfig = (identity: Identity, namespace = "default"): string => {
      const path = join(folder, `kubeconfig-${++files}.yaml`);
      const content = {
        apiVersion: "v1",
        kind: "Config",
        clusters: [{ name: "test", cluster: { server: url, "certificate-authority": caFile } }],
        users: [{ name: "test", user: identity }],
        contexts: [{ name: "test", context: { cluster: "test", user: "test", namespace } }],
        "current-context": "test",
      };
      writeFileSync(path, stringify(content));
      return path;
    };
    const adminConfig = kubeconfig({ token: ADMIN_TOKEN });

    const askEtcd = async (path: string, body: object): Promise<{ header: { revision: string } }> => {
      const answer = await fetch(`${etcd.url}${path}`, { method: "POST", body: JSON.stringify(body) });
      if (!answer.ok) throw new Error(`etcd ${path}: ${answer.status} ${await answer.text()}`);
      return (await answer.json()) as { header: { revision: string } };
    };
    const kubectl = (words: readonly string[], input = ""): Promise<string> =>
      runKubectl(binary, words, { KUBECONFIG: adminConfig, HOME: folder }, input);
    return {
      url,
      caFile,
      folder,
      admin: admin!,
      clientOf,
      kubectl,
      async addKinds(...names) {
        const paths = names.flatMap((name) => ["-f", join(KINDS, name)]);
        await kubectl(["apply", ...paths]);
        await kubectl(["wait", "--for=condition=Established", "--timeout=30s", ...paths]);
      },
      async addNamespace(name) {
        await admin!.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
        return name;
      },
      async tokenFor(namespace, name) {
        await admin!.apply({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace } });
        const path = `${collectionPath("v1", "ServiceAccount", namespace)}/${name}/token`;
        const body = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest" };
        const answer = await admin!.send<{ status: { token: string } }>("POST", path, {
          ...body,
          spec: { expirationSeconds: TOKEN_SECONDS },
        });
        return answer.status.token;
      },
      kubeconfig,
      async compact() {
        const { header } = await askEtcd("/v3/kv/range", { key: "AA==" });
        await askEtcd("/v3/kv/compaction", { revision: header.revision, physical: true });
      },
      async stopServer() {
        await server.stop();
      },
      async killServer() {
        server.kill("SIGKILL");
        await server.exited;
      },
      startServer,
      pauseServer: () => server.kill("SIGSTOP"),
      resumeServer: () => server.kill("SIGCONT"),
      logs,
      stop,
    };
  } catch (error) {
    console.error(logs());
    await stop();
    throw error;
  }
}

function runKubectl(
  binary: string,
  args: readonly string[],
  env: Record<string, string>,
  input: string,
): Promise<string> {
  return new Promise((done, fail) => {
    const options = { env: { ...process.env, ...env }, cwd: ROOT, maxBuffer: KUBECTL_OUTPUT_BYTES };
    const child = execFile(binary, ["kubectl", ...args], options, (error, output, messages) => {
      if (error === null) done(output);
      else fail(new Error(`kubectl ${args.join(" ")}: ${messages}${output}`));
    });
    // A kubectl that reads nothing closes its input.
    child.stdin!.on("error", () => {});
    child.stdin!.end(input);
  });
}
