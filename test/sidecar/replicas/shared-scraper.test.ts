// Who scrapes what, over a channel in memory and scrapers that do what a test tells them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Counts } from "../../../sidecar/replicas/counts.ts";
import { Group } from "../../../sidecar/replicas/group.ts";
import { encodeScrapes } from "../../../sidecar/replicas/messages.ts";
import { outranks } from "../../../sidecar/replicas/rendezvous.ts";
import { type PartScraper, SharedScraper } from "../../../sidecar/replicas/shared-scraper.ts";
import { noOutcomes, type Outcome, type TargetChange, type TargetReport } from "../../../sidecar/scrape/report.ts";
import type { ScrapeTarget } from "../../../sidecar/scrape/scrape-target.ts";
import type { SampleListener, ScrapeOptions } from "../../../sidecar/scrape/scraper.ts";
import { xxh64 } from "../../../wire/xxh64.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { Bus } from "./bus.ts";
import { SIGNALS } from "./signals.ts";

const INTERVAL = 50;

/** Between the ends of two scrapes that fail, where each takes its timeout. */
const FAILING_MS = 2500;

/** Scrapes every interval, with the outcome that `reach` gives for this replica and target. */
class FakePart implements PartScraper {
  readonly #rig: Rig;
  readonly #onSample: SampleListener;
  readonly #options: ScrapeOptions;
  readonly #stops = new Map<string, () => void>();
  scrapes = 0;
  delays: number[] = [];

  constructor(rig: Rig, onSample: SampleListener, options: ScrapeOptions) {
    this.#rig = rig;
    this.#onSample = onSample;
    this.#options = options;
  }

  get keys(): string[] {
    return [...this.#stops.keys()];
  }

  add({ key }: ScrapeTarget, delay = 0): void {
    assert.ok(!this.#stops.has(key), "added twice");
    this.delays.push(delay);
    this.#next(key, delay);
  }

  remove(key: string): void {
    this.#stops.get(key)?.();
    this.#stops.delete(key);
  }

  #next(key: string, wait: number): void {
    const stop = this.#rig.clock.after(wait, () => {
      const outcome = this.#rig.reach(this.#rig.id, key);
      this.scrapes++;
      this.#next(key, outcome === "ok" ? INTERVAL : FAILING_MS);
      const at = this.#rig.clock.now();
      if (outcome === "ok") {
        this.#options.onResult?.(key, { outcome, signals: SIGNALS, at });
        this.#onSample(key, SIGNALS, at);
      } else {
        this.#options.onResult?.(key, { outcome, reason: `no ${key}` });
      }
    });
    this.#stops.set(key, stop);
  }

  async stop(): Promise<void> {
    for (const key of this.keys) this.remove(key);
  }

  totals() {
    return noOutcomes();
  }

  *targets(): Generator<TargetReport> {}
}

interface Rig {
  readonly id: bigint;
  readonly clock: ManualClock;
  readonly reach: (replica: bigint, key: string) => Outcome;
}

interface Replica {
  readonly id: bigint;
  readonly group: Group;
  readonly shared: SharedScraper;
  readonly part: FakePart;
  /** The clock's milliseconds of each target's newest sample. */
  readonly sampled: Map<string, number>;
  readonly changes: TargetChange[];
}

const KEYS = Array.from({ length: 30 }, (_, index) => `target-${index}`);

function target(key: string): ScrapeTarget {
  return { key, address: key, metricsUrl: `http://${key}/metrics`, engine: 0 };
}

function setUp(count: number, reach: Rig["reach"] = () => "ok") {
  const clock = new ManualClock();
  const bus = new Bus(clock);
  const replicas: Replica[] = [];
  function add(keys = KEYS): Replica {
    const id = xxh64(`replica-${replicas.length}`);
    const group = new Group(id, clock, new Counts());
    group.start();
    const sampled = new Map<string, number>();
    const changes: TargetChange[] = [];
    const parts: FakePart[] = [];
    const shared = new SharedScraper(
      group,
      (key, _, at) => sampled.set(key, at),
      { clock, random: () => 0.5, interval: INTERVAL, onTargetChange: (change) => changes.push(change) },
      (onSample, options = {}) => {
        const part = new FakePart({ id, clock, reach }, onSample, options);
        parts.push(part);
        return part;
      },
    );
    bus.attach(group);
    for (const key of keys) shared.add(target(key));
    const replica = { id, group, shared, part: parts[0] as FakePart, sampled, changes };
    replicas.push(replica);
    return replica;
  }
  for (let index = 0; index < count; index++) add();
  return { clock, bus, replicas, add };
}

/** Which of the replicas scrape a target, in the order in which they come for it. */
function scrapersOf(replicas: readonly Replica[], key: string): number[] {
  const ranked = ranking(replicas, key);
  return ranked.flatMap((replica, rank) => (replica.part.keys.includes(key) ? [rank] : []));
}

function ranking(replicas: readonly Replica[], key: string): Replica[] {
  return replicas.toSorted((a, b) => (outranks(a.id, b.id, xxh64(key)) ? -1 : 1));
}

/** Lets time pass and fails as soon as a replica's newest sample of a target is older than that. */
function advanceFresh(clock: ManualClock, milliseconds: number, replicas: readonly Replica[], most: number): number {
  let oldest = 0;
  for (let passed = 0; passed < milliseconds; passed += 10) {
    clock.advance(10);
    for (const { sampled } of replicas) {
      for (const key of KEYS) oldest = Math.max(oldest, clock.now() - (sampled.get(key) ?? Number.NEGATIVE_INFINITY));
    }
  }
  assert.ok(oldest <= most, `a sample was ${oldest} ms old`);
  return oldest;
}

test("every target is scraped by the replica that comes first for it, and all have its samples", () => {
  const { clock, replicas } = setUp(3);
  clock.advance(300);
  for (const key of KEYS) assert.deepEqual(scrapersOf(replicas, key), [0]);
  for (const { part } of replicas) part.scrapes = 0;
  advanceFresh(clock, 1000, replicas, 70);
  const scrapes = replicas.reduce((sum, { part }) => sum + part.scrapes, 0);
  assert.equal(scrapes, (KEYS.length * 1000) / INTERVAL);
  for (const { shared } of replicas) {
    const by = [...shared.targets()].map((report) => report.by);
    assert.ok(by.length > 0 && by.every((one) => one === "peer"), "one's own are in the part's report");
  }
});

test("a replica that joins takes its part over without a gap", () => {
  const { clock, replicas, add } = setUp(2);
  clock.advance(1000);
  const all = [...replicas, add()];
  clock.advance(60);
  advanceFresh(clock, 1000, all, 70);
  for (const key of KEYS) assert.deepEqual(scrapersOf(all, key), [0]);
});

test("where a replica dies or the channel does, samples are missing for less than 1.5 s, and nothing bursts", () => {
  const { clock, bus, replicas } = setUp(3);
  clock.advance(1000);
  const [one, two, three] = replicas as [Replica, Replica, Replica];
  bus.kill(three.group);
  void three.part.stop();
  const oldest = advanceFresh(clock, 3000, [one, two], 1500);
  assert.ok(oldest > 800, "it does take heartbeats to notice");
  for (const key of KEYS) assert.deepEqual(scrapersOf([one, two], key), [0]);
  bus.frozen = true;
  one.part.delays = [];
  advanceFresh(clock, 3000, [one, two], 1500);
  assert.deepEqual([one.part.keys.length, two.part.keys.length], [KEYS.length, KEYS.length]);
  assert.ok(one.part.delays.length > 0 && one.part.delays.every((delay) => delay === 125), "half of 2 s / 8");
});

test("where the connection is lost, everything is one's own at once", () => {
  const { clock, bus, replicas } = setUp(3);
  clock.advance(1000);
  const [one] = replicas as [Replica];
  assert.ok(one.part.keys.length < KEYS.length);
  bus.detach(one.group);
  assert.equal(one.part.keys.length, KEYS.length);
});

test("a replica that leaves with a goodbye is replaced at once", () => {
  const { clock, replicas } = setUp(3);
  clock.advance(1000);
  const [one, two, three] = replicas as [Replica, Replica, Replica];
  three.group.stop();
  void three.part.stop();
  advanceFresh(clock, 3000, [one, two], 400);
});

test("what its owner does not know is scraped by the next, and by the owner as soon as it does", () => {
  const { clock, replicas } = setUp(2);
  const [first, second] = ranking(replicas, "new") as [Replica, Replica];
  second.shared.add(target("new"));
  clock.advance(1000);
  assert.deepEqual(second.part.keys.includes("new"), true);
  first.shared.add(target("new"));
  clock.advance(200);
  assert.deepEqual(scrapersOf(replicas, "new"), [0]);
  assert.ok(clock.now() - second.sampled.get("new")! <= 70);
});

test("of replicas that hear nothing from the owner, one goes on", () => {
  const { clock, replicas } = setUp(3);
  clock.advance(300);
  const key = KEYS[0] as string;
  const [owner] = ranking(replicas, key) as [Replica];
  owner.shared.remove(key);
  clock.advance(3000);
  assert.deepEqual(scrapersOf(replicas, key), [1]);
});

test("what the owner cannot reach is tried by one more, and its samples serve all", () => {
  const key = KEYS[0] as string;
  let owner = 0n;
  const { clock, replicas } = setUp(4, (replica, one) => (one === key && replica === owner ? "timeout" : "ok"));
  owner = (ranking(replicas, key)[0] as Replica).id;
  clock.advance(6000);
  assert.deepEqual(scrapersOf(replicas, key), [0, 1]);
  const [first, ...others] = ranking(replicas, key) as [Replica, Replica];
  const told = ({ changes }: Replica) => changes.filter(({ address }) => address === key).map((one) => one.outcome);
  assert.deepEqual(told(first), ["timeout"]);
  for (const other of others) assert.deepEqual(told(other), ["ok"], "it is well, as far as they are concerned");
  for (const { sampled } of replicas) assert.ok(clock.now() - sampled.get(key)! <= 70);
  owner = 0n;
  clock.advance(3000);
  assert.deepEqual(scrapersOf(replicas, key), [0]);
});

test("what nobody can reach is tried by two, not by all, and each says so once", () => {
  const key = KEYS[0] as string;
  const { clock, replicas } = setUp(4, (_, one) => (one === key ? "connect" : "ok"));
  clock.advance(5000);
  assert.deepEqual(scrapersOf(replicas, key), [0, 1]);
  const [, , third] = ranking(replicas, key) as [Replica, Replica, Replica];
  const report = [...third.shared.targets()].find(({ target }) => target.address === key);
  assert.deepEqual([report?.by, report?.failures, report?.lastError], ["peer", 1, `no ${key}`]);
  for (const { changes } of replicas) {
    const told = changes.filter(({ address }) => address === key).map(({ outcome, reason }) => [outcome, reason]);
    assert.deepEqual(told, [["connect", `no ${key}`]]);
  }
});

test("a peer's sample is as old as it says and as its message was late; one that is older than another is left out", () => {
  const { clock, replicas } = setUp(2);
  const key = KEYS[0] as string;
  const [first, second] = ranking(replicas, key) as [Replica, Replica];
  clock.advance(300);
  void first.part.stop();
  const say = (age: number, late: number): void => {
    const item = { target: xxh64(key), outcome: "ok" as const, reason: "", sample: { signals: SIGNALS, age } };
    second.group.receive(encodeScrapes([item], { from: first.id, sentAt: clock.now() - late }));
  };
  clock.advance(100);
  say(20, 0);
  assert.equal(second.sampled.get(key), clock.now() - 20);
  const before = clock.now();
  clock.advance(40);
  say(5, 15);
  assert.equal(second.sampled.get(key), before + 20);
  say(30, 0);
  assert.equal(second.sampled.get(key), before + 20);
});

test("after the end nothing is scraped or told", async () => {
  const { clock, bus, replicas } = setUp(2);
  clock.advance(300);
  for (const { shared, group } of replicas) {
    await shared.stop();
    group.stop();
  }
  bus.messages = 0;
  clock.advance(2000);
  assert.equal(bus.messages, 0);
  assert.equal(clock.pending, 0);
});
