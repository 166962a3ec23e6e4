// Figures of late: each event counts half after HALF_LIFE_MS, so nothing has to be kept by the second.

/** Milliseconds after which an event counts half. */
const HALF_LIFE_MS = 10_000;
/** A rate r kept up for long comes to a sum of r x HALF_LIFE / ln 2. */
const PER_SECOND = (Math.LN2 * 1000) / HALF_LIFE_MS;
/** Milliseconds for which a maximum holds at least; twice as many at most. */
const PEAK_MS = 15_000;

/** A sum in which what was added counts less and less. */
export class RecentSum {
  #sum = 0;
  #at = 0;

  /** Adds at that time of a monotonic clock, in milliseconds. */
  add(amount: number, now: number): void {
    this.#sum = this.at(now) + amount;
    this.#at = now;
  }

  /** What is left of it at that time. */
  at(now: number): number {
    return this.#sum * 2 ** (-Math.max(0, now - this.#at) / HALF_LIFE_MS);
  }

  /** The same as a rate per second. */
  perSecond(now: number): number {
    return this.at(now) * PER_SECOND;
  }
}

/** The greatest of what was added in the last 15 to 30 seconds. */
export class RecentPeak {
  #period = 0;
  #present = 0;
  #last = 0;

  /** Adds at that time of a monotonic clock, in milliseconds. */
  add(value: number, now: number): void {
    this.#turn(now);
    this.#present = Math.max(this.#present, value);
  }

  /** The greatest at that time; 0 where there is none. */
  at(now: number): number {
    this.#turn(now);
    return Math.max(this.#present, this.#last);
  }

  #turn(now: number): void {
    const period = Math.floor(now / PEAK_MS);
    if (period === this.#period) return;
    this.#last = period === this.#period + 1 ? this.#present : 0;
    this.#present = 0;
    this.#period = period;
  }
}
