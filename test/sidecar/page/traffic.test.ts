import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { RecentSum } from "../../../sidecar/page/recency.ts";
import { keyText } from "../../../sidecar/page/recent-requests.ts";
import { Traffic } from "../../../sidecar/page/traffic.ts";
import { observation } from "./observation.ts";

const HALF_LIFE_MS = 10_000;

function setUp() {
  let now = 0;
  const traffic = new Traffic(
    () => now,
    () => 1_700_000_000_000,
  );
  return { traffic, advance: (ms: number) => (now += ms) };
}

describe("sums of late", () => {
  test("count half after ten seconds", () => {
    const sum = new RecentSum();
    sum.add(8, 0);
    assert.equal(sum.at(HALF_LIFE_MS), 4);
    sum.add(1, HALF_LIFE_MS);
    assert.equal(sum.at(3 * HALF_LIFE_MS), 1.25);
  });

  test("as a rate come to what has been kept up for minutes", () => {
    const sum = new RecentSum();
    for (let ms = 0; ms < 300_000; ms += 100) sum.add(1, ms);
    assert.ok(Math.abs(sum.perSecond(300_000) - 10) < 0.1, String(sum.perSecond(300_000)));
  });
});

describe("traffic", () => {
  test("parts a pool's served requests among its endpoints", () => {
    const { traffic } = setUp();
    for (let i = 0; i < 3; i++) traffic.add("ns/a", observation({ endpoint: 7n }));
    traffic.add("ns/a", observation({ endpoint: 8n, prompt: 0, cached: 0 }));
    traffic.add("ns/b", observation({ endpoint: 7n, status: 500 }));
    assert.equal(traffic.endpoint("ns/a", 7n).share, 0.75);
    assert.deepEqual([traffic.endpoint("ns/a", 7n).errors, traffic.endpoint("ns/b", 7n).errors], [0, 1]);
    assert.equal(traffic.endpoint("ns/a", 7n).cached, 0.25);
    assert.deepEqual(traffic.endpoint("ns/a", 8n), { ...traffic.endpoint("ns/a", 8n), share: 0.25, cached: undefined });
    assert.deepEqual(traffic.endpoint("ns/a", 9n), { requests: 0, share: 0, errors: 0, cached: undefined });
    assert.equal(traffic.pool("ns/b").recent.length, 1);
  });

  test("tells errors, refusals and waits by priority, the highest first", () => {
    const { traffic } = setUp();
    traffic.add("ns/a", observation({ priority: -1, status: 429, local: true, endpoint: 0n, ttft: 0 }));
    traffic.add("ns/a", observation({ priority: -1, queued: 3_000_000 }));
    traffic.add("ns/a", observation({ priority: 5 }));
    traffic.add("ns/a", observation({ priority: 5, status: 0, ttft: 0 }));
    const { priorities, errors, requests } = traffic.pool("ns/a");
    assert.equal(errors / requests, 0.5);
    assert.deepEqual(
      priorities.map(({ priority, refused, requests, waited }) => [priority, refused / requests, waited]),
      [
        [5, 0, 0],
        [-1, 0.5, 1500],
      ],
    );
  });

  test("sorts times to the first token into their buckets", () => {
    const { traffic } = setUp();
    for (const ttft of [10_000, 10_001, 150_000, 40_000_000, 0]) traffic.add("ns/a", observation({ ttft }));
    assert.deepEqual(traffic.pool("ns/a").ttft, [1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1]);
  });

  test("remembers the last fifty requests, the newest first", () => {
    const { traffic, advance } = setUp();
    for (let i = 1; i <= 60; i++) {
      traffic.add("ns/a", observation({ duration: i * 1000 }));
      advance(200);
    }
    const { recent } = traffic.pool("ns/a");
    assert.deepEqual([recent.length, recent[0]?.duration, recent.at(-1)?.duration], [50, 60, 11]);
    assert.equal(recent[0]?.endpoint, keyText(7n));
    assert.equal(recent[0]?.endpoint, "0000000000000007");
  });

  test("lists of many requests a few each second, and errors all the same", () => {
    const { traffic, advance } = setUp();
    const second = (ids: Set<number>) => {
      for (let i = 0; i < 1000; i++) traffic.add("ns/a", observation());
      for (let i = 0; i < 3; i++) traffic.add("ns/a", observation({ status: 500 }));
      advance(1000);
      return traffic.pool("ns/a").recent.filter(({ id }) => !ids.has(id));
    };
    const first = second(new Set());
    assert.deepEqual([first.length, first.filter(({ status }) => status === 500).length], [23, 3]);
    const next = second(new Set(first.map(({ id }) => id)));
    assert.deepEqual([next.length, next.filter(({ status }) => status === 500).length], [8, 3]);
  });

  test("knows a request by its id for longer than it is listed, with when it was decided", () => {
    const { traffic, advance } = setUp();
    advance(10_000);
    traffic.add("ns/a", observation({ duration: 2_000_000, queued: 500_000, requestBytes: 321 }), "{}");
    const { id } = traffic.pool("ns/a").recent[0]!;
    for (let i = 0; i < 60; i++) {
      advance(200);
      traffic.add("ns/a", observation());
    }
    assert.ok(!traffic.pool("ns/a").recent.some((one) => one.id === id));
    const { decidedAt, bytes } = traffic.request("ns/a", id)!;
    // Told at 10 s, up to a quarter of a second late, of a decision that was 1.5 s before its end.
    assert.deepEqual([decidedAt, bytes], [8250, 321]);
    assert.equal(traffic.request("ns/b", id), undefined);
  });

  test("keeps what gateways tell of the requests that are listed alone", () => {
    const { traffic, advance } = setUp();
    for (let i = 0; i < 60; i++) {
      traffic.add("ns/a", observation(), `{"${i}":0}`);
      advance(200);
    }
    const newest = traffic.pool("ns/a").recent[0]!.id;
    const told = Array.from({ length: 60 }, (_, i) => traffic.request("ns/a", newest - 59 + i)!.explanation);
    assert.deepEqual(told.slice(0, 10), Array(10).fill(""));
    assert.deepEqual([told[10], told[59]], ['{"10":0}', '{"59":0}']);
  });

  test("forgets after ten minutes what gateways told, and requests that are not listed", () => {
    const { traffic, advance } = setUp();
    for (let i = 0; i < 60; i++) {
      traffic.add("ns/a", observation(), "{}");
      advance(200);
    }
    const newest = traffic.pool("ns/a").recent[0]!.id;
    advance(600_000 - 200); // since the newest
    traffic.keep(new Set(["ns/a"]));
    assert.equal(traffic.request("ns/a", newest - 50), undefined);
    assert.equal(traffic.request("ns/a", newest - 49)?.explanation, "");
    assert.equal(traffic.request("ns/a", newest)?.explanation, "{}");
    assert.equal(traffic.pool("ns/a").recent.length, 50);
    advance(1);
    traffic.keep(new Set(["ns/a"]));
    assert.equal(traffic.request("ns/a", newest)?.explanation, "");
  });

  test("gives the requests of a pool that comes back no ids that it has given", () => {
    const { traffic } = setUp();
    traffic.add("ns/a", observation());
    const [before] = traffic.pool("ns/a").recent;
    traffic.keep(new Set());
    traffic.add("ns/a", observation());
    assert.equal(traffic.request("ns/a", before!.id), undefined);
    assert.equal(traffic.pool("ns/a").recent.length, 1);
  });

  test("tells the longest wait of the last half minute", () => {
    const { traffic, advance } = setUp();
    traffic.add("ns/a", observation({ priority: 3, queued: 5_000_000 }));
    advance(10_000);
    traffic.add("ns/a", observation({ priority: 3, queued: 2_000_000 }));
    assert.equal(traffic.pool("ns/a").priorities[0]!.longest, 5000);
    advance(31_000);
    assert.equal(traffic.pool("ns/a").priorities[0]!.longest, 0);
  });

  test("adds up what waits in all workers by priority; the first one's wait goes on", () => {
    const { traffic, advance } = setUp();
    const row = (priority: number, requests: number, oldest: number) => ({ pool: "ns/a", priority, requests, oldest });
    const shown = (pool = "ns/a") =>
      traffic.pool(pool).priorities.map(({ priority, waiting, oldest }) => [priority, waiting, oldest]);
    traffic.add("ns/a", observation({ priority: 3 }));
    traffic.tell(1n, [row(0, 2, 1500), row(-1, 1, 10)]);
    advance(1000);
    traffic.tell(2n, [row(0, 4, 2000), { ...row(0, 9, 0), pool: "ns/b" }, { ...row(0, 1, 0), pool: "" }]);
    assert.deepEqual(shown(), [
      [3, 0, 0],
      [0, 6, 2500],
      [-1, 1, 1010],
    ]);
    assert.deepEqual(shown("ns/b"), [[0, 9, 0]]);
    traffic.tell(1n, []);
    assert.deepEqual(shown(), [
      [3, 0, 0],
      [0, 4, 2000],
    ]);
    advance(9999);
    assert.deepEqual(shown()[1], [0, 4, 11_999]);
    advance(1);
    assert.deepEqual(shown(), [[3, 0, 0]], "a worker that says nothing for 10 s is gone");
  });

  test("knows so many priorities, and no requests of unknown pools", () => {
    const { traffic } = setUp();
    for (let priority = 0; priority < 40; priority++) traffic.add("ns/a", observation({ priority }));
    traffic.add("", observation());
    assert.equal(traffic.pool("ns/a").priorities.length, 32);
    assert.equal(traffic.pool("").recent.length, 0);
  });

  test("forgets priorities that nobody has used for long, so that others have room", () => {
    const { traffic, advance } = setUp();
    for (let priority = 0; priority < 32; priority++) traffic.add("ns/a", observation({ priority }));
    advance(11 * HALF_LIFE_MS);
    traffic.add("ns/a", observation({ priority: 7 }));
    traffic.keep(new Set(["ns/a"]));
    traffic.add("ns/a", observation({ priority: 99 }));
    assert.deepEqual(
      traffic.pool("ns/a").priorities.map(({ priority }) => priority),
      [99, 7],
    );
  });

  test("forgets pools that are gone and endpoints that have served nothing for long", () => {
    const { traffic, advance } = setUp();
    traffic.add("ns/a", observation());
    traffic.add("ns/gone", observation());
    traffic.keep(new Set(["ns/a"]));
    assert.equal(traffic.pool("ns/gone").recent.length, 0);
    assert.equal(traffic.endpoint("ns/a", 7n).share, 1);
    advance(11 * HALF_LIFE_MS);
    traffic.keep(new Set(["ns/a"]));
    assert.equal(traffic.endpoint("ns/a", 7n).share, 0);
  });
});
