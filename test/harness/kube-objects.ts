// The objects that tests put into a cluster, and how they get the status that a real one would give them.

import type { KubeClient, KubeObject } from "./kube-client.ts";

export const POOL_API = "inference.networking.k8s.io/v1";

/** What tests say of a pod; the rest is as in a cluster. */
export type PodSpec = {
  namespace: string;
  name: string;
  labels?: Readonly<Record<string, string>>;
  annotations?: Readonly<Record<string, string>>;
  /** Where it runs; a pod with a node ends slowly, as a terminating one ("node-1" unless told; null: none). */
  node?: string | null;
};

export function podObject({ namespace, name, labels = {}, annotations = {}, node = "node-1" }: PodSpec): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace, labels, annotations },
    spec: { containers: [{ name: "server", image: "none" }], ...(node !== null && { nodeName: node }) },
  };
}

/** A running pod's status. The address may be one that nothing listens on. */
export function runningStatus(ip: string, ready = true): object {
  return {
    phase: "Running",
    podIP: ip,
    podIPs: [{ ip }],
    conditions: [{ type: "Ready", status: ready ? "True" : "False" }],
  };
}

/** Creates a pod that runs. */
export async function addPod(admin: KubeClient, spec: PodSpec, ip: string, ready = true): Promise<KubeObject> {
  const pod = await admin.create(podObject(spec));
  await admin.patchStatus(pod, runningStatus(ip, ready));
  return pod;
}

/** An InferencePool v1. */
export function poolObject(
  namespace: string,
  name: string,
  matchLabels: Readonly<Record<string, string>>,
  ports: readonly number[],
): KubeObject {
  const spec = {
    selector: { matchLabels },
    targetPorts: ports.map((number) => ({ number })),
    endpointPickerRef: { name: "inline-epp", port: { number: 9002 } },
  };
  return { apiVersion: POOL_API, kind: "InferencePool", metadata: { name, namespace }, spec };
}
