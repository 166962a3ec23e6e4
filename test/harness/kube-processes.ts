// The processes of a cluster: etcd and an API server, with RBAC and without controllers or kubelets.

import { generateKeyPairSync } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Child, startChild } from "../../scripts/stack/child.ts";
import { ROOT } from "../../scripts/stack/command.ts";
import { freePorts } from "../../scripts/stack/ports.ts";
import { clusterBinaryPath } from "../../scripts/testing/cluster-binary.ts";
import { ETCD, findProgram } from "../../scripts/testing/system-programs.ts";
import { Trouble } from "../../scripts/trouble.ts";

/** Who tests are, unless they ask for less. */
export const ADMIN_TOKEN = "token-of-the-tests";
/** Enough for the admin to be refused nothing. */
const ADMIN_LINE = `${ADMIN_TOKEN},admin,admin,system:masters\n`;

/** The binary of API server and kubectl. Throws Trouble where it has not been built. */
export function clusterBinary(): string {
  const path = clusterBinaryPath();
  if (existsSync(path)) return path;
  throw new Trouble("The API server of these tests has not been built; npm run test:kube does that first.");
}

/** Starts etcd with its data in a folder; `url` is where clients reach it. */
export async function startEtcd(folder: string): Promise<{ child: Child; url: string }> {
  const command = findProgram(ETCD.name);
  if (command === null) throw new Trouble(`${ETCD.name} is not on PATH; npm run test:kube installs or names it.`);
  const [clients, peers] = (await freePorts(2)) as [number, number];
  const url = `http://127.0.0.1:${clients}`;
  const peerUrl = `http://127.0.0.1:${peers}`;
  const args = [
    ...["--name", "etcd", "--data-dir", join(folder, "etcd"), "--log-level", "warn", "--logger", "zap"],
    ...["--listen-client-urls", url, "--advertise-client-urls", url],
    ...["--listen-peer-urls", peerUrl, "--initial-advertise-peer-urls", peerUrl],
    ...["--initial-cluster", `etcd=${peerUrl}`],
    // The data does not outlive the tests, and so need not reach a disk.
    "--unsafe-no-fsync",
  ];
  return {
    child: await startChild({ name: "etcd", command, args, cwd: ROOT, logFile: join(folder, "etcd.log") }),
    url,
  };
}

/** The API server's arguments. Writes the keys and tokens that they name; its certificate is its own work. */
export function apiServerArgs(folder: string, etcdUrl: string, port: number): string[] {
  const file = (name: string, content: string): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const key = file("service-accounts.key", privateKey.export({ type: "sec1", format: "pem" }) as string);
  return [
    ...["kube-apiserver", "--etcd-servers", etcdUrl, "--cert-dir", join(folder, "certificates")],
    ...["--bind-address", "127.0.0.1", "--secure-port", String(port), "--service-cluster-ip-range", "10.0.0.0/16"],
    ...["--authorization-mode", "RBAC", "--token-auth-file", file("tokens.csv", ADMIN_LINE)],
    ...["--service-account-issuer", "https://kubernetes.default.svc"],
    ...["--service-account-key-file", key, "--service-account-signing-key-file", key],
    // It wants a default service account for each pod, which a controller would make.
    ...["--disable-admission-plugins", "ServiceAccount"],
    // Else it looks for a rival's lease, and says so all the time.
    ...["--endpoint-reconciler-type", "none"],
  ];
}
