import type { Engine } from "../../simulator/engine.ts";
import type { VirtualClock } from "../../simulator/virtual-clock.ts";
import { encodeLoad } from "../../wire/encode.ts";
import type { Sample } from "../../wire/model.ts";

/** Milliseconds from a scrape to the frame that tells of it; what is scraped meanwhile goes along. */
const PUSH_DELAY_MS = 1;
/** Milliseconds for which a sample is believed, as the sidecar has it by default. */
const FRESH_FOR_MS = 2000;

/** What scraping needs of the run. */
export interface ScraperOptions {
  readonly clock: VirtualClock;
  readonly engines: readonly Engine[];
  readonly pool: string;
  readonly rosterEpoch: bigint;
  /** Milliseconds between two scrapes of one engine; at most FRESH_FOR_MS, or samples are stale most of the time. */
  readonly interval: number;
  active(): boolean;
  /** Takes each LOAD frame to the gateway. */
  push(frame: Uint8Array): void;
}

/**
 * The sidecar's part of a run: looks at each engine every interval, the engines' turns spread evenly over it, and tells
 * the gateway what it has seen, every sample with its true age.
 */
export class Scraper {
  readonly #options: ScraperOptions;
  readonly #samples: Sample[];
  readonly #sampledAt: number[];
  #sequence = 0n;
  #pushing = false;

  constructor(options: ScraperOptions) {
    this.#options = options;
    const { engines, clock, interval } = options;
    this.#samples = engines.map((engine) => this.#look(engine, 0));
    this.#sampledAt = engines.map(() => clock.now());
    engines.forEach((_, index) => {
      const phase = (interval * (index + 1)) / engines.length;
      clock.at(clock.now() + phase, () => this.#scrape(index));
    });
  }

  /** All that is known, as a frame of this moment. */
  frame(): Uint8Array {
    const { clock, pool, rosterEpoch } = this.#options;
    const now = clock.now();
    this.#sequence++;
    return encodeLoad({
      pool,
      rosterEpoch,
      sequence: this.#sequence,
      sentAt: BigInt(Math.floor(now * 1000)),
      freshFor: FRESH_FOR_MS,
      samples: this.#samples.map((one, index) => ({ ...one, age: Math.floor(now - this.#sampledAt[index]!) })),
    });
  }

  #look(engine: Engine, counter: number): Sample {
    return {
      ready: true,
      age: 0,
      counter,
      waiting: engine.waiting,
      running: engine.running,
      kvUsage: engine.kvCacheUsage,
      blockSize: engine.config.blockSize,
      blockCount: engine.config.numGpuBlocks,
      runningAdapters: [],
      waitingAdapters: [],
      maxAdapters: 0,
    };
  }

  #scrape(index: number): void {
    const { clock, engines, interval, active, push } = this.#options;
    if (!active()) return;
    this.#samples[index] = this.#look(engines[index]!, this.#samples[index]!.counter + 1);
    this.#sampledAt[index] = clock.now();
    clock.at(clock.now() + interval, () => this.#scrape(index));
    if (this.#pushing) return;
    this.#pushing = true;
    clock.at(clock.now() + PUSH_DELAY_MS, () => {
      this.#pushing = false;
      push(this.frame());
    });
  }
}
