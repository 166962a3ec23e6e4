/** Milliseconds over which the quickest message counts; the window moves in halves. */
const HALF_WINDOW_MS = 5000;

/**
 * How long messages of one sender lay about somewhere, beyond what they always take. No two clocks need to agree: the
 * least difference between sending and arriving in the last 5 to 10 s stands for no delay. A clock that jumps, as when
 * a machine was asleep, is forgiven within that time.
 */
export class Delays {
  #least = Number.POSITIVE_INFINITY;
  #leastBefore = Number.POSITIVE_INFINITY;
  #since = Number.NEGATIVE_INFINITY;

  /** Milliseconds of delay of a message that was sent at that time of the sender's clock and came now. */
  of(sentAt: number, now: number): number {
    const elapsed = now - this.#since;
    if (elapsed >= HALF_WINDOW_MS) {
      this.#leastBefore = elapsed >= 2 * HALF_WINDOW_MS ? Number.POSITIVE_INFINITY : this.#least;
      this.#least = Number.POSITIVE_INFINITY;
      this.#since = now;
    }
    const difference = now - sentAt;
    this.#least = Math.min(this.#least, difference);
    return difference - Math.min(this.#least, this.#leastBefore);
  }
}
