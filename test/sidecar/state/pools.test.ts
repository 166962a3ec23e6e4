import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { DiscoveredEndpoint, DiscoveredPool } from "../../../sidecar/discovery/pool.ts";
import type { Signals } from "../../../sidecar/scrape/signals.ts";
import { Pools } from "../../../sidecar/state/pools.ts";
import type { PoolChange } from "../../../sidecar/state/source.ts";
import { targetOf } from "../../../sidecar/state/target.ts";
import { encodeLoad, encodeRoster } from "../../../wire/encode.ts";
import type { Endpoint, Load } from "../../../wire/model.ts";
import { ManualClock } from "../support/manual-clock.ts";

const STARTED_AT = 1_700_000_000_123;

function endpoint(
  last: number,
  fields: Partial<Endpoint> = {},
  { ready = true, metricsUrl = `http://10.0.0.${last}:80/metrics` } = {},
): DiscoveredEndpoint {
  const address = `10.0.0.${last}:80`;
  const defaults = { address, name: `ns/pod-${last}`, zone: "", labels: {}, engine: 0, role: 0, rank: 0 };
  return { endpoint: { ...defaults, ...fields }, ready, metricsUrl };
}

function pool(name: string, ...endpoints: DiscoveredEndpoint[]): DiscoveredPool {
  return { name, endpoints, objectives: [], rewrites: [] };
}

const signals = (running: number): Signals => ({
  waiting: 1,
  running,
  kvUsage: 0.5,
  blockSize: 16,
  blockCount: 100,
  runningAdapters: ["a"],
  waitingAdapters: ["b", "c"],
  maxAdapters: 4,
});

function setUp({ startedAt = STARTED_AT, random = 0 } = {}) {
  const clock = new ManualClock();
  const pools = new Pools({ clock, startedAt, freshFor: 2000, random: () => random });
  const changes: string[] = [];
  const end = pools.subscribe(({ kind, pool: name }: PoolChange) => changes.push(`${kind} ${name}`));
  return {
    clock,
    pools,
    end,
    record: (of: DiscoveredEndpoint, running = 1, at = clock.now()) =>
      pools.record(targetOf(of).key, signals(running), at),
    load: (name: string): Load => pools.load(name, 7n, 99n) as Load,
    epoch: (name: string): bigint => pools.roster(name)?.epoch as bigint,
    /** Changes since the last call. */
    heard: () => changes.splice(0),
  };
}

describe("pools", () => {
  test("nothing is known of a pool that is not there", () => {
    const { pools } = setUp();
    assert.deepEqual(pools.pools(), []);
    assert.equal(pools.roster("a"), undefined);
    assert.equal(pools.load("a", 1n, 1n), undefined);
  });

  test("come with their rosters, sorted by name, and go", () => {
    const { pools, heard } = setUp();
    pools.replace([pool("b", endpoint(2), endpoint(1)), pool("a")]);
    assert.deepEqual(pools.pools(), ["a", "b"]);
    assert.deepEqual(
      pools.roster("b")?.endpoints.map(({ address }) => address),
      ["10.0.0.2:80", "10.0.0.1:80"],
    );
    assert.deepEqual(heard(), ["roster b", "roster a"]);
    pools.replace([pool("a")]);
    assert.deepEqual([pools.pools(), heard()], [["a"], ["gone b"]]);
    assert.equal(pools.load("b", 1n, 1n), undefined);
  });

  test("everything is in place when listeners are called", () => {
    const { pools } = setUp();
    const seen: unknown[] = [];
    pools.subscribe(() => seen.push([pools.pools(), pools.load("b", 1n, 1n)?.samples.length]));
    pools.replace([pool("a"), pool("b", endpoint(1))]);
    assert.deepEqual(seen, [
      [["a", "b"], 1],
      [["a", "b"], 1],
    ]);
  });

  test("a subscription ends, one of two alike too", () => {
    const { pools, end, heard } = setUp();
    let calls = 0;
    const listener = (): void => {
      calls++;
    };
    const endOne = pools.subscribe(listener);
    pools.subscribe(listener);
    pools.replace([pool("a")]);
    endOne();
    endOne();
    end();
    pools.replace([]);
    assert.deepEqual([calls, heard()], [3, ["roster a"]]);
  });
});

describe("epochs", () => {
  test("stay with the same roster and move with every part of it", () => {
    const { pools, epoch, heard } = setUp();
    pools.replace([pool("a", endpoint(1, { labels: { x: "1", y: "2" } }), endpoint(2))]);
    const first = epoch("a");
    const roster = pools.roster("a");
    pools.replace([pool("a", endpoint(1, { labels: { y: "2", x: "1" } }), endpoint(2))]);
    assert.equal(pools.roster("a"), roster);
    const same = endpoint(2);
    const variants: DiscoveredEndpoint[][] = [
      [endpoint(1, { labels: { x: "1", y: "3" } }), same],
      [endpoint(1, { labels: { x: "1", z: "2" } }), same],
      [endpoint(1, { labels: { x: "1" } }), same],
      [endpoint(1, { zone: "z" }), same],
      [endpoint(1, { name: "ns/other" }), same],
      [endpoint(1, { engine: 1 }), same],
      [endpoint(1, { role: 2 }), same],
      [endpoint(1, { rank: 1 }), same],
      [same, endpoint(1)],
      [same],
      [],
    ];
    heard();
    const epochs = new Set([first]);
    for (const endpoints of variants) {
      pools.replace([pool("a", ...endpoints)]);
      epochs.add(epoch("a"));
      assert.deepEqual(heard(), ["roster a"]);
    }
    assert.equal(epochs.size, variants.length + 1);
  });

  test("of two pools and of two runs differ", () => {
    const one = setUp();
    one.pools.replace([pool("a"), pool("b")]);
    assert.notEqual(one.epoch("a"), one.epoch("b"));
    assert.equal(one.epoch("a") >> 20n, BigInt(STARTED_AT));
    const next = setUp({ startedAt: STARTED_AT + 1 });
    next.pools.replace([pool("a")]);
    assert.ok(next.epoch("a") > one.epoch("b") + 1_000_000n);
    encodeRoster(next.pools.roster("a") as never);
  });

  test("a pool that comes back has another one", () => {
    const { pools, epoch } = setUp();
    pools.replace([pool("a", endpoint(1))]);
    const before = epoch("a");
    pools.replace([]);
    pools.replace([pool("a", endpoint(1))]);
    assert.ok(epoch("a") > before);
  });
});

describe("samples", () => {
  test("before the first scrape say so", () => {
    const { pools, load } = setUp();
    pools.replace([pool("a", endpoint(1, {}, { ready: false }))]);
    assert.deepEqual(load("a").samples, [
      {
        ready: false,
        age: undefined,
        counter: 0,
        waiting: 0,
        running: 0,
        kvUsage: 0,
        blockSize: 0,
        blockCount: 0,
        runningAdapters: [],
        waitingAdapters: [],
        maxAdapters: 0,
      },
    ]);
    encodeLoad(load("a"));
  });

  test("carry what was scraped, in the roster's order, under the roster's epoch", () => {
    const { pools, load, record, epoch, heard } = setUp();
    pools.replace([pool("a", endpoint(2), endpoint(1))]);
    record(endpoint(1), 8);
    assert.deepEqual(heard(), ["roster a", "load a"]);
    const found = load("a");
    assert.deepEqual(
      { ...found, samples: undefined },
      { pool: "a", rosterEpoch: epoch("a"), sequence: 7n, sentAt: 99n, freshFor: 2000, samples: undefined },
    );
    assert.equal(found.samples[0]?.age, undefined);
    assert.deepEqual(found.samples[1], { ready: true, age: 0, counter: 1, ...signals(8) });
    encodeLoad(found);
  });

  test("grow old by the clock, in whole milliseconds, and count up", () => {
    const { clock, pools, load, record } = setUp();
    pools.replace([pool("a", endpoint(1))]);
    record(endpoint(1), 1, clock.now() - 3.5);
    assert.equal(load("a").samples[0]?.age, 3);
    clock.advance(2000);
    assert.equal(load("a").samples[0]?.age, 2003);
    assert.equal(load("a").samples[0]?.counter, 1);
    record(endpoint(1));
    const [sample] = load("a").samples;
    assert.deepEqual([sample?.age, sample?.counter], [0, 2]);
    clock.advance(1e13);
    assert.ok((load("a").samples[0]?.age as number) < 0xffffffff);
    encodeLoad(load("a"));
  });

  test("every new one is told, even one with the same values", () => {
    const { pools, record, heard } = setUp();
    pools.replace([pool("a", endpoint(1))]);
    heard();
    record(endpoint(1), 1);
    record(endpoint(1), 1);
    assert.deepEqual(heard(), ["load a", "load a"]);
  });

  test("of an endpoint in two pools are in both", () => {
    const { pools, load, record, heard } = setUp();
    pools.replace([pool("a", endpoint(1)), pool("b", endpoint(2), endpoint(1, {}, { ready: false }))]);
    heard();
    record(endpoint(1), 6);
    assert.deepEqual(heard(), ["load a", "load b"]);
    assert.deepEqual([load("a").samples[0]?.running, load("b").samples[1]?.running], [6, 6]);
    assert.deepEqual([load("a").samples[0]?.ready, load("b").samples[1]?.ready], [true, false]);
    pools.replace([pool("b", endpoint(1))]);
    heard();
    record(endpoint(1), 7);
    assert.deepEqual(heard(), ["load b"]);
  });

  test("stay when labels, order or other endpoints change, and are told to new pools", () => {
    const { pools, load, record } = setUp();
    pools.replace([pool("a", endpoint(1), endpoint(2))]);
    record(endpoint(1), 5);
    pools.replace([pool("a", endpoint(3), endpoint(1, { labels: { x: "1" } })), pool("b", endpoint(1))]);
    assert.deepEqual([load("a").samples[1]?.running, load("a").samples[1]?.counter], [5, 1]);
    assert.deepEqual([load("b").samples[0]?.running, load("a").samples[0]?.age], [5, undefined]);
  });

  test("are forgotten with the endpoint, or when it is read from elsewhere, by a counter that does not repeat", () => {
    let next = 0.25;
    const pools = new Pools({
      clock: new ManualClock(),
      startedAt: STARTED_AT,
      freshFor: 2000,
      random: () => {
        next += 0.25;
        return next;
      },
    });
    const changes: string[] = [];
    pools.replace([pool("a", endpoint(1))]);
    pools.subscribe(({ kind }) => changes.push(kind));
    pools.record(targetOf(endpoint(1)).key, signals(1), 0);
    const before = pools.load("a", 1n, 1n)?.samples[0];
    const moved = endpoint(1, {}, { metricsUrl: "http://10.0.0.1:81/metrics" });
    pools.replace([pool("a", moved)]);
    assert.deepEqual(changes, ["load", "ready"], "the roster is the same, what is known is not");
    pools.record(targetOf(endpoint(1)).key, signals(1), 0);
    assert.equal(pools.load("a", 1n, 1n)?.samples[0]?.age, undefined, "a late sample of the old target is nobody's");
    pools.record(targetOf(moved).key, signals(1), 0);
    assert.notEqual(pools.load("a", 1n, 1n)?.samples[0]?.counter, before?.counter);
  });

  test("readiness is told without another roster", () => {
    const { pools, epoch, load, heard } = setUp();
    pools.replace([pool("a", endpoint(1)), pool("b", endpoint(2))]);
    const before = epoch("a");
    heard();
    pools.replace([pool("a", endpoint(1, {}, { ready: false })), pool("b", endpoint(2))]);
    assert.deepEqual(heard(), ["ready a"]);
    assert.equal(epoch("a"), before);
    assert.equal(load("a").samples[0]?.ready, false);
  });
});

describe("pools that stay the same objects", () => {
  test("keep everything, and are told nothing of", () => {
    const { pools, heard, record } = setUp();
    const a = pool("a", endpoint(1));
    pools.replace([a, pool("b", endpoint(2))]);
    const roster = pools.roster("a");
    record(endpoint(1));
    heard();
    pools.replace([pool("b"), a]);
    assert.deepEqual(heard(), ["roster b"]);
    assert.equal(pools.roster("a"), roster);
    record(endpoint(1));
    assert.deepEqual(heard(), ["load a"]);
  });

  test("mean the same as new ones that say the same, whatever changes", () => {
    const rows = [1, 2, 3, 4, 5].map((last) => endpoint(last));
    const steps: DiscoveredEndpoint[][] = [
      rows,
      [...rows.slice(0, 2), endpoint(3, {}, { ready: false }), ...rows.slice(3)],
      [...rows.slice(0, 2), ...rows.slice(3)],
      [...rows.slice(0, 2), endpoint(9), ...rows.slice(3)],
      [...rows].reverse(),
      [endpoint(1, { zone: "z" }), ...rows.slice(1)],
      [],
      rows.slice(3),
    ];
    const shared = setUp();
    const fresh = setUp();
    for (const step of steps) {
      shared.pools.replace([pool("a", ...step), pool("b", ...rows)]);
      fresh.pools.replace([pool("a", ...structuredClone(step)), pool("b", ...structuredClone(rows))]);
      assert.deepEqual(shared.heard().sort(), fresh.heard().sort());
      for (const one of [...step, rows[0] as DiscoveredEndpoint]) {
        shared.record(one, 7);
        fresh.record(one, 7);
        assert.deepEqual(shared.heard().sort(), fresh.heard().sort());
      }
      assert.deepEqual(shared.load("a"), fresh.load("a"));
      assert.deepEqual(shared.load("b"), fresh.load("b"));
      assert.deepEqual(shared.pools.roster("a"), fresh.pools.roster("a"));
    }
  });

  test("forget no sample that another pool holds, or that moves", () => {
    const { pools, load, record } = setUp();
    pools.replace([pool("a", endpoint(1)), pool("b", endpoint(2))]);
    record(endpoint(1), 4);
    pools.replace([pool("a", endpoint(2)), pool("b", endpoint(1))]);
    assert.equal(load("b").samples[0]?.running, 4);
    pools.replace([pool("c", endpoint(1))]);
    assert.equal(load("c").samples[0]?.running, 4);
    pools.replace([pool("c")]);
    pools.replace([pool("c", endpoint(1))]);
    assert.equal(load("c").samples[0]?.age, undefined);
  });
});

describe("policies", () => {
  const gold = { name: "gold", priority: 3 };
  const rewrite = { name: "r", createdAt: 0, rules: [] };

  test("are those of the pool, and told without another roster", () => {
    const { pools, heard, epoch } = setUp();
    assert.equal(pools.policies("a"), undefined);
    const plain = pool("a", endpoint(1));
    pools.replace([{ ...plain, objectives: [gold] }]);
    assert.deepEqual(pools.policies("a")?.objectives, [gold]);
    assert.deepEqual(heard(), ["roster a"]);
    const before = epoch("a");
    pools.replace([{ ...plain, objectives: [gold] }]);
    assert.deepEqual(heard(), []);
    pools.replace([{ ...plain, objectives: [gold], rewrites: [rewrite] }]);
    assert.deepEqual(heard(), ["policies a"]);
    assert.deepEqual(pools.policies("a")?.rewrites, [rewrite]);
    pools.replace([pool("a", endpoint(1, {}, { ready: false }))]);
    assert.deepEqual(heard(), ["ready a", "policies a"]);
    assert.equal(epoch("a"), before);
  });
});
