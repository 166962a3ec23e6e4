// What every discovery delivers, whether it reads a file or watches a cluster.

import type { Endpoint } from "../../wire/model.ts";

/** An endpoint as discovered: who it is, whether it takes requests, and where its metrics are. */
export interface DiscoveredEndpoint {
  readonly endpoint: Endpoint;
  readonly ready: boolean;
  /** http or https URL without credentials. */
  readonly metricsUrl: string;
}

/** What requests that name it are worth (InferenceObjective). */
export interface Objective {
  readonly name: string;
  /** Larger goes first; below 0 may be shed. */
  readonly priority: number;
}

/** Whose requests get another model: all of these names, or whatever they ask for where there are none. */
export interface RewriteRule {
  readonly models: readonly string[];
  /** One of them by its share of the weights, each from 1 to 1,000,000. */
  readonly targets: readonly { readonly model: string; readonly weight: number }[];
}

/** Rules in their order (InferenceModelRewrite). */
export interface Rewrite {
  readonly name: string;
  /** Milliseconds of the wall clock; between two that match, the older one counts. */
  readonly createdAt: number;
  readonly rules: readonly RewriteRule[];
}

/** A pool and its endpoints, each address once. Unchanged pools may be the same objects as before. */
export interface DiscoveredPool {
  /** `namespace/name`, or just a name. */
  readonly name: string;
  readonly endpoints: readonly DiscoveredEndpoint[];
  readonly objectives: readonly Objective[];
  readonly rewrites: readonly Rewrite[];
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
