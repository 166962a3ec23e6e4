// Keeps one scrape loop for each endpoint that is wanted.

import { Alarms } from "../support/alarms.ts";
import { type Clock, systemClock } from "../support/clock.ts";
import type { MetricsOf } from "./engines.ts";
import { type ExchangeOptions, type ExchangeResult, HttpExchange } from "./exchange.ts";
import { Lane } from "./lane.ts";
import { type LoopListener, type LoopOptions, ScrapeLoop } from "./loop.ts";
import {
  noOutcomes,
  type Outcome,
  type OutcomeCounts,
  type ScrapedBy,
  type ScrapeReport,
  type TargetChange,
  type TargetReport,
} from "./report.ts";
import type { ScrapeTarget } from "./scrape-target.ts";
import { SignalReaders } from "./signal-readers.ts";
import type { Signals } from "./signals.ts";

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
  /** What engines call their metrics; engineMetrics where left out. */
  readonly metricsOf?: MetricsOf;
  readonly clock?: Clock;
  /** A number from 0 to 1, below 1; Math.random where left out. */
  readonly random?: () => number;
  readonly onTargetChange?: (change: TargetChange) => void;
  /** Gets every scrape's result, by the target's key. */
  readonly onResult?: (key: string, result: ExchangeResult) => void;
}

/** Who scrapes what discovery finds. */
export interface TargetScraper extends ScrapeReport {
  /** Sees to it that the target is scraped from now on. */
  add(target: ScrapeTarget): void;
  /** The target with this key need not be scraped any longer. */
  remove(key: string): void;
  /** Ends it; resolves when no socket is left. */
  stop(): Promise<void>;
}

/** Gets each good scrape: the target's key, its signals, and the clock's milliseconds that they stand for. */
export type SampleListener = (key: string, signals: Signals, at: number) => void;

const DEFAULT_INTERVAL = 50;
const DEFAULT_STALENESS_THRESHOLD = 2000;
const MAX_U32 = 0xffffffff;
const DEFAULT_MAX_BYTES = 4194304;
const DEFAULT_CONCURRENCY = 512;
/** An exposition takes milliseconds; who needs a second is in trouble, and a sample that old is nearly stale. */
const MAX_DEFAULT_TIMEOUT = 1000;

/**
 * Milliseconds between scrapes from which on a connection is not kept from one to the next: it would take memory and be
 * closed by either side meanwhile, or in the middle of the next request. Undici closes after 4 s what is idle, the
 * HTTP server of vLLM after 5 s.
 */
const KEPT_INTERVAL = 3000;

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

/** Who is told of all results. */
type Note = (watched: Watched, result: ExchangeResult, duration: number) => void;

/** A target's loop and its report. */
class Watched implements TargetReport, LoopListener {
  readonly by: ScrapedBy = "self";
  readonly target: ScrapeTarget;
  readonly outcomes = noOutcomes();
  failures = 0;
  lastError: string | undefined;
  lastDuration: number | undefined;
  readonly loop: ScrapeLoop;
  readonly #note: Note;

  constructor(target: ScrapeTarget, exchange: ExchangeOptions, loop: LoopOptions, note: Note) {
    this.target = target;
    this.loop = new ScrapeLoop(new HttpExchange(target.metricsUrl, target.engine, exchange), loop, this);
    this.#note = note;
  }

  scraped(result: ExchangeResult, duration: number): void {
    this.#note(this, result, duration);
  }
}

/** Scrapes a changing set of endpoints. */
export class Scraper implements TargetScraper {
  readonly #onSample: SampleListener;
  readonly #onTargetChange: (change: TargetChange) => void;
  readonly #onResult: (key: string, result: ExchangeResult) => void;
  readonly #exchange: ExchangeOptions;
  readonly #loop: LoopOptions;
  readonly #watched = new Map<string, Watched>();
  readonly #totals = noOutcomes();
  readonly #closing = new Set<Promise<void>>();

  /**
   * @param onSample gets each good scrape: the target's key, its signals and the clock's milliseconds at the moment
   * that they stand for, which is when the request was sent.
   * @throws RangeError naming the option that is out of its range.
   */
  constructor(onSample: SampleListener, options: ScrapeOptions = {}) {
    this.#onSample = onSample;
    this.#onTargetChange = options.onTargetChange ?? (() => undefined);
    this.#onResult = options.onResult ?? (() => undefined);
    const { clock = systemClock, random = Math.random } = options;
    const threshold = stalenessThreshold(options);
    const interval = option("interval", options.interval ?? DEFAULT_INTERVAL, 1, threshold);
    const timeout = option("timeout", options.timeout ?? Math.min(MAX_DEFAULT_TIMEOUT, threshold / 2), 1, threshold);
    const maxBytes = option("maxBytes", options.maxBytes ?? DEFAULT_MAX_BYTES, 1);
    const concurrency = option("concurrency", options.concurrency ?? DEFAULT_CONCURRENCY, 2);
    const lanes = {
      trusted: new Lane(Math.ceil(concurrency / 2)),
      doubtful: new Lane(Math.floor(concurrency / 2)),
    };
    this.#loop = { clock, alarms: new Alarms(clock), random, interval, lanes };
    this.#exchange = {
      clock,
      timeout,
      maxBytes,
      verifyTls: options.verifyTls ?? true,
      keepConnection: interval < KEPT_INTERVAL,
      readers: new SignalReaders(options.metricsOf),
    };
  }

  /**
   * Scrapes these targets from now on and no others. A target that stays, by its key, keeps its rhythm, its counts
   * and its connection.
   */
  watch(targets: Iterable<ScrapeTarget>): void {
    const wanted = new Map<string, ScrapeTarget>();
    for (const target of targets) wanted.set(target.key, target);
    for (const key of this.#watched.keys()) {
      if (!wanted.has(key)) this.remove(key);
    }
    for (const target of wanted.values()) this.add(target);
  }

  /** Scrapes this target too, for the first time after so many milliseconds. */
  add(target: ScrapeTarget, delay = 0): void {
    if (!this.#watched.has(target.key)) this.#watched.set(target.key, this.#begin(target, delay));
  }

  /** Scrapes the target with this key no longer. */
  remove(key: string): void {
    const watched = this.#watched.get(key);
    if (watched === undefined) return;
    this.#watched.delete(key);
    this.#end(watched);
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

  #begin(target: ScrapeTarget, delay: number): Watched {
    const watched = new Watched(target, this.#exchange, this.#loop, this.#note);
    watched.loop.start(delay);
    return watched;
  }

  #end(watched: Watched): void {
    const closed: Promise<void> = watched.loop.stop().finally(() => this.#closing.delete(closed));
    this.#closing.add(closed);
  }

  /** A function of its own, so that targets need none each. */
  readonly #note: Note = (watched, result, duration) => {
    const { key } = watched.target;
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
    this.#onResult(key, result);
    if (result.outcome === "ok") this.#onSample(key, result.signals, result.at);
  };

  #tell(watched: Watched, outcome: Outcome): void {
    const { target, by, lastError } = watched;
    const { address, metricsUrl } = target;
    this.#onTargetChange({ address, metricsUrl, by, outcome, reason: lastError });
  }
}
