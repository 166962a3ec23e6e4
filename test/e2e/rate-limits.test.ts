// Rate limits through real Envoys: one with two workers, and two that share budgets through sidecars and a Redis.

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { waitUntil } from "../../scripts/stack/ready.ts";
import { chatBody } from "../harness/requests.ts";
import { type Stack, startStack } from "../harness/stack.ts";
import { RedisServer } from "../replicas/redis-server.ts";

const PATIENCE_MS = 30_000;
/** Of the budget that gateways share. A request comes back in 15 minutes: none does while the test runs. */
const SHARED = { limit: 40, hours: 10 };

interface Answered {
  readonly status: number;
  readonly headers: Headers;
}

/** A configuration with such limits of each client's. */
function limiting(...limits: readonly object[]) {
  return {
    apiVersion: "llm-d.ai/v1alpha1",
    kind: "EndpointPickerConfig",
    plugins: [
      { type: "queue-scorer" },
      {
        type: "token-rate-limiter",
        parameters: { limits: limits.map((limit) => ({ key: { header: "x-api-key" }, ...limit })) },
      },
    ],
    schedulingProfiles: [{ name: "default", plugins: [{ pluginRef: "queue-scorer" }] }],
  };
}

async function ask(url: string, key: string, prompt = "Hello"): Promise<Answered> {
  const answer = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-api-key": key },
    body: chatBody({ prompt }),
  });
  await answer.text();
  return answer;
}

/** How many of so many requests, several at a time, go on. */
async function going(url: string, key: string, count: number): Promise<number> {
  let went = 0;
  for (let sent = 0; sent < count; sent += 5) {
    const some = Array.from({ length: Math.min(5, count - sent) }, () => ask(url, key));
    went += (await Promise.all(some)).filter(({ status }) => status === 200).length;
  }
  return went;
}

const limits = ({ headers }: Answered) =>
  ["limit", "remaining", "reset"].map((what) => headers.get(`x-ratelimit-${what}-requests`));

for (const hold of ["buffer", "self"] as const) {
  test(`hold ${hold}: workers share a client's budget, and every answer says what is left`, async (t) => {
    const config = limiting({ name: "hourly", requests: 10, per: "1h" });
    const stack = await startStack({ sidecar: { config }, envoy: { hold, concurrency: 2 } }, t);
    assert.deepEqual(limits(await ask(stack.url, "a")), ["10", "9", "6m0s"]);
    assert.equal(await going(stack.url, "a", 20), 9);
    const refused = await ask(stack.url, "a");
    assert.equal(refused.status, 429);
    assert.deepEqual(limits(refused).slice(0, 2), ["10", "0"]);
    assert.match(limits(refused)[2]!, /^(5[4-9]m\d+s|1h0m0s)$/);
    assert.equal(refused.headers.get("x-llm-d-request-dropped-reason"), "rejected-rate-limited");
    const seconds = Number(refused.headers.get("retry-after"));
    assert.ok(seconds > 0 && seconds <= 360, `${seconds}`);
    assert.equal((await ask(stack.url, "b")).status, 200);
    const limited = "wasmcustom.inline_epp_rate_limited_total";
    await waitUntil("counted", async () => (await stack.envoy.stat(limited)) === 12, PATIENCE_MS);
    assert.equal(await stack.envoy.stat("wasmcustom.inline_epp_rate_limit_calls_failed_total"), 0);
    await stack.sidecar.kill();
    assert.equal((await ask(stack.url, "a")).status, 429, "without a sidecar, too");
    assert.equal(await going(stack.url, "c", 15), 10);
  });
}

test("tokens of answers count, and a full minute's worth comes back", async (t) => {
  const config = limiting({ name: "tokens", tokens: 600, per: "60s" });
  const stack = await startStack({ sidecar: { config } }, t);
  const first = await ask(stack.url, "a", "word ".repeat(400));
  assert.equal(first.headers.get("x-ratelimit-limit-tokens"), "600");
  const tokens = Number(first.headers.get("x-ratelimit-remaining-tokens"));
  assert.ok(tokens > 50 && tokens < 150, `${tokens} left of 600 after some 500`);
  let [went, refused] = [1, await ask(stack.url, "a", "word ".repeat(40))];
  for (; refused.status === 200; went++) refused = await ask(stack.url, "a", "word ".repeat(40));
  assert.ok(went <= 4, `${went}`);
  const seconds = Number(refused.headers.get("retry-after"));
  assert.ok(seconds >= 1 && seconds <= 8, `${seconds} s for some 60 tokens at 10 a second`);
  await sleep(seconds * 1000);
  assert.equal((await ask(stack.url, "a", "word ".repeat(40))).status, 200);
});

/** Two gateways, each with a sidecar of its own, in front of the same model servers. */
async function twoGateways(t: TestContext, redis: RedisServer, config: object): Promise<[Stack, Stack]> {
  const options = {
    sidecar: { config, flags: { redis: redis.url, "replica-group": "e2e" } },
    envoy: { concurrency: 2 },
  };
  const one = await startStack(options, t);
  const modelServers = one.simulators.map(({ address }) => address);
  const two = await startStack({ ...options, modelServers }, t);
  await connected(one, 1);
  await connected(two, 1);
  return [one, two];
}

function connected({ sidecar }: Stack, value: number): Promise<void> {
  const line = new RegExp(`^inline_epp_redis_connected ${value}$`, "m");
  return waitUntil("connection to Redis", async () => line.test(await sidecar.metrics()), PATIENCE_MS);
}

/** What is spent of each budget in a Redis, in requests of the shared limit. */
async function spentOf(redis: RedisServer): Promise<number[]> {
  const script =
    "local time = redis.call('TIME') local now = time[1] * 1000000 + time[2] local all = {} " +
    "for i, key in ipairs(redis.call('KEYS', '*:budget:*')) do " +
    "all[i] = string.format('%.0f', struct.unpack('<d', redis.call('GET', key)) - now) end " +
    "return table.concat(all, ' ')";
  const [, debts = ""] = (await redis.command("EVAL", `"${script}"`, "0")).split("\r\n");
  const microseconds = (SHARED.hours * 3600e6) / SHARED.limit;
  return debts.split(" ").map((debt) => Math.ceil(Number(debt) / microseconds));
}

/** Waits until Redis has a budget of which so many requests are spent. */
function told(redis: RedisServer, requests: number): Promise<void> {
  return waitUntil(`${requests} spent`, async () => (await spentOf(redis)).includes(requests), PATIENCE_MS);
}

/**
 * Has a client ask until its gateway knows what is left of a budget of which so much is spent; tells how many requests
 * went on. A gateway hears of what others have spent when it tells of its own.
 */
async function askUntilHeard({ url }: Stack, redis: RedisServer, key: string, spent: number): Promise<number> {
  for (let went = 0; ; ) {
    const answer = await ask(url, key);
    if (answer.status === 429) return went;
    went++;
    if (limits(answer)[1] === `${SHARED.limit - spent - went}`) return went;
    await told(redis, spent + went);
  }
}

test("two gateways with two sidecars and a Redis have one budget; while Redis is away each has its own", async (t) => {
  const redis = await RedisServer.start(t);
  const [one, two] = await twoGateways(
    t,
    redis,
    limiting({ name: "daily", requests: SHARED.limit, per: `${SHARED.hours}h` }),
  );
  assert.equal(await going(one.url, "a", 25), 25);
  await told(redis, 25);
  const first = await askUntilHeard(two, redis, "a", 25);
  assert.equal(first + (await going(two.url, "a", 30)), 15);
  await told(redis, 40);
  const over = await askUntilHeard(one, redis, "a", 40);
  assert.ok(over < 5, `${over} went before it had heard`);
  assert.equal(await going(one.url, "a", 5), 0);

  await redis.kill();
  await connected(one, 0);
  await connected(two, 0);
  assert.equal(await going(one.url, "a", 5), 0, "what is spent stays spent");
  const [here, there] = [await going(one.url, "b", 50), await going(two.url, "b", 50)];
  assert.deepEqual([here, there], [40, 40], "each by itself");
  const failed = "wasmcustom.inline_epp_rate_limit_calls_failed_total";
  await waitUntil("counted", async () => (await one.envoy.stat(failed)) > 0, PATIENCE_MS);

  await redis.start();
  await connected(one, 1);
  await connected(two, 1);
  assert.equal(await going(one.url, "b", 5), 0);
  assert.equal(await going(two.url, "b", 5), 0);
  assert.equal(await going(one.url, "c", 20), 20);
  await told(redis, 20);
  const begun = await askUntilHeard(two, redis, "c", 20);
  assert.equal(begun + (await going(two.url, "c", 40)), 20, "one budget again");
});

test("under load two gateways together give hardly more than the limit", async (t) => {
  const redis = await RedisServer.start(t);
  const [one, two] = await twoGateways(t, redis, limiting({ name: "steady", requests: 20, per: "1s", burst: "500ms" }));
  // Long against what gateways give between two tellings, however late a busy machine lets these be.
  const until = performance.now() + 10_000;
  let [went, sent] = [0, 0];
  const client = async (url: string) => {
    while (performance.now() < until) {
      sent++;
      if ((await ask(url, "a")).status === 200) went++;
      await sleep(10);
    }
  };
  const began = performance.now();
  await Promise.all([one, two].flatMap(({ url }) => [client(url), client(url), client(url)]));
  const expected = 10 + (20 * (performance.now() - began)) / 1000;
  t.diagnostic(`${went} of ${sent} went, the limit is ${expected.toFixed(0)}: ${(went / expected).toFixed(2)}`);
  assert.ok(sent > 1.5 * expected, `${sent} requests are no load`);
  assert.ok(went < 1.25 * expected && went > 0.8 * expected, `${went} of ${expected}`);
});
