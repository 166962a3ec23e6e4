import type { Endpoint } from "../../../wire/model.ts";
import { parseAddress } from "../address.ts";
import type { DiscoveredEndpoint } from "../pool.ts";
import { ZONE_LABEL } from "./node.ts";
import type { PodRecord } from "./pod.ts";

/** What a pod is in a pool: an endpoint for each port, and of what they were made. */
export interface PodEndpoints {
  readonly pod: PodRecord;
  /** Zone of the pod's node; empty where unknown. */
  readonly nodeZone: string;
  readonly ports: readonly number[];
  /** By rank; none while the pod is none. */
  readonly endpoints: readonly DiscoveredEndpoint[];
}

const FINISHED = ["Succeeded", "Failed"];

/** A pod that ends is none from the moment it is told to: its requests of now finish, new ones would be cut. */
function isEndpoint({ ip, terminating, phase }: PodRecord): boolean {
  return ip !== "" && !terminating && !FINISHED.includes(phase);
}

function sameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return (
    a.address === b.address &&
    a.zone === b.zone &&
    a.labels === b.labels &&
    a.engine === b.engine &&
    a.role === b.role &&
    a.rank === b.rank
  );
}

/** `before`'s object, or its Endpoint at least, where it says the same. */
function make(pod: PodRecord, zone: string, port: number, rank: number, before: DiscoveredEndpoint | undefined) {
  const address = parseAddress(pod.ip.includes(":") ? `[${pod.ip}]:${port}` : `${pod.ip}:${port}`);
  if (address === undefined) return undefined;
  const { labels, engine, role } = pod.labels;
  let endpoint: Endpoint = { address, name: pod.key, zone, labels, engine, role, rank };
  if (before !== undefined && sameEndpoint(before.endpoint, endpoint)) {
    if (before.ready === pod.ready) return before;
    endpoint = before.endpoint;
  }
  return { endpoint, ready: pod.ready, metricsUrl: `http://${address}/metrics` };
}

/**
 * The endpoints of a pod.
 * @param before what the pod was, if it was there; endpoints that are the same stay the same objects.
 */
export function endpointsOf(
  pod: PodRecord,
  nodeZone: string,
  ports: readonly number[],
  before: PodEndpoints | undefined,
): PodEndpoints {
  if (!isEndpoint(pod)) return { pod, nodeZone, ports, endpoints: [] };
  const active = pod.activePorts?.split(",").map((text) => Number(text.trim()));
  const zone = pod.labels.labels[ZONE_LABEL] || nodeZone;
  const endpoints = ports.flatMap((port, rank) => {
    if (active !== undefined && !active.includes(port)) return [];
    return (
      make(
        pod,
        zone,
        port,
        rank,
        before?.endpoints.find((one) => one.endpoint.rank === rank),
      ) ?? []
    );
  });
  return { pod, nodeZone, ports, endpoints };
}
