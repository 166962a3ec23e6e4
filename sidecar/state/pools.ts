// The present state of all pools: who their endpoints are and what was last scraped of each.

import type { Load, Roster, Sample } from "../../wire/model.ts";
import type { DiscoveredPool } from "../discovery/pool.ts";
import type { Signals } from "../scrape/signals.ts";
import type { Clock } from "../support/clock.ts";
import { sameEndpoints } from "./same.ts";
import type { PoolChange, PoolSource } from "./source.ts";
import { targetOf } from "./target.ts";

const EPOCH_BITS = 20n;
const MAX_AGE = 0xfffffffe;

const nothing: Signals = {
  waiting: 0,
  running: 0,
  kvUsage: 0,
  blockSize: 0,
  blockCount: 0,
  runningAdapters: [],
  waitingAdapters: [],
  maxAdapters: 0,
};

/** The last sample of a target; changed in place, twenty times a second for each of perhaps thousands. */
interface Latest {
  signals: Signals;
  /** The clock's milliseconds that the signals stand for; undefined: never scraped. */
  at: number | undefined;
  counter: number;
  /** Every pool that holds the target. */
  pools: Pool[];
}

interface Pool {
  readonly roster: Roster;
  /** By the roster's order. */
  readonly ready: readonly boolean[];
  /** By the roster's order. */
  readonly latest: readonly Latest[];
  /** Made once, told with every sample. */
  readonly loadChange: PoolChange;
}

export interface PoolsOptions {
  /** The clock that samples are stamped with. */
  readonly clock: Clock;
  /**
   * Milliseconds of the wall clock when this process began. Epochs count up from here, shifted left by 20 bits, so that
   * those of two runs differ unless one makes a million rosters in less than a millisecond per roster.
   */
  readonly startedAt: number;
  /** Milliseconds; goes into each Load. */
  readonly freshFor: number;
  /** A number from 0 to 1, below 1. */
  readonly random: () => number;
}

/** Holds pools in memory; discovery and scraping write, the push reads. */
export class Pools implements PoolSource {
  readonly #options: PoolsOptions;
  readonly #listeners = new Set<(change: PoolChange) => void>();
  #pools = new Map<string, Pool>();
  #latest = new Map<string, Latest>();
  #names: readonly string[] = [];
  #epoch: bigint;

  constructor(options: PoolsOptions) {
    this.#options = options;
    this.#epoch = BigInt(Math.floor(options.startedAt)) << EPOCH_BITS;
  }

  /**
   * Makes these the pools. Rosters that are the same keep their epoch, targets that stay keep their samples. Listeners
   * are called when everything is in place.
   */
  replace(discovered: readonly DiscoveredPool[]): void {
    const latest = new Map<string, Latest>();
    const pools = new Map<string, Pool>();
    const changes: PoolChange[] = [];
    for (const { name, endpoints } of discovered) {
      const before = this.#pools.get(name);
      const rows = endpoints.map(({ endpoint }) => endpoint);
      const kept = before !== undefined && sameEndpoints(before.roster.endpoints, rows) ? before.roster : undefined;
      const pool: Pool = {
        roster: kept ?? { pool: name, epoch: ++this.#epoch, endpoints: rows },
        ready: endpoints.map(({ ready }) => ready),
        latest: endpoints.map((endpoint) => this.#latestOf(targetOf(endpoint).key, latest)),
        loadChange: { kind: "load", pool: name },
      };
      pools.set(name, pool);
      if (kept === undefined) changes.push({ kind: "roster", pool: name });
      else if (before !== undefined && samplesDiffer(before, pool)) changes.push(pool.loadChange);
    }
    for (const name of this.#pools.keys()) {
      if (!pools.has(name)) changes.push({ kind: "gone", pool: name });
    }
    for (const one of latest.values()) one.pools = [];
    for (const pool of pools.values()) {
      for (const one of pool.latest) one.pools.push(pool);
    }
    this.#pools = pools;
    this.#latest = latest;
    this.#names = [...pools.keys()].sort();
    for (const change of changes) this.#tell(change);
  }

  /** A target has been scraped; nothing happens where no pool holds it any more. */
  record(key: string, signals: Signals, at: number): void {
    const latest = this.#latest.get(key);
    if (latest === undefined) return;
    latest.signals = signals;
    latest.at = at;
    latest.counter++;
    for (const pool of latest.pools) this.#tell(pool.loadChange);
  }

  pools(): readonly string[] {
    return this.#names;
  }

  roster(pool: string): Roster | undefined {
    return this.#pools.get(pool)?.roster;
  }

  /**
   * Ages are taken from the clock that stamped the samples, at this call, which is the moment that `sentAt` puts into
   * the wall clock's terms: a wall clock that is set must not make samples look newer or older.
   */
  load(pool: string, sequence: bigint, sentAt: bigint): Load | undefined {
    const found = this.#pools.get(pool);
    if (found === undefined) return undefined;
    const now = this.#options.clock.now();
    const samples = found.latest.map((latest, index) => sample(latest, found.ready[index] as boolean, now));
    return { pool, rosterEpoch: found.roster.epoch, sequence, sentAt, freshFor: this.#options.freshFor, samples };
  }

  subscribe(listener: (change: PoolChange) => void): () => void {
    // Wrapped, so that one function subscribed twice is called twice and each end ends one.
    const own = (change: PoolChange): void => listener(change);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  #latestOf(key: string, next: Map<string, Latest>): Latest {
    let latest = next.get(key) ?? this.#latest.get(key);
    // Begins anywhere: a gateway that remembers the counter of an earlier run, or of the same address read from
    // elsewhere, must not take the first sample for the one it knows.
    latest ??= { signals: nothing, at: undefined, counter: Math.floor(this.#options.random() * 0x10000), pools: [] };
    next.set(key, latest);
    return latest;
  }

  #tell(change: PoolChange): void {
    for (const listener of this.#listeners) {
      try {
        listener(change);
      } catch (error) {
        // Surfaces as any uncaught error does, but not out of the middle of a scrape of someone else's.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}

function samplesDiffer(before: Pool, after: Pool): boolean {
  return after.latest.some((one, index) => one !== before.latest[index] || after.ready[index] !== before.ready[index]);
}

function sample({ signals, at, counter }: Latest, ready: boolean, now: number): Sample {
  return {
    ready,
    age: at === undefined ? undefined : Math.min(Math.max(0, Math.floor(now - at)), MAX_AGE),
    counter,
    waiting: signals.waiting,
    running: signals.running,
    kvUsage: signals.kvUsage,
    blockSize: signals.blockSize,
    blockCount: signals.blockCount,
    runningAdapters: signals.runningAdapters,
    waitingAdapters: signals.waitingAdapters,
    maxAdapters: signals.maxAdapters,
  };
}
