// Replicas share the scraping through a real Redis, and each does it alone where that is away.

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { becomes, Fleet, type Replica, sum } from "./fleet.ts";
import { RedisServer } from "./redis-server.ts";

const TARGETS = 30;
/** Thrice the default, with which taking over leaves 0.6 s: less than a busy machine may keep a process waiting. */
const STALE_AFTER = "6s";

async function setUp(t: TestContext, count = 3) {
  const redis = await RedisServer.start(t);
  const fleet = await Fleet.start(t, TARGETS);
  const replicas = await Promise.all(
    Array.from({ length: count }, () => fleet.add({ redis: redis.url, "metrics-staleness-threshold": STALE_AFTER })),
  );
  await fresh(replicas);
  return { redis, fleet, replicas };
}

async function fresh(replicas: readonly Replica[]): Promise<void> {
  for (const replica of replicas) {
    await becomes("it has every sample", async () => (await replica.fresh()) === TARGETS);
  }
}

function shared(replicas: readonly Replica[]): Promise<number> {
  return becomes(`each of ${replicas.length} replicas has a part`, async () => {
    const own = await Promise.all(replicas.map((replica) => replica.own()));
    return own.every((one) => one > 0 && one < TARGETS) && own.reduce((a, b) => a + b) === TARGETS;
  });
}

/** Watches that no replica ever has an endpoint without a fresh sample, until the promise resolves. */
async function alwaysFresh(replicas: readonly Replica[], until: Promise<unknown>): Promise<void> {
  let over = false;
  const watching = (async () => {
    while (!over) {
      for (const replica of replicas) assert.equal(await replica.fresh(), TARGETS);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  })();
  await Promise.race([watching, until]);
  over = true;
  await until;
  await watching;
}

test("three replicas scrape each endpoint once, and all have every sample fresh", async (t) => {
  const { fleet, replicas } = await setUp(t);
  await shared(replicas);
  for (const replica of replicas) {
    await becomes("it knows both others", async () => (await replica.metric("inline_epp_replicas")) === 3);
    assert.equal(await replica.metric("inline_epp_redis_connected"), 1);
  }
  // A second scraper would double the rate in every window; a pause of the machine spoils only those that it falls in.
  const once = becomes("each is scraped once an interval", async () => {
    const rates = await fleet.scrapeRates(2000);
    t.diagnostic(`scrapes per interval and endpoint: ${Math.min(...rates)} to ${Math.max(...rates)}`);
    return Math.max(...rates) < 1.3 && Math.min(...rates) > 0.2;
  });
  await alwaysFresh(replicas, once);
});

test("where one dies without a word, or leaves, the others take over before a sample is stale", async (t) => {
  const { replicas } = await setUp(t);
  const [one, two, three] = replicas as [Replica, Replica, Replica];
  await shared(replicas);
  const dying = one.kill();
  await alwaysFresh(
    [two, three],
    dying.then(() => shared([two, three])).then((took) => t.diagnostic(`${took} ms`)),
  );
  await becomes("the dead one is forgotten", async () => (await two.metric("inline_epp_replicas")) === 2);
  three.run.child.kill("SIGTERM");
  await alwaysFresh(
    [two],
    three.run.status.then(() => becomes("all by itself", async () => (await two.own()) === TARGETS)),
  );
  assert.equal(await three.run.status, 0);
});

for (const how of ["freeze", "kill"] as const) {
  test(`while Redis is away (${how}) each scrapes everything, and shares again when it is back`, async (t) => {
    const { redis, replicas } = await setUp(t, 2);
    await shared(replicas);
    await redis[how]();
    // Two conditions: of a Redis that hangs, a replica may miss the other's heartbeats before it misses its own.
    const alone = becomes("each scrapes all, and knows that Redis is away", async () => {
      const own = await sum(replicas, (one) => one.own());
      return own === 2 * TARGETS && (await sum(replicas, (one) => one.metric("inline_epp_redis_connected"))) === 0;
    });
    await alwaysFresh(
      replicas,
      alone.then((took) => t.diagnostic(`alone after ${took} ms`)),
    );
    // Long enough for the frozen connections to be given up.
    await alwaysFresh(replicas, new Promise((resolve) => setTimeout(resolve, 2000)));
    if (how === "freeze") redis.thaw();
    else await redis.start();
    await alwaysFresh(
      replicas,
      shared(replicas).then((took) => t.diagnostic(`shared again after ${took} ms`)),
    );
    for (const { run } of replicas) {
      const states = () => run.lines.map(({ msg }) => msg).filter((message) => /Redis/.test(`${message}`));
      // Log lines come another way than the metrics that have been looked at.
      await becomes("it has told of all", async () => states().length >= 3);
      assert.deepEqual(states(), [
        "connected to Redis, work is shared with other replicas",
        "Redis is away, this replica scrapes everything itself",
        "connected to Redis, work is shared with other replicas",
      ]);
    }
  });
}

test("a replica that starts without a Redis is as ready as ever", async (t) => {
  const fleet = await Fleet.start(t, TARGETS);
  const replica = await fleet.add({ redis: "redis://127.0.0.1:1" });
  await fresh([replica]);
  assert.equal(await replica.own(), TARGETS);
});
