// When an endpoint is scraped.

import { type Alarm, type Alarms, UNSET } from "../support/alarms.ts";
import type { Clock } from "../support/clock.ts";
import type { Exchange, ExchangeResult } from "./exchange.ts";
import type { Guest, Lane } from "./lane.ts";

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

/** What all loops share. */
export interface LoopOptions {
  readonly clock: Clock;
  /** On the same clock. */
  readonly alarms: Alarms;
  /** A number from 0 to 1, below 1. */
  readonly random: () => number;
  /** Milliseconds from one scrape to the next. */
  readonly interval: number;
  readonly lanes: Lanes;
}

/** Who is told of a loop's scrapes. */
export interface LoopListener {
  /** Gets each exchange's result and how many milliseconds it took. */
  scraped(result: ExchangeResult, duration: number): void;
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
export class ScrapeLoop implements Alarm, Guest {
  readonly #exchange: Exchange;
  readonly #options: LoopOptions;
  readonly #listener: LoopListener;
  due = 0;
  place = UNSET;
  #failures = 0;
  #trusted = false;
  #onGrid = false;
  #stopped = false;

  constructor(exchange: Exchange, options: LoopOptions, listener: LoopListener) {
    this.#exchange = exchange;
    this.#options = options;
    this.#listener = listener;
  }

  /**
   * The first scrape comes after so many milliseconds, or at once: until its first sample an endpoint gets no requests,
   * and the others get its share. The second comes anywhere within the next interval and sets the grid, so that loops
   * started together spread out.
   */
  start(delay = 0): void {
    const { alarms, clock } = this.#options;
    alarms.set(this, clock.now() + delay);
  }

  /** No result comes any more; resolves when the connection is closed. */
  stop(): Promise<void> {
    this.#stopped = true;
    this.#options.alarms.unset(this);
    this.#lane.leave(this);
    return this.#exchange.close();
  }

  /** It is time for the next scrape. */
  ring(): void {
    this.#lane.enter(this);
  }

  /** There is room for a scrape. */
  admitted(): void {
    const started = this.#options.clock.now();
    this.#exchange.run((result) => this.#ended(result, started));
  }

  get #lane(): Lane {
    const { lanes } = this.#options;
    return this.#trusted ? lanes.trusted : lanes.doubtful;
  }

  #ended(result: ExchangeResult, started: number): void {
    this.#lane.leave(this);
    if (this.#stopped) return;
    const { alarms, clock, random, interval } = this.#options;
    const now = clock.now();
    this.#trusted = result.outcome === "ok";
    this.#failures = this.#trusted ? 0 : this.#failures + 1;
    const deadline = this.#onGrid ? this.due : this.due - random() * interval;
    this.#onGrid = true;
    alarms.set(this, nextDeadline(deadline, now, interval, this.#failures));
    this.#listener.scraped(result, now - started);
  }
}
