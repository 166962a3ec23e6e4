import { type Degree, IN_FULL, UNWANTED } from "./wants.ts";

/**
 * How much all gateways together want of each pool. It is asked for every sample of every endpoint, so that a pool
 * that nobody wants costs a look into a map and nothing else; what gateways say they want changes seldom.
 */
export class Demand {
  readonly #gateways: Iterable<{ readonly outbox: { degree(pool: string): Degree } }>;
  readonly #known = new Map<string, Degree>();

  /** @param gateways those connected at the time of asking. */
  constructor(gateways: Iterable<{ readonly outbox: { degree(pool: string): Degree } }>) {
    this.#gateways = gateways;
  }

  /** The most that any gateway wants of a pool. */
  degree(pool: string): Degree {
    let degree = this.#known.get(pool);
    if (degree === undefined) {
      degree = this.#most(pool);
      this.#known.set(pool, degree);
    }
    return degree;
  }

  /** A gateway wants something else than before, or is gone. */
  changed(): void {
    this.#known.clear();
  }

  /** The pool is no more. */
  forget(pool: string): void {
    this.#known.delete(pool);
  }

  #most(pool: string): Degree {
    let most: Degree = UNWANTED;
    for (const { outbox } of this.#gateways) {
      const degree = outbox.degree(pool);
      if (degree === IN_FULL) return degree;
      if (degree > most) most = degree;
    }
    return most;
  }
}
