import type { Want } from "../../wire/model.ts";
import { nameKey } from "../../wire/name-key.ts";

/** How much of a pool is wanted: the higher, the more. */
export type Degree = typeof UNWANTED | typeof AT_FIRST | typeof IN_FULL;
export const UNWANTED = 0;
/**
 * What it takes to serve a first request: roster, plan, and of the samples those that come with a new roster or show
 * that other endpoints take requests.
 */
export const AT_FIRST = 1;
/** Roster, plan and samples, whenever they change. */
export const IN_FULL = 2;

/** Who is told of samples: those who want the pool that much, or nobody. */
export type LoadFor = typeof AT_FIRST | typeof IN_FULL | typeof NOBODY;
export const NOBODY = 3;

const NOTHING: Want = { all: false, pools: [] };

/** What one gateway wants, by its last WANT; nothing before the first. */
export class Wants {
  readonly #named: ReadonlySet<bigint>;
  /** Whether pools that are not named are wanted at first. */
  readonly all: boolean;

  constructor(want = NOTHING) {
    this.#named = new Set(want.pools);
    this.all = want.all;
  }

  /** Pools that are named, whether or not there are such. */
  get count(): number {
    return this.#named.size;
  }

  /** How much of a pool is wanted. */
  degree(pool: string): Degree {
    if (this.#named.has(nameKey(pool))) return IN_FULL;
    return this.all ? AT_FIRST : UNWANTED;
  }
}
