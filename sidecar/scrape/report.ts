// What scraping tells of itself, for metrics and logs.

import type { ScrapeTarget } from "./scrape-target.ts";

/**
 * How a scrape ended:
 * - `ok`: a new sample;
 * - `timeout`: not complete in time;
 * - `too_large`: more bytes than allowed;
 * - `status`: another HTTP status than 200;
 * - `connect`: no connection, or it broke;
 * - `unusable`: no HTTP, or an exposition without the engine's metrics.
 */
export type Outcome = "ok" | "timeout" | "too_large" | "status" | "connect" | "unusable";

export const OUTCOMES: readonly Outcome[] = ["ok", "timeout", "too_large", "status", "connect", "unusable"];

export type OutcomeCounts = Readonly<Record<Outcome, number>>;

/** Who scrapes an endpoint: this process, or another replica of it that passes on what it sees. */
export type ScrapedBy = "self" | "peer";

/** The scraping of one endpoint so far; the object is live. */
export interface TargetReport {
  readonly target: ScrapeTarget;
  readonly by: ScrapedBy;
  /** Of this process's own scrapes. */
  readonly outcomes: OutcomeCounts;
  /** Failures since the last success; by a peer: 1 where the last scrape failed, else 0. */
  readonly failures: number;
  /** Why the last scrape failed; undefined where it succeeded or there was none. */
  readonly lastError: string | undefined;
  /** Milliseconds that the last successful scrape took; undefined before the first. */
  readonly lastDuration: number | undefined;
}

/** A target has begun to fail, or is scraped again: the first scrape's outcome and every change after it. */
export interface TargetChange {
  readonly address: string;
  readonly metricsUrl: string;
  readonly by: ScrapedBy;
  readonly outcome: Outcome;
  /** Why it fails; undefined where it does not. */
  readonly reason: string | undefined;
}

/** Scraping at large. */
export interface ScrapeReport {
  /** Scrapes by outcome since the start, those of endpoints that are gone included. */
  totals(): OutcomeCounts;
  /** Every endpoint that is scraped now. */
  targets(): IteratorObject<TargetReport>;
}

/** Zero of each. */
export function noOutcomes(): Record<Outcome, number> {
  return { ok: 0, timeout: 0, too_large: 0, status: 0, connect: 0, unusable: 0 };
}
