import type { DiscoveredEndpoint, DiscoveredPool } from "../discovery/pool.ts";
import type { ScrapeTarget } from "../scrape/scrape-target.ts";
import { differingSpan } from "../support/span.ts";
import { targetOf } from "./target.ts";

/** Who scrapes. */
export interface TargetSink {
  add(target: ScrapeTarget): void;
  remove(key: string): void;
}

/**
 * Which targets are to be scraped: those of endpoints that are ready. One that is starting, or failing, would mostly
 * give failures; it is scraped as soon as it is ready.
 */
export class ScrapeTargets {
  readonly #sink: TargetSink;
  /** In how many pools a target is wanted. */
  readonly #wanted = new Map<string, number>();
  #pools: ReadonlyMap<string, DiscoveredPool> = new Map();

  constructor(sink: TargetSink) {
    this.#sink = sink;
  }

  /** These are the pools now. The cost is that of what is not the same object as before. */
  replace(discovered: readonly DiscoveredPool[]): void {
    const before = this.#pools;
    const pools = new Map(discovered.map((pool) => [pool.name, pool]));
    this.#pools = pools;
    const added: DiscoveredEndpoint[] = [];
    const removed: DiscoveredEndpoint[] = [];
    const compare = (old: readonly DiscoveredEndpoint[], now: readonly DiscoveredEndpoint[]): void => {
      const { start, endBefore, endAfter } = differingSpan(old, now);
      for (let index = start; index < endAfter; index++) added.push(now[index] as DiscoveredEndpoint);
      for (let index = start; index < endBefore; index++) removed.push(old[index] as DiscoveredEndpoint);
    };
    for (const pool of discovered) {
      const old = before.get(pool.name);
      if (old !== pool) compare(old?.endpoints ?? [], pool.endpoints);
    }
    for (const [name, { endpoints }] of before) {
      if (!pools.has(name)) compare(endpoints, []);
    }
    // In this order, what only moves is never unwanted in between, and keeps its connection.
    for (const endpoint of added) if (endpoint.ready) this.#want(targetOf(endpoint));
    for (const endpoint of removed) if (endpoint.ready) this.#unwant(targetOf(endpoint).key);
  }

  #want(target: ScrapeTarget): void {
    const pools = this.#wanted.get(target.key) ?? 0;
    this.#wanted.set(target.key, pools + 1);
    if (pools === 0) this.#sink.add(target);
  }

  #unwant(key: string): void {
    const pools = (this.#wanted.get(key) ?? 0) - 1;
    if (pools > 0) {
      this.#wanted.set(key, pools);
    } else {
      this.#wanted.delete(key);
      this.#sink.remove(key);
    }
  }
}
