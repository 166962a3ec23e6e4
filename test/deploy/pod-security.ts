// The Pod Security Standard "restricted", as Kubernetes' documentation lists its controls, for a pod's spec.

import type { KubeObject } from "../harness/helm.ts";

type Spec = KubeObject["spec"];

const VOLUMES = new Set([
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "persistentVolumeClaim",
  "projected",
  "secret",
]);
const SECCOMP = new Set(["RuntimeDefault", "Localhost"]);

function containerViolations(container: Spec, pod: Spec): string[] {
  const own = container.securityContext ?? {};
  const shared = pod.securityContext ?? {};
  const found: string[] = [];
  const need = (ok: boolean, what: string): void => {
    if (!ok) found.push(`${container.name}: ${what}`);
  };
  need(own.privileged !== true, "privileged");
  need(own.allowPrivilegeEscalation === false, "allowPrivilegeEscalation");
  need((own.runAsNonRoot ?? shared.runAsNonRoot) === true, "runAsNonRoot");
  need((own.runAsUser ?? shared.runAsUser) !== 0, "runAsUser");
  need(SECCOMP.has((own.seccompProfile ?? shared.seccompProfile)?.type), "seccompProfile");
  need(own.capabilities?.drop?.includes("ALL") === true, "capabilities.drop");
  const added: string[] = own.capabilities?.add ?? [];
  need(
    added.every((name) => name === "NET_BIND_SERVICE"),
    "capabilities.add",
  );
  need((own.procMount ?? "Default") === "Default", "procMount");
  const ports: Spec[] = container.ports ?? [];
  need(
    ports.every(({ hostPort }) => hostPort === undefined),
    "hostPort",
  );
  return found;
}

/** What of a pod's spec the standard refuses, one line for each; none where the pod is admitted. */
export function restrictedViolations(pod: Spec): string[] {
  const found: string[] = [];
  for (const field of ["hostNetwork", "hostPID", "hostIPC"]) if (pod[field] === true) found.push(field);
  for (const { name, ...source } of pod.volumes ?? []) {
    for (const type of Object.keys(source)) if (!VOLUMES.has(type)) found.push(`volume ${name}: ${type}`);
  }
  const containers = [...(pod.containers ?? []), ...(pod.initContainers ?? [])];
  return [...found, ...containers.flatMap((container) => containerViolations(container, pod))];
}
