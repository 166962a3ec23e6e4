import type { Load, Roster } from "../../wire/model.ts";
import type { Policies } from "../discovery/pool.ts";

/**
 * What has changed: `roster` who the endpoints are, `ready` which of them take requests or where they are scraped,
 * `load` what else is known of them, `policies` what its requests are subject to, `gone` the whole pool.
 */
export interface PoolChange {
  readonly kind: "roster" | "ready" | "load" | "policies" | "gone";
  readonly pool: string;
}

/** Where a pool's policies are read. */
export interface PolicySource {
  /** The pool's present policies; undefined where there is no such pool. */
  policies(pool: string): Policies | undefined;
}

/** Where the push reads endpoint state from, whatever discovers and scrapes it. */
export interface PoolSource {
  /** Names of all pools, in a stable order. */
  pools(): readonly string[];
  /** The pool's present roster; undefined where there is no such pool. */
  roster(pool: string): Roster | undefined;
  /**
   * The pool's samples in the roster's order.
   * @param sequence goes into the frame.
   * @param sentAt microseconds of the wall clock; ages of samples are counted back from here.
   */
  load(pool: string, sequence: bigint, sentAt: bigint): Load | undefined;
  /** Calls back on each change, synchronously; returns the call that ends the subscription. */
  subscribe(listener: (change: PoolChange) => void): () => void;
}
