// What gateways of one replica tell reaches those of another through a real Redis.

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { MAX_JOURNAL_BYTES } from "../../wire/layout.ts";
import { held, heldBlocks } from "../sidecar/push/records.ts";
import { eventually, type TestGateway } from "../sidecar/push/test-gateway.ts";
import { becomes, Fleet, type Replica } from "./fleet.ts";
import { RedisServer } from "./redis-server.ts";

async function setUp(t: TestContext, flags: readonly string[] = []) {
  const redis = await RedisServer.start(t, flags);
  const fleet = await Fleet.start(t, 1);
  const add = (more: Readonly<Record<string, string>> = {}) => fleet.add({ redis: redis.url, ...more });
  const [one, two] = await Promise.all([add(), add()]);
  await both(one, two);
  return { redis, fleet, add, one, two };
}

async function both(...replicas: readonly Replica[]): Promise<void> {
  for (const replica of replicas) {
    await becomes("it knows the other", async () => (await replica.metric("inline_epp_replicas")) === 2);
  }
}

function blocksOf(gateway: TestGateway): bigint[] {
  return gateway.journals.flatMap(heldBlocks);
}

/** The stream's key, once it is there and will expire. */
async function keyOf(redis: RedisServer): Promise<string> {
  let key = "";
  await becomes("there is a stream", async () => {
    key = (await redis.command("KEYS", "*")).split("\r\n").find((line) => line.endsWith(":journal")) ?? "";
    return key !== "" && !(await redis.command("TTL", key)).startsWith(":-");
  });
  return key;
}

test("requests in flight at one replica's gateways are known at another's", async (t) => {
  const { one, two } = await setUp(t);
  const [a, b, c] = [await one.gateway(1n), await one.gateway(2n), await two.gateway(3n)];
  a.flight({ 10: 2 });
  b.flight({ 10: 1, 11: 4 });
  await eventually(() => c.flights.at(-1)?.[10] === 3 && c.flights.at(-1)?.[11] === 4);
  c.flight({ 10: 5 });
  await eventually(() => a.flights.at(-1)?.[10] === 6);
  assert.deepEqual(a.flights.at(-1), { 10: 6, 11: 4 }, "its own are not among them, and nothing circles");
  b.close();
  await eventually(() => c.flights.at(-1)?.[10] === 2 && c.flights.at(-1)?.[11] === undefined);
  await one.kill();
  await eventually(() => c.flights.at(-1)?.[10] === undefined);
});

test("records of one replica's gateways reach another's once, and those of a replica that starts later", async (t) => {
  const { add, one, two } = await setUp(t);
  const [a, b, c] = [await one.gateway(1n), await one.gateway(2n), await two.gateway(3n)];
  await eventually(() => [a, b, c].every((gateway) => gateway.kinds.includes("sync")));
  a.journal([held(1n, 100), held(1n, 200)]);
  c.journal([held(1n, 300)]);
  await eventually(() => blocksOf(c).length === 2 && blocksOf(a).length === 1 && blocksOf(b).length === 3);
  assert.deepEqual(blocksOf(c), [100n, 200n]);
  assert.deepEqual(blocksOf(a), [300n]);
  const late = await (await add()).gateway(4n);
  await eventually(() => blocksOf(late).length >= 3);
  await two.kill();
  a.journal([held(1n, 400)]);
  await eventually(() => blocksOf(late).includes(400n));
  assert.deepEqual(blocksOf(late).toSorted(), [100n, 200n, 300n, 400n]);
  await eventually(() => blocksOf(b).length === 4);
});

test("records survive all replicas, for a while, and a Redis that lost them", async (t) => {
  const { redis, add, one, two } = await setUp(t);
  const a = await one.gateway(1n);
  await eventually(() => a.kinds.includes("sync"));
  a.journal([held(1n, 100)]);
  const key = await keyOf(redis);
  const seconds = Number((await redis.command("TTL", key)).slice(1));
  assert.ok(seconds > 500 && seconds <= 600, `expires in ${seconds} s`);
  await Promise.all([one.kill(), two.kill()]);
  const three = await add();
  const b = await three.gateway(2n);
  await eventually(() => blocksOf(b).length === 1);
  await redis.kill();
  await redis.start();
  await becomes("connected", async () => (await three.metric("inline_epp_redis_connected")) === 1);
  b.journal([held(1n, 200)]);
  const c = await (await add()).gateway(3n);
  await eventually(() => blocksOf(c).includes(200n));
});

test("the stream holds some 4 MiB and no more", async (t) => {
  const { redis, one, two } = await setUp(t);
  const [a, b] = [await one.gateway(1n), await two.gateway(2n)];
  const blocks = 7000; // 56 KB
  assert.ok(blocks * 8 < MAX_JOURNAL_BYTES);
  for (let i = 0; i < 120; i++) {
    a.journal([held(1n, i, blocks)]);
    await eventually(() => i < 10 || blocksOf(b).length > i - 10);
  }
  await eventually(() => blocksOf(b).length === 120);
  const entries = Number((await redis.command("XLEN", await keyOf(redis))).slice(1));
  assert.ok(entries >= 70 && entries <= 85, `${entries} entries of 56 KB`);
});

test("where something else stands under the key, scrapes are shared and the log says what is not", async (t) => {
  const redis = await RedisServer.start(t);
  await redis.command("SET", "inline-epp:{g}:journal", "other");
  const fleet = await Fleet.start(t, 1);
  const flags = { redis: redis.url, "replica-group": "g" };
  const [one, two] = await Promise.all([fleet.add(flags), fleet.add(flags)]);
  await both(one, two);
  const line = await one.run.logged("prefixes are not exchanged with other replicas");
  assert.match(`${line.reason}`, /something else is stored.*--replica-group.*WRONGTYPE/);
  await redis.command("DEL", "inline-epp:{g}:journal");
  await one.run.logged("prefixes are exchanged with other replicas again");
});
