/** Milliseconds. */
const SHORTEST = 200;
const LONGEST = 10_000;

/** How long to wait after failures: from 200 ms, twice as long each time, up to 10 s. */
export class BackOff {
  readonly #random: () => number;
  #failures = 0;

  /** @param random a number from 0 to 1, below 1. */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** All is well again. */
  reset(): void {
    this.#failures = 0;
  }

  /**
   * Counts a failure.
   * @returns milliseconds to wait: from half of the longest for this failure to all of it, so that sidecars that lost
   * the same API server do not come back together.
   */
  next(): number {
    this.#failures++;
    const longest = Math.min(SHORTEST * 2 ** Math.min(this.#failures, 20), LONGEST);
    return longest * (0.5 + 0.5 * this.#random());
  }
}
