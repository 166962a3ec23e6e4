// What a sidecar knows at one moment, enough to decide a request by.

import type { Endpoint, Plan, Sample } from "../../wire/model.ts";
import type { Policies } from "../discovery/pool.ts";

/** Version of the JSON form; a reader accepts exactly its own. */
export const SNAPSHOT_VERSION = 1;

/** What all gateways together have in flight at an endpoint. */
export interface InFlight {
  readonly requests: number;
  /** Tokens of these requests, as the plan counts them. */
  readonly tokens: number;
  /** Prompt tokens not cached of those without a first token yet. */
  readonly prefill: number;
}

/** An endpoint with all that is known of it. */
export interface SnapshotEndpoint {
  readonly endpoint: Endpoint;
  readonly sample: Sample;
  readonly inFlight: InFlight;
}

/** How a pool's requests are scheduled. */
export type SnapshotPlan = Pick<Plan, "profiles" | "settings">;

/** One pool. */
export interface SnapshotPool {
  /** `namespace/name`. */
  readonly name: string;
  /** Milliseconds; an older sample is stale. */
  readonly freshFor: number;
  /** Undefined: the built-in one. */
  readonly plan: SnapshotPlan | undefined;
  readonly endpoints: readonly SnapshotEndpoint[];
  readonly policies: Policies;
}

/** A pool with the plan that its requests go by. */
export type PlannedPool = SnapshotPool & { readonly plan: SnapshotPlan };

/** All that is known. */
export interface Snapshot {
  readonly pools: readonly SnapshotPool[];
  /** JOURNAL frames of owner 0, in their order: prefixes, and times that the latency model has learned from. */
  readonly journals: readonly Uint8Array[];
}
