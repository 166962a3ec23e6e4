// Objects as an API server gives them.

export interface ApiObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly spec?: unknown;
  readonly status?: unknown;
}

let made = 0;

/** What every object has; `fields` go before. */
export function metadata(key: string, fields: object = {}): Readonly<Record<string, unknown>> {
  const [namespace, name] = key.includes("/") ? key.split("/") : [undefined, key];
  return {
    ...(namespace !== undefined && { namespace }),
    name,
    uid: `uid-${made++}`,
    resourceVersion: String(made),
    creationTimestamp: "2026-01-01T00:00:00Z",
    managedFields: [{ manager: "kubectl" }],
    ...fields,
  };
}

export interface PodFields {
  readonly ip?: string;
  readonly ready?: boolean;
  readonly phase?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly terminating?: boolean;
  readonly created?: string;
  readonly node?: string;
}

/** A pod; ready, with labels `app=vllm`, where nothing else is said. */
export function pod(key: string, fields: PodFields = {}): ApiObject {
  const { ip = "10.0.0.1", ready = true, phase = "Running", labels = { app: "vllm" }, annotations, created } = fields;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: metadata(key, {
      labels,
      ...(annotations && { annotations }),
      ...(created !== undefined && { creationTimestamp: created }),
      ...(fields.terminating === true && { deletionTimestamp: "2026-01-02T00:00:00Z" }),
    }),
    spec: { nodeName: fields.node ?? "node-1", containers: [{ name: "vllm" }] },
    status: {
      phase,
      ...(ip !== "" && { podIP: ip, podIPs: [{ ip }] }),
      conditions: [
        { type: "PodScheduled", status: "True" },
        { type: "Ready", status: ready ? "True" : "False" },
      ],
    },
  };
}

/** InferencePool v1; of pods `app=vllm` and port 8000 where nothing else is said. */
export function pool(
  key: string,
  matchLabels: Readonly<Record<string, unknown>> = { app: "vllm" },
  ports: readonly unknown[] = [8000],
): ApiObject {
  return {
    apiVersion: "inference.networking.k8s.io/v1",
    kind: "InferencePool",
    metadata: metadata(key),
    spec: {
      selector: { matchLabels },
      targetPorts: ports.map((number) => ({ number })),
      endpointPickerRef: { name: "picker", port: { number: 9002 } },
    },
  };
}

/** InferencePool v1alpha2. */
export function oldPool(key: string, selector: unknown = { app: "vllm" }, targetPortNumber: unknown = 8000): ApiObject {
  return {
    apiVersion: "inference.networking.x-k8s.io/v1alpha2",
    kind: "InferencePool",
    metadata: metadata(key),
    spec: { selector, targetPortNumber, extensionRef: { name: "picker" } },
  };
}

export function poolImport(key: string, clusters: readonly unknown[]): ApiObject {
  const exportingClusters = clusters.map((name) => ({ name }));
  return {
    apiVersion: "inference.networking.x-k8s.io/v1alpha1",
    kind: "InferencePoolImport",
    metadata: metadata(key),
    status: { controllers: [{ name: "example.com/controller", exportingClusters }] },
  };
}

/** The older group where nothing else is said. */
export type Group = "llm-d.ai" | "inference.networking.x-k8s.io";
const OLDER: Group = "inference.networking.x-k8s.io";

export function objective(key: string, spec: object, group = OLDER): ApiObject {
  return { apiVersion: `${group}/v1alpha2`, kind: "InferenceObjective", metadata: metadata(key), spec };
}

export function rewrite(key: string, spec: object, group = OLDER, created = "2026-01-01T00:00:00Z"): ApiObject {
  const about = metadata(key, { creationTimestamp: created });
  return { apiVersion: `${group}/v1alpha2`, kind: "InferenceModelRewrite", metadata: about, spec };
}

export function model(key: string, spec: object, created = "2026-01-01T00:00:00Z"): ApiObject {
  const about = metadata(key, { creationTimestamp: created });
  return { apiVersion: `${OLDER}/v1alpha2`, kind: "InferenceModel", metadata: about, spec };
}

export function node(name: string, zone?: string): ApiObject {
  const labels = { "kubernetes.io/hostname": name, ...(zone !== undefined && { "topology.kubernetes.io/zone": zone }) };
  return { apiVersion: "v1", kind: "Node", metadata: metadata(name, { labels }) };
}
