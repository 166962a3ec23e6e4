// Discovery, scraping and state put together.

import type { DiscoveredPool, Discovery } from "../discovery/pool.ts";
import type { ScrapeReport, TargetReport } from "../scrape/report.ts";
import {
  type SampleListener,
  type ScrapeOptions,
  Scraper,
  stalenessThreshold,
  type TargetScraper,
} from "../scrape/scraper.ts";
import { systemClock } from "../support/clock.ts";
import { Pools } from "./pools.ts";
import { ScrapeTargets } from "./scrape-targets.ts";
import type { PolicySource, PoolSource } from "./source.ts";

export interface ScrapedStateOptions extends ScrapeOptions {
  readonly discovery: Discovery;
  /** Milliseconds of the wall clock when this process began; now where left out. */
  readonly startedAt?: number;
  /** Makes what scrapes; a Scraper, which scrapes everything itself, where left out. */
  readonly makeScraper?: (onSample: SampleListener, options: ScrapeOptions) => TargetScraper;
}

const FIRST_ROUND_MS = 500;
const LOOK_MS = 5;

/** Endpoint state that keeps itself up to date between start and stop. */
export interface ScrapedState {
  readonly source: PoolSource & PolicySource;
  readonly scrapes: ScrapeReport;
  /**
   * Resolves when the pools are known; the first samples follow within an interval or so. Rejects with discovery's
   * reason where they cannot be known. To be called once.
   */
  start(): Promise<void>;
  /**
   * Resolves when every endpoint that is ready has been scraped once, well or not, or after half a second. What is
   * pushed before shows some endpoints as never seen, and all requests would go to the others.
   */
  firstRound(): Promise<void>;
  /** Ends discovery, every loop and every connection; the last state stays readable. */
  stop(): Promise<void>;
}

function isTried({ by, failures, lastDuration }: TargetReport): boolean {
  return by === "peer" || failures > 0 || lastDuration !== undefined;
}

/**
 * State of the pools that a discovery finds, their endpoints scraped.
 * @throws RangeError naming the option that is out of its range.
 */
export function createScrapedState(options: ScrapedStateOptions): ScrapedState {
  const { discovery, clock = systemClock, random = Math.random, startedAt = Date.now() } = options;
  const pools = new Pools({ clock, startedAt, freshFor: stalenessThreshold(options), random });
  const makeScraper = options.makeScraper ?? ((onSample, options) => new Scraper(onSample, options));
  const scraper = makeScraper((key, signals, at) => pools.record(key, signals, at), options);
  const targets = new ScrapeTargets(scraper);
  const apply = (discovered: readonly DiscoveredPool[]): void => {
    pools.replace(discovered);
    targets.replace(discovered);
  };
  return {
    source: pools,
    scrapes: scraper,
    start: () => discovery.start(apply),
    firstRound() {
      const until = clock.now() + FIRST_ROUND_MS;
      return new Promise((resolve) => {
        const look = (): void => {
          if (clock.now() >= until || scraper.targets().every(isTried)) resolve();
          else clock.after(LOOK_MS, look);
        };
        look();
      });
    },
    async stop() {
      await discovery.stop();
      await scraper.stop();
    },
  };
}
