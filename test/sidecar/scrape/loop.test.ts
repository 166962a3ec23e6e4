import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Exchange, ExchangeResult } from "../../../sidecar/scrape/exchange.ts";
import { Lane } from "../../../sidecar/scrape/lane.ts";
import { MAX_BACKOFF, nextDeadline, ScrapeLoop } from "../../../sidecar/scrape/loop.ts";
import type { Signals } from "../../../sidecar/scrape/signals.ts";
import { Alarms } from "../../../sidecar/support/alarms.ts";
import { ManualClock } from "../support/manual-clock.ts";

const SIGNALS: Signals = {
  waiting: 0,
  running: 0,
  kvUsage: 0,
  blockSize: 0,
  blockCount: 0,
  runningAdapters: [],
  waitingAdapters: [],
  maxAdapters: 0,
};

/** An endpoint that takes so long and then answers so. */
class FakeExchange implements Exchange {
  readonly starts: number[] = [];
  readonly #clock: ManualClock;
  takes = 2;
  outcome: ExchangeResult["outcome"] = "ok";
  running = 0;
  #cancel: () => void = () => undefined;
  closed = false;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  run(done: (result: ExchangeResult) => void): void {
    assert.equal(this.running, 0, "two scrapes at one time");
    assert.equal(this.closed, false, "a scrape after the end");
    this.running++;
    const at = this.#clock.now();
    this.starts.push(at);
    this.#cancel = this.#clock.after(this.takes, () => {
      this.running--;
      done(
        this.outcome === "ok" ? { outcome: "ok", signals: SIGNALS, at } : { outcome: this.outcome, reason: "asked to" },
      );
    });
  }

  async close(): Promise<void> {
    this.closed = true;
    this.#cancel();
  }
}

function setUp({ interval = 50, random = 0, concurrency = 8 } = {}) {
  const clock = new ManualClock();
  const lanes = { trusted: new Lane(concurrency), doubtful: new Lane(concurrency) };
  const alarms = new Alarms(clock);
  const begin = clock.now();
  const started = (exchange: FakeExchange, delay?: number): { loop: ScrapeLoop; results: ExchangeResult[] } => {
    const results: ExchangeResult[] = [];
    const options = { clock, alarms, lanes, interval, random: () => random };
    const loop = new ScrapeLoop(exchange, options, { scraped: (result) => results.push(result) });
    loop.start(delay);
    return { loop, results };
  };
  return { clock, started, since: (exchange: FakeExchange) => exchange.starts.map((at) => at - begin) };
}

describe("a loop", () => {
  test("starts at once, then anywhere within an interval, and keeps that rhythm", () => {
    const { clock, started, since } = setUp({ random: 0.5 });
    const exchange = new FakeExchange(clock);
    const { results } = started(exchange);
    clock.advance(230);
    assert.deepEqual(since(exchange), [0, 25, 75, 125, 175, 225]);
    assert.equal(results.length, 6);
  });

  test("begins later where it is told to", () => {
    const { clock, started, since } = setUp({ random: 0.5 });
    const exchange = new FakeExchange(clock);
    started(exchange, 120);
    clock.advance(200);
    assert.deepEqual(since(exchange), [120, 145, 195]);
  });

  test("slower than its interval runs on the grid, never twice at once, and makes up for nothing", () => {
    const { clock, started, since } = setUp();
    const exchange = new FakeExchange(clock);
    exchange.takes = 120;
    started(exchange);
    clock.advance(400);
    assert.deepEqual(since(exchange), [0, 150, 300]);
    exchange.takes = 1;
    clock.advance(200);
    assert.deepEqual(since(exchange), [0, 150, 300, 450, 500, 550, 600]);
  });

  test("backs off from failures, and is at full speed after the first success", () => {
    const { clock, started, since } = setUp();
    const exchange = new FakeExchange(clock);
    exchange.outcome = "connect";
    exchange.takes = 0;
    started(exchange);
    clock.advance(5000);
    assert.deepEqual(since(exchange), [0, 50, 150, 350, 750, 1550, 2550, 3550, 4550]);
    exchange.outcome = "ok";
    clock.advance(750);
    assert.deepEqual(since(exchange).slice(-6), [4550, 5550, 5600, 5650, 5700, 5750]);
  });

  test("stopped while asleep, waiting or scraping does nothing more", async () => {
    const { clock, started } = setUp({ concurrency: 1 });
    const scraping = new FakeExchange(clock);
    const waiting = new FakeExchange(clock);
    scraping.takes = 1000;
    const one = started(scraping);
    const two = started(waiting);
    clock.advance(10);
    assert.deepEqual([scraping.running, waiting.starts.length], [1, 0]);
    await two.loop.stop();
    await one.loop.stop();
    clock.advance(5000);
    assert.deepEqual([one.results, two.results, waiting.starts], [[], [], []]);
    assert.equal(clock.pending, 0);
    const later = new FakeExchange(clock);
    started(later);
    clock.advance(1);
    assert.equal(later.starts.length, 1, "places are free again");
  });

  test("endpoints that hang cannot keep others waiting, however many they are", () => {
    const { clock, started } = setUp({ concurrency: 2 });
    const good = Array.from({ length: 4 }, () => new FakeExchange(clock));
    for (const exchange of good) started(exchange);
    clock.advance(100);
    const before = good.map((exchange) => exchange.starts.length);
    const hanging = Array.from({ length: 50 }, () => new FakeExchange(clock));
    for (const exchange of hanging) {
      exchange.takes = 1000;
      exchange.outcome = "timeout";
      started(exchange);
    }
    clock.advance(10_000);
    assert.deepEqual(
      good.map((exchange, index) => exchange.starts.length - (before[index] as number)),
      [200, 200, 200, 200],
    );
    assert.ok(hanging.filter((exchange) => exchange.running > 0).length <= 2);
    assert.ok(hanging.filter((exchange) => exchange.starts.length > 0).length >= 18, "they take turns");
  });
});

describe("the next deadline", () => {
  test("is never in the past and stays on the grid", () => {
    assert.equal(nextDeadline(100, 101, 50, 0), 150);
    assert.equal(nextDeadline(100, 150, 50, 0), 150);
    assert.equal(nextDeadline(100, 151, 50, 0), 200);
    assert.equal(nextDeadline(100, 100_001, 50, 0), 100_050);
  });

  test("after failures is no further than the longest back-off, or one interval where that is longer", () => {
    for (let failures = 0; failures < 100; failures++) {
      assert.ok(nextDeadline(0, 0, 50, failures) <= MAX_BACKOFF);
      assert.equal(nextDeadline(0, 0, 1500, failures), 1500);
    }
  });
});
