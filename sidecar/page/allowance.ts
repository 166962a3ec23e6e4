/** So many at once, and so many per second from then on. */
export class Allowance {
  readonly #most: number;
  readonly #perMs: number;
  #left: number;
  #at = 0;

  constructor(most: number, perSecond: number) {
    this.#most = most;
    this.#perMs = perSecond / 1000;
    this.#left = most;
  }

  /** Whether there is one more at that monotonic time in milliseconds; if so, it is taken. */
  take(now: number): boolean {
    this.#left = Math.min(this.#most, this.#left + Math.max(0, now - this.#at) * this.#perMs);
    this.#at = now;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}
