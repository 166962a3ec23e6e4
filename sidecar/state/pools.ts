// The present state of all pools: who their endpoints are and what was last scraped of each.

import type { Endpoint, Load, Roster, Sample } from "../../wire/model.ts";
import type { DiscoveredEndpoint, DiscoveredPool, Policies } from "../discovery/pool.ts";
import type { Signals } from "../scrape/signals.ts";
import type { Clock } from "../support/clock.ts";
import { sameItems } from "../support/same.ts";
import { differingSpan } from "../support/span.ts";
import { sameEndpoint } from "./same.ts";
import type { PolicySource, PoolChange, PoolSource } from "./source.ts";
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
  /** Of the target. */
  readonly key: string;
  signals: Signals;
  /** The clock's milliseconds that the signals stand for; undefined: never scraped. */
  at: number | undefined;
  counter: number;
  /** Every pool that holds the target, once: one nearly always, for which a Set would be large. */
  readonly pools: Pool[];
}

/** A pool as it is now; changed in place, so that what has not changed in it stays where it is. */
interface Pool {
  discovered: DiscoveredPool;
  roster: Roster;
  /** By the roster's order. */
  latest: Latest[];
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
export class Pools implements PoolSource, PolicySource {
  readonly #options: PoolsOptions;
  readonly #listeners = new Set<(change: PoolChange) => void>();
  #pools = new Map<string, Pool>();
  readonly #latest = new Map<string, Latest>();
  #names: readonly string[] = [];
  #epoch: bigint;

  constructor(options: PoolsOptions) {
    this.#options = options;
    this.#epoch = BigInt(Math.floor(options.startedAt)) << EPOCH_BITS;
  }

  /**
   * Makes these the pools. Rosters that are the same keep their epoch, targets that stay keep their samples. Listeners
   * are called when everything is in place. The cost is that of what is not the same object as before.
   */
  replace(discovered: readonly DiscoveredPool[]): void {
    const before = this.#pools;
    const pools = new Map<string, Pool>();
    const changes: PoolChange[] = [];
    const dropped: Latest[] = [];
    for (const one of discovered) {
      const { name } = one;
      const pool = before.get(name);
      if (pool === undefined) {
        pools.set(name, this.#make(one));
        changes.push({ kind: "roster", pool: name });
      } else {
        pools.set(name, pool);
        if (pool.discovered !== one) this.#change(pool, one, changes, dropped);
      }
    }
    for (const [name, pool] of before) {
      if (pools.has(name)) continue;
      changes.push({ kind: "gone", pool: name });
      for (const latest of pool.latest) release(latest, pool);
      dropped.push(...pool.latest);
    }
    for (const { key, pools: holders } of dropped) {
      if (holders.length === 0) this.#latest.delete(key);
    }
    this.#pools = pools;
    const names = [...pools.keys()].sort();
    if (!sameItems(this.#names, names)) this.#names = names;
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

  policies(pool: string): Policies | undefined {
    return this.#pools.get(pool)?.discovered;
  }

  /**
   * Ages are taken from the clock that stamped the samples, at this call, which is the moment that `sentAt` puts into
   * the wall clock's terms: a wall clock that is set must not make samples look newer or older.
   */
  load(pool: string, sequence: bigint, sentAt: bigint): Load | undefined {
    const found = this.#pools.get(pool);
    if (found === undefined) return undefined;
    const now = this.#options.clock.now();
    const { endpoints } = found.discovered;
    const samples = found.latest.map((latest, index) => sample(latest, endpoints[index]?.ready === true, now));
    return { pool, rosterEpoch: found.roster.epoch, sequence, sentAt, freshFor: this.#options.freshFor, samples };
  }

  subscribe(listener: (change: PoolChange) => void): () => void {
    // Wrapped, so that one function subscribed twice is called twice and each end ends one.
    const own = (change: PoolChange): void => listener(change);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  #make(discovered: DiscoveredPool): Pool {
    const { name, endpoints } = discovered;
    const pool: Pool = {
      discovered,
      roster: this.#roster(discovered),
      latest: endpoints.map((endpoint) => this.#latestOf(targetOf(endpoint).key)),
      loadChange: { kind: "load", pool: name },
    };
    for (const latest of pool.latest) hold(latest, pool);
    return pool;
  }

  #roster({ name, endpoints }: DiscoveredPool): Roster {
    return { pool: name, epoch: ++this.#epoch, endpoints: endpoints.map(({ endpoint }) => endpoint) };
  }

  /** @param dropped gets what this pool no longer holds; another one may. */
  #change(pool: Pool, next: DiscoveredPool, changes: PoolChange[], dropped: Latest[]): void {
    const before = pool.discovered;
    const rows = pool.roster.endpoints;
    const { start, endBefore, endAfter } = differingSpan(before.endpoints, next.endpoints);
    let sameRoster = endBefore === endAfter;
    let sameSamples = sameRoster;
    const latest: Latest[] = [];
    for (let index = start; index < endAfter; index++) {
      const endpoint = next.endpoints[index] as DiscoveredEndpoint;
      const one = this.#latestOf(targetOf(endpoint).key);
      latest.push(one);
      sameRoster &&= sameEndpoint(rows[index] as Endpoint, endpoint.endpoint);
      sameSamples &&= one === pool.latest[index] && before.endpoints[index]?.ready === endpoint.ready;
    }
    pool.discovered = next;
    const old = pool.latest.splice(start, endBefore - start, ...latest);
    for (const one of old) release(one, pool);
    for (const one of latest) hold(one, pool);
    dropped.push(...old);
    if (!sameRoster) {
      pool.roster = this.#roster(next);
      changes.push({ kind: "roster", pool: next.name });
    } else if (!sameSamples) {
      changes.push({ kind: "ready", pool: next.name });
    }
    const samePolicies = sameItems(before.objectives, next.objectives) && sameItems(before.rewrites, next.rewrites);
    if (!samePolicies) changes.push({ kind: "policies", pool: next.name });
  }

  #latestOf(key: string): Latest {
    const known = this.#latest.get(key);
    if (known !== undefined) return known;
    // Begins anywhere: a gateway that remembers the counter of an earlier run, or of the same address read from
    // elsewhere, must not take the first sample for the one it knows.
    const counter = Math.floor(this.#options.random() * 0x10000);
    const latest: Latest = { key, signals: nothing, at: undefined, counter, pools: [] };
    this.#latest.set(key, latest);
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

function hold({ pools }: Latest, pool: Pool): void {
  if (!pools.includes(pool)) pools.push(pool);
}

function release({ pools }: Latest, pool: Pool): void {
  const index = pools.indexOf(pool);
  if (index >= 0) pools.splice(index, 1);
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
