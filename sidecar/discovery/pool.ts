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
  /** Requests for this model have it, without naming it (InferenceModel); left out: only those that name it. */
  readonly model?: string;
}

/** Whose requests get another model: all of these names, or whatever they ask for where there are none. */
export interface RewriteRule {
  readonly models: readonly string[];
  /** One of them by its share of the weights, each from 1 to 1,000,000; none: the model stays. */
  readonly targets: readonly { readonly model: string; readonly weight: number }[];
}

/** Rules in their order (InferenceModelRewrite). */
export interface Rewrite {
  readonly name: string;
  /** Milliseconds of the wall clock; between two that match, the older one counts. */
  readonly createdAt: number;
  readonly rules: readonly RewriteRule[];
}

/** What a pool's requests are subject to beside its scheduling. */
export interface Policies {
  /** Each name once, each model once. */
  readonly objectives: readonly Objective[];
  /** The oldest first. */
  readonly rewrites: readonly Rewrite[];
}

/**
 * A pool and its endpoints, each address once. What has not changed may be the same object as before, a pool as well as
 * an endpoint of a pool that has: whoever keeps something for each may go by that.
 */
export interface DiscoveredPool extends Policies {
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
