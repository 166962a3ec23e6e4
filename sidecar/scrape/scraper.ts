// Keeps one scrape loop for each endpoint that is wanted.

import { type Clock, systemClock } from "../support/clock.ts";
import { type ExchangeOptions, type ExchangeResult, HttpExchange } from "./exchange.ts";
import { Lane } from "./lane.ts";
import { type Lanes, ScrapeLoop } from "./loop.ts";
import {
  noOutcomes,
  type Outcome,
  type OutcomeCounts,
  type ScrapeReport,
  type TargetChange,
  type TargetReport,
} from "./report.ts";
import type { Signals } from "./signals.ts";

/** An endpoint to scrape. Equal keys are the same target, whatever pools it is in. */
export interface ScrapeTarget {
  readonly key: string;
  readonly address: string;
  readonly metricsUrl: string;
  /** One of the ENGINE_ constants. */
  readonly engine: number;
}

export interface ScrapeOptions {
  /** Milliseconds between scrapes of one endpoint, at least 1; 50 where left out. */
  readonly interval?: number;
  /** Milliseconds for one scrape, connecting included; half of metricsStalenessThreshold, at most 1,000, where left out. */
  readonly timeout?: number;
  /** Milliseconds after which a sample is stale; 2,000 where left out. Interval and timeout stay below it. */
  readonly metricsStalenessThreshold?: number;
  /** Largest exposition in bytes; 4 MiB where left out. */
  readonly maxBytes?: number;
  /** Scrapes at one time over all endpoints, at least 2; 512 where left out. Half of them are for endpoints that fail. */
  readonly concurrency?: number;
  /** Whether certificates of https endpoints are checked; true where left out. */
  readonly verifyTls?: boolean;
  readonly clock?: Clock;
  /** A number from 0 to 1, below 1; Math.random where left out. */
  readonly random?: () => number;
  readonly onTargetChange?: (change: TargetChange) => void;
}

const DEFAULT_INTERVAL = 50;
const DEFAULT_STALENESS_THRESHOLD = 2000;
const MAX_U32 = 0xffffffff;
const DEFAULT_MAX_BYTES = 4194304;
const DEFAULT_CONCURRENCY = 512;
/** An exposition takes milliseconds; who needs a second is in trouble, and a sample that old is nearly stale. */
const MAX_DEFAULT_TIMEOUT = 1000;

function option(name: string, value: number, min: number, below = Number.POSITIVE_INFINITY): number {
  if (value >= min && value < below) return value;
  const bounds = below === Number.POSITIVE_INFINITY ? `at least ${min}` : `at least ${min} and below ${below}`;
  throw new RangeError(`${name} is ${value}, must be ${bounds}`);
}

/**
 * The staleness threshold of options, or its default.
 * @throws RangeError where it is no whole number of milliseconds that fits a LOAD frame.
 */
export function stalenessThreshold(options: Pick<ScrapeOptions, "metricsStalenessThreshold">): number {
  const threshold = options.metricsStalenessThreshold ?? DEFAULT_STALENESS_THRESHOLD;
  if (Number.isInteger(threshold) && threshold >= 2 && threshold <= MAX_U32) return threshold;
  throw new RangeError(`metricsStalenessThreshold is ${threshold}, must be an integer from 2 to ${MAX_U32}`);
}

/** A target's loop and its report. */
class Watched implements TargetReport {
  readonly address: string;
  readonly metricsUrl: string;
  readonly engine: number;
  readonly outcomes = noOutcomes();
  failures = 0;
  lastError: string | undefined;
  lastDuration: number | undefined;
  readonly loop: ScrapeLoop;

  constructor(target: ScrapeTarget, loop: (watched: Watched) => ScrapeLoop) {
    this.address = target.address;
    this.metricsUrl = target.metricsUrl;
    this.engine = target.engine;
    this.loop = loop(this);
  }
}

/** Scrapes a changing set of endpoints. */
export class Scraper implements ScrapeReport {
  readonly #onSample: (key: string, signals: Signals, at: number) => void;
  readonly #onTargetChange: (change: TargetChange) => void;
  readonly #exchange: ExchangeOptions;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #interval: number;
  readonly #lanes: Lanes;
  readonly #watched = new Map<string, Watched>();
  readonly #totals = noOutcomes();
  readonly #closing = new Set<Promise<void>>();

  /**
   * @param onSample gets each good scrape: the target's key, its signals and the clock's milliseconds at the moment
   * that they stand for, which is when the request was sent.
   * @throws RangeError naming the option that is out of its range.
   */
  constructor(onSample: (key: string, signals: Signals, at: number) => void, options: ScrapeOptions = {}) {
    this.#onSample = onSample;
    this.#onTargetChange = options.onTargetChange ?? (() => undefined);
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    const threshold = stalenessThreshold(options);
    this.#interval = option("interval", options.interval ?? DEFAULT_INTERVAL, 1, threshold);
    const timeout = option("timeout", options.timeout ?? Math.min(MAX_DEFAULT_TIMEOUT, threshold / 2), 1, threshold);
    const maxBytes = option("maxBytes", options.maxBytes ?? DEFAULT_MAX_BYTES, 1);
    const concurrency = option("concurrency", options.concurrency ?? DEFAULT_CONCURRENCY, 2);
    this.#lanes = {
      trusted: new Lane(Math.ceil(concurrency / 2)),
      doubtful: new Lane(Math.floor(concurrency / 2)),
    };
    this.#exchange = { clock: this.#clock, timeout, maxBytes, verifyTls: options.verifyTls ?? true };
  }

  /**
   * Scrapes these targets from now on and no others. A target that stays, by its key, keeps its rhythm, its counts
   * and its connection.
   */
  watch(targets: Iterable<ScrapeTarget>): void {
    const wanted = new Map<string, ScrapeTarget>();
    for (const target of targets) wanted.set(target.key, target);
    for (const [key, watched] of this.#watched) {
      if (wanted.has(key)) continue;
      this.#watched.delete(key);
      this.#end(watched);
    }
    for (const [key, target] of wanted) {
      if (!this.#watched.has(key)) this.#watched.set(key, this.#begin(target));
    }
  }

  /** Ends every loop; resolves when no socket is left. */
  async stop(): Promise<void> {
    this.watch([]);
    await Promise.all(this.#closing);
  }

  totals(): OutcomeCounts {
    return this.#totals;
  }

  targets(): IteratorObject<TargetReport> {
    return this.#watched.values();
  }

  #begin(target: ScrapeTarget): Watched {
    const exchange = new HttpExchange(target.metricsUrl, target.engine, this.#exchange);
    const options = { clock: this.#clock, random: this.#random, interval: this.#interval, lanes: this.#lanes };
    const watched = new Watched(
      target,
      (report) =>
        new ScrapeLoop(exchange, options, (result, duration) => this.#note(target.key, report, result, duration)),
    );
    watched.loop.start();
    return watched;
  }

  #end(watched: Watched): void {
    const closed: Promise<void> = watched.loop.stop().finally(() => this.#closing.delete(closed));
    this.#closing.add(closed);
  }

  #note(key: string, watched: Watched, result: ExchangeResult, duration: number): void {
    const { outcome } = result;
    const first = watched.failures === 0 && watched.lastDuration === undefined;
    const failedBefore = watched.failures > 0;
    watched.outcomes[outcome]++;
    this.#totals[outcome]++;
    if (result.outcome === "ok") {
      watched.failures = 0;
      watched.lastError = undefined;
      watched.lastDuration = duration;
    } else {
      watched.failures++;
      watched.lastError = result.reason;
    }
    if (first || failedBefore !== watched.failures > 0) this.#tell(watched, outcome);
    if (result.outcome === "ok") this.#onSample(key, result.signals, result.at);
  }

  #tell(watched: Watched, outcome: Outcome): void {
    const { address, metricsUrl, lastError } = watched;
    this.#onTargetChange({ address, metricsUrl, outcome, reason: lastError });
  }
}
