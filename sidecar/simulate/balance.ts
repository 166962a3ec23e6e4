/** Follows how many requests each server has in flight, over time. */
export class Balance {
  /** Requests in flight per server now. */
  readonly inFlight: Int32Array;
  /** Request-milliseconds per server since the measuring began. */
  readonly #areas: Float64Array;
  #areaOfMost = 0;
  #total = 0;
  #at = 0;

  constructor(servers: number) {
    this.inFlight = new Int32Array(servers);
    this.#areas = new Float64Array(servers);
  }

  /** Forgets all that was up to `now`, except what is in flight. */
  begin(now: number): void {
    this.#areas.fill(0);
    this.#areaOfMost = 0;
    this.#at = now;
  }

  /** A server has one request more (1) or less (-1) from `now` on. */
  change(server: number, by: 1 | -1, now: number): void {
    this.advance(now);
    this.inFlight[server]! += by;
    this.#total += by;
  }

  /** Counts the time up to `now`. */
  advance(now: number): void {
    const passed = now - this.#at;
    this.#at = now;
    if (passed <= 0 || this.#total === 0) return;
    let most = 0;
    for (let server = 0; server < this.inFlight.length; server++) {
      const count = this.inFlight[server]!;
      this.#areas[server]! += count * passed;
      if (count > most) most = count;
    }
    this.#areaOfMost += most * passed;
  }

  /**
   * How uneven the moments were: the time average of the largest number in flight at any one server, over the time
   * average of the mean. 1 is even; NaN where nothing was in flight.
   */
  get momentary(): number {
    return this.#areaOfMost / this.#mean;
  }

  /** How uneven the whole was: the largest of the servers' time averages over their mean. NaN as above. */
  get lasting(): number {
    return Math.max(...this.#areas) / this.#mean;
  }

  get #mean(): number {
    return this.#areas.reduce((sum, area) => sum + area, 0) / this.#areas.length;
  }
}
