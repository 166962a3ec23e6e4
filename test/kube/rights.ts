// Fewer rights than a deployment of the sidecar is given, and waiting for rights to count.

import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster } from "../harness/kube-cluster.ts";

export type Rule = { apiGroups: readonly string[]; resources: readonly string[]; verbs: readonly string[] };

const READ = ["get", "list", "watch"];
export const READ_PODS: Rule = { apiGroups: [""], resources: ["pods"], verbs: READ };
export const READ_POOLS: Rule = {
  apiGroups: ["inference.networking.k8s.io"],
  resources: ["inferencepools"],
  verbs: READ,
};

const PATIENCE_MS = 30_000;
const RBAC = "rbac.authorization.k8s.io";

/** A service account of a namespace. */
export type Account = { namespace: string; name: string };

/** Gives a service account rights in one namespace, in place of those that it had there; returns when they count. */
export async function grant(
  cluster: Cluster,
  account: Account,
  namespace: string,
  rules: readonly Rule[],
): Promise<void> {
  const metadata = { name: `${account.namespace}-${account.name}`, namespace };
  const apiVersion = `${RBAC}/v1`;
  await cluster.admin.apply({ apiVersion, kind: "Role", metadata, rules });
  await cluster.admin.apply({
    apiVersion,
    kind: "RoleBinding",
    metadata,
    subjects: [{ kind: "ServiceAccount", ...account }],
    roleRef: { apiGroup: RBAC, kind: "Role", name: metadata.name },
  });
  await waitUntilAllowed(cluster, account, namespace, rules);
}

/** Waits until an account may do what the rules say: the API server hears of roles by watches of its own. */
export async function waitUntilAllowed(
  cluster: Cluster,
  { namespace: home, name }: Account,
  namespace: string | null,
  rules: readonly Rule[],
): Promise<void> {
  const user = `system:serviceaccount:${home}:${name}`;
  const where = namespace === null ? {} : { namespace };
  for (const { apiGroups, resources, verbs } of rules) {
    for (const group of apiGroups) {
      const resourceAttributes = { ...where, group, resource: resources[0], verb: verbs[0] };
      await waitUntilOne(cluster, { user, resourceAttributes });
    }
  }
}

async function waitUntilOne({ admin }: Cluster, spec: object): Promise<void> {
  const path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
  const review = { apiVersion: "authorization.k8s.io/v1", kind: "SubjectAccessReview", spec };
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const { status } = await admin.send<{ status: { allowed: boolean } }>("POST", path, review);
    if (status.allowed) return;
    if (performance.now() > deadline) throw new Error(`still not allowed: ${JSON.stringify(spec)}`);
    await sleep(10);
  }
}
