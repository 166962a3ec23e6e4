import type { Outcome, TargetChange } from "../scrape/report.ts";
import { Burst } from "../support/burst.ts";
import type { Clock } from "../support/clock.ts";
import { some } from "../support/some.ts";
import type { Log } from "./log.ts";

const WINDOW_MS = 1000;

function fieldsOf({ address, metricsUrl, by, reason }: TargetChange) {
  return { address, metricsUrl, ...(by === "peer" && { by }), ...(reason !== undefined && { reason }) };
}

/** How often each outcome came. */
function countOutcomes(changes: readonly TargetChange[]): Partial<Record<Outcome, number>> {
  const counts: Partial<Record<Outcome, number>> = {};
  for (const { outcome } of changes) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}

function addressesOf(changes: readonly TargetChange[]): readonly string[] {
  return some(changes.map(({ address }) => address));
}

/**
 * Tells of endpoints that begin to fail or are scraped again: once a second at most, however many they are, and of each
 * by itself only where it is alone, or to those who debug.
 */
export class TargetNews {
  readonly #log: Log;
  readonly #burst: Burst;
  /** By metrics URL, those that have failed since the last lines, well again or not, as they failed last. */
  readonly #failed = new Map<string, TargetChange>();
  /** Those that are well now. */
  readonly #well = new Map<string, TargetChange>();

  constructor(clock: Clock, log: Log) {
    this.#log = log;
    this.#burst = new Burst(clock, WINDOW_MS, () => this.#tell());
  }

  changed(change: TargetChange): void {
    const { outcome, metricsUrl } = change;
    this.#log.debug({ ...fieldsOf(change), outcome }, "outcome of scrapes has changed");
    if (outcome === "ok") {
      this.#well.set(metricsUrl, change);
    } else {
      this.#failed.set(metricsUrl, change);
      this.#well.delete(metricsUrl);
    }
    this.#burst.changed();
  }

  /** Nothing more is told. */
  stop(): void {
    this.#burst.stop();
  }

  #tell(): void {
    const failed = [...this.#failed.values()];
    const well = [...this.#well.values()];
    this.#failed.clear();
    this.#well.clear();
    if (failed.length === 1) {
      const [change] = failed as [TargetChange];
      this.#log.warn({ ...fieldsOf(change), outcome: change.outcome }, "endpoint cannot be scraped");
    } else if (failed.length > 1) {
      const { reason } = failed[0]!;
      this.#log.warn(
        { endpoints: failed.length, outcomes: countOutcomes(failed), addresses: addressesOf(failed), reason },
        "endpoints cannot be scraped",
      );
    }
    if (well.length === 1) this.#log.info(fieldsOf(well[0]!), "endpoint is scraped");
    else if (well.length > 1) {
      this.#log.info({ endpoints: well.length, addresses: addressesOf(well) }, "endpoints are scraped");
    }
  }
}
