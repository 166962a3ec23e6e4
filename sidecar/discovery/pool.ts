// What every discovery delivers, whether it reads a file or watches a cluster.

import type { Endpoint } from "../../wire/model.ts";

/** An endpoint as discovered: who it is, whether it takes requests, and where its metrics are. */
export interface DiscoveredEndpoint {
  readonly endpoint: Endpoint;
  readonly ready: boolean;
  /** http or https URL without credentials. */
  readonly metricsUrl: string;
}

/** A pool and its endpoints, each address once. */
export interface DiscoveredPool {
  /** `namespace/name`, or just a name. */
  readonly name: string;
  readonly endpoints: readonly DiscoveredEndpoint[];
}

/** Finds pools and keeps finding them. */
export interface Discovery {
  /**
   * Begins. Each call of the listener gives all pools there are, each name once: at most
   * MAX_POOLS, of at most MAX_ENDPOINTS, each fitting a ROSTER frame. Resolves after the first call; rejects, having
   * begun nothing, where the first list cannot be had.
   */
  start(listener: (pools: readonly DiscoveredPool[]) => void): Promise<void>;
  /** Ends: the listener is not called any more. */
  stop(): Promise<void>;
}
