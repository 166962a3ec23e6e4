// Budgets of rate limits in a real Redis, which gateways of several replicas share.

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { ServiceError } from "@grpc/grpc-js";
import { RedisLedger } from "../../sidecar/limits/redis-ledger.ts";
import { readRedisUrl } from "../../sidecar/replicas/redis-address.ts";
import { RedisSession } from "../../sidecar/replicas/redis-session.ts";
import { systemClock } from "../../sidecar/support/clock.ts";
import type { Spend } from "../../wire/model.ts";
import { RecordingLog } from "../sidecar/push/recorder.ts";
import { becomes, Fleet } from "./fleet.ts";
import { RedisServer } from "./redis-server.ts";

const SECOND = 1_000_000;
const CONNECTED = "inline_epp_redis_connected";

function spend(key: bigint, requests: number, fields: Partial<Spend> = {}): Spend {
  return { key, requests, tokens: 0, requestDebt: 0, tokenDebt: 0, ...fields };
}

/** A check whether a debt is this one, less at most the time that has passed since the check was made. */
function checkAbout(): (debt: number, expected: number) => void {
  const began = performance.now();
  return (debt, expected) => {
    // A tenth of a second for two clocks that need not agree.
    const passed = (performance.now() - began) * 1000 + SECOND / 10;
    assert.ok(debt <= expected && debt >= expected - passed, `${debt} is not about ${expected}`);
  };
}

async function ledgerOf(t: TestContext, redis: RedisServer) {
  const log = new RecordingLog();
  const ledger = new RedisLedger("inline-epp:{g}:budget:", log);
  const session = await RedisSession.open({
    address: readRedisUrl(redis.url),
    passwordFile: undefined,
    clock: systemClock,
    channel: "inline-epp:{g}:0",
    onMessage: () => undefined,
  });
  t.after(() => session.close());
  ledger.open(session);
  const debts = async (row: Spend): Promise<[number, number]> => {
    const [budget] = await ledger.settle([row]);
    assert.equal(budget!.key, row.key);
    return [budget!.requestDebt, budget!.tokenDebt];
  };
  return { ledger, log, debts };
}

test("debts add up, shrink with Redis's clock, and never fall below nothing", async (t) => {
  const redis = await RedisServer.start(t);
  const { ledger, debts } = await ledgerOf(t, redis);
  const isAbout = checkAbout();
  assert.deepEqual(await debts(spend(1n, 100 * SECOND, { tokens: 0.25 })), [100 * SECOND, 0.25]);
  const [requests, tokens] = await debts(spend(1n, 50 * SECOND));
  isAbout(requests, 150 * SECOND);
  assert.equal(tokens, 0);
  isAbout((await debts(spend(1n, -100 * SECOND)))[0], 50 * SECOND);
  assert.deepEqual(await debts(spend(1n, -100 * SECOND)), [0, 0]);
  const rows = [spend(2n, SECOND), spend(0xffff_ffff_ffff_ffffn, 2 * SECOND), spend(2n, 3 * SECOND)];
  const settled = await ledger.settle(rows);
  assert.deepEqual(
    settled.map(({ requestDebt }) => requestDebt),
    [SECOND, 2 * SECOND, 4 * SECOND],
  );
});

test("a budget that Redis does not have begins with what the gateway knows", async (t) => {
  const redis = await RedisServer.start(t);
  const { debts } = await ledgerOf(t, redis);
  const isAbout = checkAbout();
  const row = spend(1n, SECOND, { requestDebt: 30 * SECOND, tokenDebt: 7 * SECOND });
  assert.deepEqual(await debts(row), [31 * SECOND, 7 * SECOND]);
  isAbout((await debts(row))[0], 32 * SECOND);
});

test("keys live for as long as anyone may have thought the budget to last", async (t) => {
  const redis = await RedisServer.start(t);
  const { debts } = await ledgerOf(t, redis);
  const livesFor = async () => Number((await redis.command("PTTL", "inline-epp:{g}:budget:0000000000000001")).slice(1));
  const isAbout = checkAbout();
  await debts(spend(1n, 100 * SECOND));
  isAbout((await livesFor()) * 1000, 101 * SECOND);
  await debts(spend(1n, -100 * SECOND));
  isAbout((await livesFor()) * 1000, 101 * SECOND);
});

test("where the script is refused, the log says why, once, and when it is over", async (t) => {
  const redis = await RedisServer.start(t);
  await redis.command("ACL SETUSER default -eval");
  const { log, ledger, debts } = await ledgerOf(t, redis);
  await assert.rejects(ledger.settle([spend(1n, 1)]), /NOPERM/);
  await assert.rejects(ledger.settle([spend(1n, 1)]), /NOPERM/);
  await redis.command("ACL SETUSER default +eval");
  await debts(spend(1n, 1));
  assert.deepEqual(
    log.lines.map(({ message }) => message),
    ["rate limits are not shared with other replicas", "rate limits are shared with other replicas again"],
  );
});

test("replicas share budgets; without Redis calls fail, and go on when it is back", async (t) => {
  const redis = await RedisServer.start(t);
  const fleet = await Fleet.start(t, 1);
  const flags = { redis: redis.url };
  const [one, two] = await Promise.all([fleet.add(flags), fleet.add(flags)]);
  for (const replica of [one, two]) {
    await becomes("connected", async () => (await replica.metric(CONNECTED)) === 1);
  }
  const isAbout = checkAbout();
  isAbout((await one.spend(spend(1n, 100 * SECOND))) as number, 100 * SECOND);
  isAbout((await two.spend(spend(1n, 100 * SECOND))) as number, 200 * SECOND);
  await redis.kill();
  await becomes("away", async () => (await one.metric(CONNECTED)) === 0);
  const error = (await one.spend(spend(1n, 1))) as ServiceError;
  assert.equal(error.code, 14);
  assert.match(error.details, /Redis is away/);
  await redis.start();
  await becomes("back", async () => (await one.metric(CONNECTED)) === 1);
  isAbout((await one.spend(spend(1n, SECOND, { requestDebt: 200 * SECOND }))) as number, 201 * SECOND);
  assert.equal(await one.metric('inline_epp_rate_limit_calls_total{result="answered"}'), 2);
  assert.equal(await one.metric('inline_epp_rate_limit_calls_total{result="failed"}'), 1);
  assert.equal(await one.metric("inline_epp_rate_limit_budgets_total"), 2);
});

test("a Redis that hangs: calls end with an error, soon after the connection has been given up", async (t) => {
  const redis = await RedisServer.start(t);
  const fleet = await Fleet.start(t, 1);
  const replica = await fleet.add({ redis: redis.url });
  await becomes("connected", async () => (await replica.metric(CONNECTED)) === 1);
  redis.freeze();
  const error = (await replica.spend(spend(1n, SECOND))) as ServiceError;
  assert.equal(error.code, 14);
  redis.thaw();
  await becomes("back", async () => (await replica.metric(CONNECTED)) === 1);
  assert.equal(typeof (await replica.spend(spend(1n, SECOND))), "number");
});
