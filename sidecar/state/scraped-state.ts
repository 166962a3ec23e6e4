// Discovery, scraping and state put together.

import type { DiscoveredPool, Discovery } from "../discovery/pool.ts";
import type { ScrapeReport, TargetReport } from "../scrape/report.ts";
import { type ScrapeOptions, Scraper, stalenessThreshold } from "../scrape/scraper.ts";
import { systemClock } from "../support/clock.ts";
import { Pools } from "./pools.ts";
import type { PoolSource } from "./source.ts";
import { targetOf } from "./target.ts";

export interface ScrapedStateOptions extends ScrapeOptions {
  readonly discovery: Discovery;
  /** Milliseconds of the wall clock when this process began; now where left out. */
  readonly startedAt?: number;
}

const FIRST_ROUND_MS = 500;
const LOOK_MS = 5;

/** Endpoint state that keeps itself up to date between start and stop. */
export interface ScrapedState {
  readonly source: PoolSource;
  readonly scrapes: ScrapeReport;
  /**
   * Resolves when the pools are known; the first samples follow within an interval or so. Rejects with discovery's
   * reason where they cannot be known. To be called once.
   */
  start(): Promise<void>;
  /**
   * Resolves when every endpoint has been scraped once, well or not, or after half a second. What is pushed before
   * shows some endpoints as never seen, and all requests would go to the others.
   */
  firstRound(): Promise<void>;
  /** Ends discovery, every loop and every connection; the last state stays readable. */
  stop(): Promise<void>;
}

function isTried({ failures, lastDuration }: TargetReport): boolean {
  return failures > 0 || lastDuration !== undefined;
}

/**
 * State of the pools that a discovery finds, their endpoints scraped.
 * @throws RangeError naming the option that is out of its range.
 */
export function createScrapedState(options: ScrapedStateOptions): ScrapedState {
  const { discovery, clock = systemClock, random = Math.random, startedAt = Date.now() } = options;
  const pools = new Pools({ clock, startedAt, freshFor: stalenessThreshold(options), random });
  const scraper = new Scraper((key, signals, at) => pools.record(key, signals, at), options);
  const apply = (discovered: readonly DiscoveredPool[]): void => {
    pools.replace(discovered);
    scraper.watch(discovered.flatMap(({ endpoints }) => endpoints.map(targetOf)));
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
