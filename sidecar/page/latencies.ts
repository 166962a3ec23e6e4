import { RecentSum } from "./recency.ts";

/** Upper bounds in milliseconds; the last bucket has none. */
export const LATENCY_BOUNDS = [10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000] as const;

/** Latencies of late by bucket. */
export class RecentLatencies {
  readonly #buckets = Array.from({ length: LATENCY_BOUNDS.length + 1 }, () => new RecentSum());

  /** Counts a latency at that time; both are milliseconds. */
  add(latency: number, now: number): void {
    const found = LATENCY_BOUNDS.findIndex((bound) => latency <= bound);
    this.#buckets[found < 0 ? LATENCY_BOUNDS.length : found]!.add(1, now);
  }

  /** How many of late fell into each bucket, the last without bound. */
  counts(now: number): number[] {
    return this.#buckets.map((bucket) => bucket.at(now));
  }
}
