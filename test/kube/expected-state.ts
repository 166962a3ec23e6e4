// What a sidecar must know of a cluster, worked out from plain lists of its objects: slow, simple, and by itself.

import type { KubeClient, KubeObject } from "../harness/kube-client.ts";
import { POOL_API } from "../harness/kube-objects.ts";
import type { State, StateEndpoint } from "../harness/kube-sidecar.ts";

type Pod = KubeObject & {
  metadata: { labels?: Record<string, string>; annotations?: Record<string, string>; deletionTimestamp?: string };
  status?: { phase?: string; podIP?: string; conditions?: { type: string; status: string }[] };
};
type Pool = KubeObject & {
  spec: { selector: { matchLabels: Record<string, string> }; targetPorts: { number: number }[] };
};

function isEndpoint({ metadata, status }: Pod): boolean {
  const finished = status?.phase === "Succeeded" || status?.phase === "Failed";
  return status?.podIP !== undefined && metadata.deletionTimestamp === undefined && !finished;
}

function endpointsOf({ spec }: Pool, pods: readonly Pod[]): StateEndpoint[] {
  const wanted = Object.entries(spec.selector.matchLabels);
  return pods.flatMap(({ metadata, status }) => {
    const { name, namespace, labels = {}, annotations = {} } = metadata;
    if (!wanted.every(([key, value]) => labels[key] === value)) return [];
    const active = annotations["llm-d.ai/active-ports"]?.split(",").map(Number);
    const ready = status!.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True") ?? false;
    return spec.targetPorts.flatMap(({ number }, rank) => {
      if (active !== undefined && !active.includes(number)) return [];
      return [{ address: `${status!.podIP}:${number}`, name: `${namespace}/${name}`, labels, rank, ready }];
    });
  });
}

const byAddress = (a: StateEndpoint, b: StateEndpoint): number => (a.address < b.address ? -1 : 1);

/** The pools of a namespace and their endpoints, sorted by address, as the cluster's objects are now. */
export async function expectedState(admin: KubeClient, namespace: string): Promise<State> {
  const pods = (await admin.list("v1", "Pod", namespace)) as Pod[];
  const pools = (await admin.list(POOL_API, "InferencePool", namespace)) as Pool[];
  const present = pods.filter(isEndpoint);
  return new Map(
    pools.map((pool) => [`${namespace}/${pool.metadata.name}`, endpointsOf(pool, present).sort(byAddress)]),
  );
}

/** What a sidecar says of a namespace's pools, in the same form. */
export function stateOf(state: State, namespace: string): State {
  const pools = [...state].filter(([name]) => name.startsWith(`${namespace}/`));
  return new Map(
    pools.map(([name, endpoints]) => {
      const rows = endpoints.map(({ address, name, labels, rank, ready }) => ({ address, name, labels, rank, ready }));
      return [name, rows.sort(byAddress)];
    }),
  );
}
