import { MAX_ENDPOINTS } from "../../../wire/layout.ts";
import { sameItems } from "../../support/same.ts";
import type { DiscoveredEndpoint } from "../pool.ts";
import type { PodRecord } from "./pod.ts";
import { endpointsOf, type PodEndpoints } from "./pod-endpoints.ts";

/** Which of two pods an address belongs to: who takes requests, else the younger one, which is more likely alive. */
function prefer(a: PodEndpoints, b: PodEndpoints): PodEndpoints {
  if (a.pod.ready !== b.pod.ready) return a.pod.ready ? a : b;
  if (a.pod.createdAt !== b.pod.createdAt) return a.pod.createdAt > b.pod.createdAt ? a : b;
  return a.pod.key < b.pod.key ? a : b;
}

function sameAddresses(a: readonly DiscoveredEndpoint[], b: readonly DiscoveredEndpoint[]): boolean {
  return a.length === b.length && a.every((one, index) => one.endpoint.address === b[index]?.endpoint.address);
}

/** A pool's endpoints, kept up to date at the cost of what has changed. */
export class PoolRoster {
  readonly #pods = new Map<string, PodEndpoints>();
  /** Keys of all pods, sorted. */
  #keys: string[] = [];
  /** By address, the pod that has it; only where two pods have the same. */
  #owners: ReadonlyMap<string, PodEndpoints> | undefined;
  #endpoints: readonly DiscoveredEndpoint[] = [];
  #found = 0;

  /** Sorted by pod and rank, each address once, at most MAX_ENDPOINTS; the same list while nothing has changed. */
  get endpoints(): readonly DiscoveredEndpoint[] {
    return this.#endpoints;
  }

  /** How many there are, those that are too many included. */
  get found(): number {
    return this.#found;
  }

  /**
   * Takes over what the pods are now.
   * @param pods by key.
   * @param ports of the pool, by rank.
   * @param zoneOf the zone of a node by its name; empty where unknown.
   */
  update(pods: ReadonlyMap<string, PodRecord>, ports: readonly number[], zoneOf: (node: string) => string): void {
    // Whose a shared address is depends on more than an endpoint shows.
    let changed = this.#owners !== undefined;
    let moved = false;
    let added = false;
    for (const [key, pod] of pods) {
      const before = this.#pods.get(key);
      const zone = pod.node === "" ? "" : zoneOf(pod.node);
      if (before?.pod === pod && before.ports === ports && before.nodeZone === zone) continue;
      const next = endpointsOf(pod, zone, ports, before);
      this.#pods.set(key, next);
      added ||= before === undefined;
      const old = before?.endpoints ?? [];
      changed ||= !sameItems(old, next.endpoints);
      moved ||= !sameAddresses(old, next.endpoints);
    }
    // Every pod is in the map by now: what it has more of is gone.
    const removed = this.#pods.size > pods.size;
    if (removed) {
      for (const [key, { endpoints }] of this.#pods) {
        if (pods.has(key)) continue;
        this.#pods.delete(key);
        if (endpoints.length > 0) moved = true;
      }
    }
    if (added || removed) this.#keys = [...this.#pods.keys()].sort();
    if (changed || moved) this.#gather(moved);
  }

  #gather(moved: boolean): void {
    if (moved || this.#owners !== undefined) this.#owners = this.#settleAddresses();
    const owners = this.#owners;
    const all: DiscoveredEndpoint[] = [];
    for (const key of this.#keys) {
      const pod = this.#pods.get(key) as PodEndpoints;
      for (const one of pod.endpoints) {
        if (owners === undefined || owners.get(one.endpoint.address) === pod) all.push(one);
      }
    }
    this.#found = all.length;
    if (all.length > MAX_ENDPOINTS) all.length = MAX_ENDPOINTS;
    if (!sameItems(this.#endpoints, all)) this.#endpoints = all;
  }

  /** Pods on their node's network have its address, so two may have the same. */
  #settleAddresses(): ReadonlyMap<string, PodEndpoints> | undefined {
    const owners = new Map<string, PodEndpoints>();
    let shared = false;
    for (const pod of this.#pods.values()) {
      for (const { endpoint } of pod.endpoints) {
        const other = owners.get(endpoint.address);
        shared ||= other !== undefined;
        owners.set(endpoint.address, other === undefined ? pod : prefer(other, pod));
      }
    }
    return shared ? owners : undefined;
  }
}
