// A sidecar as the Helm chart installs it: all objects in the cluster, its flags and its rights from there.

import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { type KubeObject, only, renderChart, type Values } from "../harness/helm.ts";
import type { Cluster, Identity } from "../harness/kube-cluster.ts";
import type { Flags } from "../harness/sidecar-process.ts";
import { type Rule, waitUntilAllowed } from "./rights.ts";

/** What starts a sidecar in place of the Deployment's pods. */
export type Installation = {
  namespace: string;
  serviceAccount: string;
  identity: Identity;
  flags: Flags;
};

/** Flags that say where a pod listens. */
const OF_THE_POD = ["bind", "grpc-port", "grpc-health-port", "metrics-port"];

function flagsOf(args: readonly string[], namespace: string): Record<string, string | true> {
  const flags: Record<string, string | true> = {};
  for (const arg of args) {
    const [, name, value] = /^--([^=]+)(?:=(.*))?$/.exec(arg) ?? [];
    if (name === undefined || OF_THE_POD.includes(name)) continue;
    flags[name] = value?.replaceAll("$(POD_NAMESPACE)", namespace) ?? true;
  }
  return flags;
}

/** The rules that bind a service account, with the namespace of each; null: all. */
function rulesOf(objects: readonly KubeObject[]): { namespace: string | null; rules: readonly Rule[] }[] {
  return objects
    .filter(({ kind }) => kind === "RoleBinding" || kind === "ClusterRoleBinding")
    .map(({ metadata, roleRef }) => {
      const role = objects.find(({ kind, metadata: { name } }) => kind === roleRef.kind && name === roleRef.name);
      return { namespace: metadata.namespace ?? null, rules: role!.rules };
    });
}

/** Installs the chart with kubectl, into a namespace that is there; returns when the rights count. */
export async function installChart(cluster: Cluster, values: Values, namespace: string): Promise<Installation> {
  const objects = await renderChart(values, { namespace });
  await cluster.kubectl(["apply", "-f", "-"], objects.map((object) => stringify(object)).join("---\n"));
  const serviceAccount = only(objects, "ServiceAccount").metadata.name;
  const account = { namespace, name: serviceAccount };
  for (const { namespace: where, rules } of rulesOf(objects)) {
    // Those of who reads metrics are other people's.
    const own = rules.filter((rule) => rule.apiGroups !== undefined);
    await waitUntilAllowed(cluster, account, where, own);
  }
  const [container] = only(objects, "Deployment").spec.template.spec.containers;
  const flags = flagsOf(container.args, namespace);
  if (flags["config-file"] !== undefined) {
    const folder = mkdtempSync(join(cluster.folder, "config-"));
    const [content] = Object.values(only(objects, "ConfigMap").data);
    flags["config-file"] = join(folder, "config.yaml");
    writeFileSync(flags["config-file"], content as string);
  }
  const identity = { token: await cluster.tokenFor(namespace, serviceAccount) };
  return { namespace, serviceAccount, identity, flags };
}
