// What became of requests of late, by pool, endpoint and priority, and which of them wait now: what the page shows
// beside the endpoints' state.

import type { Observation, WaitingRequests } from "../../wire/model.ts";
import { ToldRows } from "../observations/told-rows.ts";
import { RecentLatencies } from "./latencies.ts";
import { RecentPeak, RecentSum } from "./recency.ts";
import { isError, type KnownRequest, type RecentRequest, RecentRequests } from "./recent-requests.ts";

const MICROSECONDS_PER_MS = 1000;
const MOST_PRIORITIES = 32;
/** What is left of requests below which an endpoint or a priority is forgotten: one, ten half-lives ago. */
const FORGOTTEN = 0.001;

/** Figures of an endpoint of late. */
export interface EndpointTraffic {
  /** Requests that it has served, per second. */
  readonly requests: number;
  /** Share of the pool's served requests, 0..1. */
  readonly share: number;
  /** Share of its answers that are errors, 0..1. */
  readonly errors: number;
  /** Share of its prompts' tokens that it had cached, 0..1; undefined where no answer said. */
  readonly cached: number | undefined;
}

/** Requests of one priority that wait in a worker's queues, with the name of their pool, "" where there is none. */
export type NamedWaiting = Omit<WaitingRequests, "pool"> & { readonly pool: string };

/** Figures of the requests of one priority, per second. */
export interface PriorityTraffic {
  readonly priority: number;
  readonly requests: number;
  /** Turned away by the gateway with 429. */
  readonly refused: number;
  /** How many wait for the pool now, in all workers, and milliseconds for which the one that came first has. */
  readonly waiting: number;
  readonly oldest: number;
  /** Milliseconds that those waited that are over: on average, and the longest wait of the last half minute. */
  readonly waited: number;
  readonly longest: number;
}

/** Figures of a pool of late. */
export interface PoolTraffic {
  readonly requests: number;
  /** Answers from 400 on, and requests without one, per second. */
  readonly errors: number;
  readonly outputTokens: number;
  readonly cached: number | undefined;
  /** Times to the first token: how many in each bucket of LATENCY_BOUNDS, the last without bound. */
  readonly ttft: readonly number[];
  readonly priorities: readonly PriorityTraffic[];
  readonly recent: readonly RecentRequest[];
}

class Sums {
  readonly requests = new RecentSum();
  readonly errors = new RecentSum();
  readonly refused = new RecentSum();
  readonly waited = new RecentSum();
  readonly longest = new RecentPeak();
  readonly prompt = new RecentSum();
  readonly cached = new RecentSum();
  readonly output = new RecentSum();

  add(record: Observation, now: number): void {
    this.requests.add(1, now);
    if (isError(record)) this.errors.add(1, now);
    if (record.local && record.status === 429) this.refused.add(1, now);
    this.waited.add(record.queued / MICROSECONDS_PER_MS, now);
    this.longest.add(record.queued / MICROSECONDS_PER_MS, now);
    this.prompt.add(record.prompt, now);
    this.cached.add(record.cached, now);
    this.output.add(record.output, now);
  }

  errorShare(now: number): number {
    const requests = this.requests.at(now);
    return requests < FORGOTTEN ? 0 : Math.min(1, this.errors.at(now) / requests);
  }

  cachedShare(now: number): number | undefined {
    const prompt = this.prompt.at(now);
    return prompt < 1 ? undefined : Math.min(1, this.cached.at(now) / prompt);
  }
}

class PoolSums {
  readonly all = new Sums();
  readonly served = new RecentSum();
  readonly ttft = new RecentLatencies();
  readonly endpoints = new Map<bigint, Sums>();
  readonly priorities = new Map<number, Sums>();
  readonly recent = new RecentRequests();
}

/** Gathers observations. Bounded: by pools that there are, endpoints of late, priorities, and listed requests. */
export class Traffic {
  readonly #pools = new Map<string, PoolSums>();
  readonly #waiting: ToldRows<NamedWaiting>;
  readonly #now: () => number;
  readonly #wallClock: () => number;

  /** @param now milliseconds of a monotonic clock; `wallClock` since 1970. */
  constructor(now: () => number, wallClock: () => number) {
    this.#now = now;
    this.#wallClock = wallClock;
    this.#waiting = new ToldRows({ now });
  }

  /**
   * A request of the pool is over; requests of no pool that is known have the name "" and are left out.
   * @param explanation the gateway's, JSON; empty: it has told none.
   */
  add(pool: string, record: Observation, explanation = ""): void {
    if (pool === "") return;
    const now = this.#now();
    const sums = this.#of(pool);
    sums.all.add(record, now);
    const priority = sums.priorities.get(record.priority) ?? addTo(sums.priorities, record.priority, MOST_PRIORITIES);
    priority?.add(record, now);
    if (record.endpoint !== 0n && !record.local) {
      sums.served.add(1, now);
      (sums.endpoints.get(record.endpoint) ?? addTo(sums.endpoints, record.endpoint))?.add(record, now);
    }
    if (record.ttft > 0) sums.ttft.add(record.ttft / MICROSECONDS_PER_MS, now);
    sums.recent.add(record, now, this.#wallClock(), explanation);
  }

  /** A worker's queues stand so, all of them. */
  tell(worker: bigint, waiting: readonly NamedWaiting[]): void {
    this.#waiting.take(worker, waiting);
  }

  /** Forgets pools that are not among these, endpoints and priorities that are long idle, and requests long past. */
  keep(pools: ReadonlySet<string>): void {
    const now = this.#now();
    for (const [pool, { endpoints, priorities, recent }] of this.#pools) {
      if (!pools.has(pool)) this.#pools.delete(pool);
      forgetIdle(endpoints, now);
      forgetIdle(priorities, now);
      recent.forget(now);
    }
  }

  /** A pool's figures; all are nought where nothing has been heard. */
  pool(pool: string): PoolTraffic {
    const now = this.#now();
    const sums = this.#pools.get(pool) ?? new PoolSums();
    const waiting = this.#waitingFor(pool);
    const priorities = [...new Set([...sums.priorities.keys(), ...waiting.keys()])].map((priority) => {
      const of = sums.priorities.get(priority) ?? new Sums();
      return {
        priority,
        requests: of.requests.perSecond(now),
        refused: of.refused.perSecond(now),
        waiting: 0,
        oldest: 0,
        ...waiting.get(priority),
        longest: of.longest.at(now),
        waited: of.requests.at(now) < FORGOTTEN ? 0 : of.waited.at(now) / of.requests.at(now),
      };
    });
    return {
      requests: sums.all.requests.perSecond(now),
      errors: sums.all.errors.perSecond(now),
      outputTokens: sums.all.output.perSecond(now),
      cached: sums.all.cachedShare(now),
      ttft: sums.ttft.counts(now),
      priorities: priorities.sort((one, other) => other.priority - one.priority),
      recent: sums.recent.listed,
    };
  }

  /** A pool's request by its id; undefined: it is long past, or was not listed. */
  request(pool: string, id: number): KnownRequest | undefined {
    return this.#pools.get(pool)?.recent.find(id);
  }

  /** An endpoint's figures. */
  endpoint(pool: string, key: bigint): EndpointTraffic {
    const now = this.#now();
    const sums = this.#pools.get(pool);
    const own = sums?.endpoints.get(key);
    if (sums === undefined || own === undefined) return { requests: 0, share: 0, errors: 0, cached: undefined };
    const served = sums.served.at(now);
    return {
      requests: own.requests.perSecond(now),
      share: served === 0 ? 0 : Math.min(1, own.requests.at(now) / served),
      errors: own.errorShare(now),
      cached: own.cachedShare(now),
    };
  }

  // What waits for a pool by priority; a wait has gone on since it was told.
  #waitingFor(pool: string): Map<number, Pick<PriorityTraffic, "waiting" | "oldest">> {
    const all = new Map<number, Pick<PriorityTraffic, "waiting" | "oldest">>();
    for (const { row, age } of this.#waiting.all()) {
      if (row.pool !== pool) continue;
      const { waiting, oldest } = all.get(row.priority) ?? { waiting: 0, oldest: 0 };
      all.set(row.priority, { waiting: waiting + row.requests, oldest: Math.max(oldest, row.oldest + age) });
    }
    return all;
  }

  #of(pool: string): PoolSums {
    let sums = this.#pools.get(pool);
    if (sums === undefined) {
      sums = new PoolSums();
      this.#pools.set(pool, sums);
    }
    return sums;
  }
}

function forgetIdle<K>(sums: Map<K, Sums>, now: number): void {
  for (const [key, { requests }] of sums) if (requests.at(now) < FORGOTTEN) sums.delete(key);
}

function addTo<K>(sums: Map<K, Sums>, key: K, most = Number.POSITIVE_INFINITY): Sums | undefined {
  if (sums.size >= most) return undefined;
  const made = new Sums();
  sums.set(key, made);
  return made;
}
