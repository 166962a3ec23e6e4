import type { ExchangeResult } from "../scrape/exchange.ts";
import type { Outcome, OutcomeCounts, TargetChange, TargetReport } from "../scrape/report.ts";
import type { ScrapeTarget } from "../scrape/scrape-target.ts";
import {
  type SampleListener,
  type ScrapeOptions,
  Scraper,
  stalenessThreshold,
  type TargetScraper,
} from "../scrape/scraper.ts";
import { systemClock } from "../support/clock.ts";
import { BEAT_LOOKS, type Group, LOOK_MS, type Peer, SILENT_LOOKS } from "./group.ts";
import type { ScrapeItem } from "./messages.ts";
import { ScrapeNews } from "./scrape-news.ts";
import { SharedTarget } from "./shared-target.ts";

/** Looks of silence about a target that are always granted: its owner speaks of it every three. */
const LEAST_PATIENCE_LOOKS = 4;
/** Share of the staleness threshold over which first scrapes of taken-over targets spread out. */
const SPREAD = 1 / 8;

/** What scrapes the part of the targets that falls to this replica. */
export type PartScraper = Pick<Scraper, "add" | "remove" | "stop" | "totals" | "targets">;
type MakePart = (...args: ConstructorParameters<typeof Scraper>) => PartScraper;

/**
 * Scrapes its part of the targets, and passes on the samples that peers have of theirs. A target changes hands without a
 * gap: whoever scrapes it goes on until a replica that comes before it has spoken of it.
 */
export class SharedScraper implements TargetScraper {
  readonly #group: Group;
  readonly #onSample: SampleListener;
  readonly #onTargetChange: (change: TargetChange) => void;
  readonly #clock: NonNullable<ScrapeOptions["clock"]>;
  readonly #random: () => number;
  readonly #scraper: PartScraper;
  readonly #news: ScrapeNews;
  readonly #patience: number;
  readonly #spread: number;
  readonly #targets = new Map<string, SharedTarget>();
  readonly #byHash = new Map<bigint, SharedTarget>();

  /**
   * @param make makes what scrapes this replica's part.
   * @throws RangeError naming the option that is out of its range.
   */
  constructor(
    group: Group,
    onSample: SampleListener,
    options: ScrapeOptions,
    make: MakePart = (...args) => new Scraper(...args),
  ) {
    this.#group = group;
    this.#onSample = onSample;
    this.#onTargetChange = options.onTargetChange ?? (() => undefined);
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    const threshold = stalenessThreshold(options);
    this.#patience = Math.min(SILENT_LOOKS, Math.max(LEAST_PATIENCE_LOOKS, Math.floor(threshold / 2 / LOOK_MS)));
    this.#spread = threshold * SPREAD;
    this.#news = new ScrapeNews(group, this.#clock);
    this.#scraper = make((key, signals, at) => this.#sampled(this.#targets.get(key), signals, at), {
      ...options,
      onTargetChange: () => undefined,
      onResult: (key, result) => this.#scraped(key, result),
    });
    group.listen({
      scrapes: (peer, items, delay) => this.#heard(peer, items, delay),
      left: (peer) => this.#left(peer),
      connected: () => this.#divide(),
      looked: (looks) => this.#looked(looks),
    });
  }

  add(target: ScrapeTarget): void {
    if (this.#targets.has(target.key)) return;
    const shared = new SharedTarget(target);
    this.#targets.set(target.key, shared);
    this.#byHash.set(shared.hash, shared);
    this.#scraper.add(target);
  }

  remove(key: string): void {
    const shared = this.#targets.get(key);
    if (shared === undefined) return;
    this.#targets.delete(key);
    this.#byHash.delete(shared.hash);
    this.#scraper.remove(key);
  }

  async stop(): Promise<void> {
    this.#news.stop();
    this.#targets.clear();
    this.#byHash.clear();
    await this.#scraper.stop();
  }

  totals(): OutcomeCounts {
    return this.#scraper.totals();
  }

  *targets(): Generator<TargetReport> {
    yield* this.#scraper.targets();
    for (const target of this.#targets.values()) if (!target.isMine) yield target;
  }

  /** The look from which on words count. */
  get #since(): number {
    return this.#group.looks - this.#patience;
  }

  #looked(looks: number): void {
    this.#divide();
    for (const { hash, isMine, toldAt, ownOutcome } of this.#targets.values()) {
      if (!isMine || ownOutcome === undefined || looks - toldAt < BEAT_LOOKS) continue;
      this.#news.add({ target: hash, outcome: ownOutcome, reason: "", sample: undefined });
    }
  }

  /** Decides anew who scrapes what. */
  #divide(): void {
    const since = this.#since;
    for (const shared of this.#targets.values()) {
      const isMine = shared.isNeeded(since);
      if (isMine === shared.isMine) continue;
      shared.isMine = isMine;
      shared.ownOutcome = undefined;
      const { target, sampledAt } = shared;
      if (!isMine) this.#scraper.remove(target.key);
      // What has a sample can wait for a moment, so that taking over a thousand targets is no burst.
      else this.#scraper.add(target, sampledAt === Number.NEGATIVE_INFINITY ? 0 : this.#random() * this.#spread);
    }
  }

  #scraped(key: string, result: ExchangeResult): void {
    const target = this.#targets.get(key);
    if (target === undefined) return;
    const { outcome } = result;
    const isOk = result.outcome === "ok";
    target.ownOutcome = outcome;
    target.toldAt = this.#group.looks;
    this.#news.add({
      target: target.hash,
      outcome,
      reason: isOk ? "" : result.reason,
      sample: isOk ? { signals: result.signals, at: result.at } : undefined,
    });
    this.#tell(target, "self", outcome, isOk ? undefined : result.reason);
  }

  #heard(peer: Peer, items: readonly ScrapeItem[], delay: number): void {
    const now = this.#clock.now();
    for (const { target: hash, outcome, reason, sample } of items) {
      const target = this.#byHash.get(hash);
      if (target === undefined) continue;
      const failing = outcome !== "ok";
      target.heard(peer, this.#group.id, this.#group.looks, failing);
      if (sample !== undefined) this.#sampled(target, sample.signals, now - delay - sample.age);
      if (target.isMine) continue;
      // Of two that scrape a target the one that reaches it is right.
      if (failing && target.isWellWithPeers(this.#since)) continue;
      target.failures = failing ? 1 : 0;
      if (!failing) target.lastError = undefined;
      else if (reason !== "") target.lastError = reason;
      this.#tell(target, "peer", outcome, target.lastError);
    }
  }

  /** Samples of one target may come from two replicas: none goes back in time. */
  #sampled(target: SharedTarget | undefined, signals: Parameters<SampleListener>[1], at: number): void {
    if (target === undefined || at <= target.sampledAt) return;
    target.sampledAt = at;
    this.#onSample(target.target.key, signals, at);
  }

  #left(peer: Peer): void {
    for (const target of this.#targets.values()) target.forget(peer);
  }

  /** Logs the first outcome and every change between well and not, whoever scrapes. */
  #tell(target: SharedTarget, by: TargetChange["by"], outcome: Outcome, reason: string | undefined): void {
    const before = target.toldOutcome;
    target.toldOutcome = outcome;
    if (before !== undefined && (before === "ok") === (outcome === "ok")) return;
    const { address, metricsUrl } = target.target;
    this.#onTargetChange({ address, metricsUrl, by, outcome, reason });
  }
}
