// When an endpoint is scraped.

import type { Clock } from "../support/clock.ts";
import type { Exchange, ExchangeResult } from "./exchange.ts";
import type { Lane, Place } from "./lane.ts";

/** A failing endpoint is still tried this often, in milliseconds. */
export const MAX_BACKOFF = 1000;

/**
 * Where scrapes wait for their turn. Endpoints that have not answered well the last time have a lane of their own: as
 * many of them as there may be, each holding its place until its timeout, they cannot keep the others waiting.
 */
export interface Lanes {
  readonly trusted: Lane;
  readonly doubtful: Lane;
}

export interface LoopOptions {
  readonly clock: Clock;
  /** A number from 0 to 1, below 1. */
  readonly random: () => number;
  /** Milliseconds from one scrape to the next. */
  readonly interval: number;
  readonly lanes: Lanes;
}

/**
 * The deadline that follows one: on the grid of intervals that the first deadline set, so that a late timer or a slow
 * scrape shifts nothing, never in the past, so that nothing is made up for.
 * @param failures since the last success: the first retry comes after one interval, each further one after twice the
 * time before, up to MAX_BACKOFF.
 */
export function nextDeadline(deadline: number, now: number, interval: number, failures: number): number {
  const intervals = failures < 2 ? 1 : Math.min(2 ** Math.min(failures - 1, 30), Math.floor(MAX_BACKOFF / interval));
  const next = deadline + Math.max(intervals, 1) * interval;
  return next >= now ? next : next + Math.ceil((now - next) / interval) * interval;
}

/** Scrapes one endpoint again and again, one exchange at a time. */
export class ScrapeLoop {
  readonly #exchange: Exchange;
  readonly #options: LoopOptions;
  readonly #onResult: (result: ExchangeResult, duration: number) => void;
  #cancelTimer: () => void = () => undefined;
  #place: Place | undefined;
  #deadline = 0;
  #failures = 0;
  #trusted = false;
  #onGrid = false;
  #stopped = false;

  /** @param onResult gets each exchange's result and how many milliseconds it took. */
  constructor(exchange: Exchange, options: LoopOptions, onResult: (result: ExchangeResult, duration: number) => void) {
    this.#exchange = exchange;
    this.#options = options;
    this.#onResult = onResult;
  }

  /**
   * The first scrape comes at once: until its first sample an endpoint gets no requests, and the others get its share.
   * The second comes anywhere within the next interval and sets the grid, so that loops started together spread out.
   */
  start(): void {
    this.#deadline = this.#options.clock.now();
    this.#sleep();
  }

  /** No result comes any more; resolves when the connection is closed. */
  stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTimer();
    this.#place?.leave();
    return this.#exchange.close();
  }

  #sleep(): void {
    const { clock, lanes } = this.#options;
    this.#cancelTimer = clock.after(Math.max(0, this.#deadline - clock.now()), () => {
      const lane = this.#trusted ? lanes.trusted : lanes.doubtful;
      this.#place = lane.enter((place) => this.#scrape(place));
    });
  }

  #scrape(place: Place): void {
    const { clock, random, interval } = this.#options;
    const started = clock.now();
    this.#exchange.run((result) => {
      place.leave();
      if (this.#stopped) return;
      const now = clock.now();
      this.#trusted = result.outcome === "ok";
      this.#failures = this.#trusted ? 0 : this.#failures + 1;
      if (!this.#onGrid) this.#deadline -= random() * interval;
      this.#onGrid = true;
      this.#deadline = nextDeadline(this.#deadline, now, interval, this.#failures);
      this.#sleep();
      this.#onResult(result, now - started);
    });
  }
}
