// How pools were in the last half minute, as long as somebody looks: what requests that are over were decided by.

import type { PlannedPool } from "../explain/snapshot.ts";

/** Milliseconds for which a moment is kept. */
const KEPT_MS = 30_000;
/** Endpoints, each counted in every moment, of which the newest moments are kept. */
const MOST_ENDPOINTS = 60_000;

/** A pool as it was. */
export interface Moment {
  /** Monotonic milliseconds. */
  readonly at: number;
  readonly pool: PlannedPool;
}

/** Moments of all pools, the oldest first. */
export class History {
  #moments: Moment[] = [];
  #endpoints = 0;

  /** Pools are like this now. */
  note(pools: readonly PlannedPool[], now: number): void {
    for (const pool of pools) {
      this.#moments.push({ at: now, pool });
      this.#endpoints += pool.endpoints.length;
    }
    this.#drop(({ at }) => now - at > KEPT_MS || (at < now && this.#endpoints > MOST_ENDPOINTS));
  }

  /** Frees what is past; to be called now and then, for where nobody looks there is nothing to note. */
  tidy(now: number): void {
    this.#drop(({ at }) => now - at > KEPT_MS);
  }

  #drop(isPast: (moment: Moment) => boolean): void {
    let past = 0;
    for (const moment of this.#moments) {
      if (!isPast(moment)) break;
      this.#endpoints -= moment.pool.endpoints.length;
      past++;
    }
    this.#moments.splice(0, past);
  }

  /** The last moment of a pool in the half minute before that time; undefined: none is known. */
  before(pool: string, time: number): Moment | undefined {
    const last = this.#moments.findLast((moment) => moment.at <= time && moment.pool.name === pool);
    return last !== undefined && time - last.at <= KEPT_MS ? last : undefined;
  }
}
