import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../simulator/virtual-clock.ts";
import { chatBody, type ErrorAnswer, start, until } from "./server-support.ts";

test("figures can be overridden, cleared one by one, and cleared together", async (t) => {
  const client = await start(t);
  const shown = async (): Promise<string[]> =>
    [
      ...(await (await client.get("/metrics")).text()).matchAll(
        /^vllm:(?:num_requests_\w+|kv_cache_usage_perc)\{.*\} (.*)$/gm,
      ),
    ].map((match) => match[1]!);
  const saturated = { waiting: 50, running: 16, kvCacheUsage: 0.99 };
  assert.deepEqual((await client.admin(saturated)).overrides, saturated);
  assert.deepEqual(await shown(), ["16", "50", "0.99"]);
  assert.deepEqual((await client.admin({ running: null, waiting: 7 })).overrides, { waiting: 7, kvCacheUsage: 0.99 });
  assert.deepEqual(await shown(), ["0", "7", "0.99"]);
  const cleared = await fetch(`${client.url}/admin/state`, { method: "DELETE" });
  assert.deepEqual(((await cleared.json()) as { overrides: unknown }).overrides, {});
  assert.deepEqual(await shown(), ["0", "0", "0"]);
});

test("the state shows live figures", async (t) => {
  const client = await start(t);
  await client.chat("x".repeat(64 * 10));
  const { live } = await client.state();
  assert.deepEqual([live.running, live.waiting, live.kvCacheUsage, live.requestsServed], [0, 0, 0, 1]);
  assert.equal(live.cachedBlocks, 10);
  assert.ok(live.connections >= 1);
});

test("a change that is not understood is refused as a whole, by the name of its field", async (t) => {
  const client = await start(t);
  const bad: [unknown, RegExp][] = [
    ["nonsense", /not JSON/],
    [[], /JSON object/],
    [{ wating: 5 }, /unknown field "wating": expected any of waiting, running/],
    [{ constructor: 5 }, /unknown field "constructor"/],
    [{ waiting: -1 }, /^waiting must be a whole number from 0, or null to clear it, not -1/],
    [{ running: "16" }, /^running must be a whole number from 0.*not "16"/],
    [{ kvCacheUsage: 99 }, /^kvCacheUsage must be a number from 0 to 1/],
    [{ slowdown: 0 }, /^slowdown must be a number above 0/],
    [{ stuck: "yes" }, /^stuck must be true or false/],
    [{ metrics: "bad" }, /^metrics must be "ok", "error", "hang", "garbage", "huge", "slow"/],
    [{ errorRate: 2 }, /^errorRate must be a number from 0 to 1/],
    [{ errorStatus: 200 }, /^errorStatus must be a whole number from 400 to 599/],
    [{ gone: 1 }, /^gone must be true or false/],
    [{ gone: true, goneFor: 2 }, /^goneFor must be a number with a unit/],
    [{ goneFor: "2s" }, /^goneFor may only be given with "gone": true/],
    [{ reset: "later" }, /^reset must be "before-headers", "mid-stream"/],
    [{ waiting: 5, reset: 1 }, /^reset must be/],
  ];
  for (const [change, expected] of bad) {
    const response = await client.post("/admin/state", change);
    assert.equal(response.status, 400);
    assert.match(((await response.json()) as ErrorAnswer).error.message, expected);
  }
  assert.deepEqual((await client.state()).overrides, {});
});

test("a slowdown stretches all times", async (t) => {
  const clock = new VirtualClock();
  const client = await start(t, { prefillBaseMs: 10, maxNumSeqs: 1 }, clock);
  await client.admin({ slowdown: 5 });
  const answer = client.chat("Hi", { max_tokens: 1 });
  await until(async () => (await client.state()).live.running === 1);
  clock.advanceTo(49);
  assert.equal((await client.state()).live.running, 1);
  clock.advanceTo(50);
  await answer;
});

test("a stuck server takes requests and answers none until it is free; its metrics answer", async (t) => {
  const client = await start(t);
  await client.admin({ stuck: true });
  let answered = 0;
  const calls = [true, false].map(async (stream) => {
    const response = await client.post("/v1/chat/completions", chatBody("Hi", { stream }));
    answered++;
    return response.text();
  });
  await until(async () => (await client.state()).live.waiting === 2);
  assert.match(await (await client.get("/metrics")).text(), /^vllm:num_requests_waiting\{.*\} 2$/m);
  assert.equal((await client.get("/health")).status, 200);
  assert.equal(answered, 0);
  await client.admin({ stuck: null });
  const [streamed, whole] = await Promise.all(calls);
  assert.match(streamed!, /\[DONE\]/);
  assert.match(whole!, /chat\.completion/);
});

test("metrics can fail, be nonsense, and be endless", async (t) => {
  const client = await start(t);
  await client.admin({ metrics: "error" });
  assert.equal((await client.get("/metrics")).status, 500);

  await client.admin({ metrics: "garbage" });
  const garbage = await client.get("/metrics");
  assert.equal(garbage.status, 200);
  assert.doesNotMatch(await garbage.text(), /# TYPE/);

  await client.admin({ metrics: "huge" });
  let bytes = 0;
  for await (const chunk of (await client.get("/metrics")).body!) bytes += (chunk as Uint8Array).length;
  assert.equal(bytes, 64 * 1024 * 1024);

  const left = await client.get("/metrics");
  await left.body!.cancel();
  await client.admin({ metrics: "ok" });
  assert.match(await (await client.get("/metrics")).text(), /# TYPE vllm:num_requests_running gauge/);
});

test("metrics can come after a second", async (t) => {
  const clock = new VirtualClock();
  const at = t.mock.method(clock, "at");
  const client = await start(t, {}, clock);
  await client.admin({ metrics: "slow" });
  let settled = false;
  const scrape = client.get("/metrics").finally(() => {
    settled = true;
  });
  await until(async () => at.mock.callCount() === 1);
  clock.advance(999);
  await client.chat("Hi");
  assert.equal(settled, false);
  clock.advance(1);
  assert.match(await (await scrape).text(), /vllm:num_requests_running/);
});

test("metrics can never come, while all else goes on", async (t) => {
  const client = await start(t);
  await client.admin({ metrics: "hang" });
  const stop = new AbortController();
  let settled = false;
  const scrape = fetch(`${client.url}/metrics`, { signal: stop.signal }).finally(() => {
    settled = true;
  });
  for (let i = 0; i < 10; i++) await client.chat("Hi");
  assert.equal(settled, false);
  stop.abort();
  await assert.rejects(scrape);
});

test("completions fail at a rate, the same ones for the same seed", async (t) => {
  const statuses = async (seed: number, errorRate: number): Promise<number[]> => {
    const client = await start(t, { seed });
    await client.admin({ errorRate, errorStatus: 503 });
    const seen: number[] = [];
    for (let i = 0; i < 40; i++) {
      const response = await client.post("/v1/completions", { model: "base", prompt: "Hi" });
      await response.text();
      seen.push(response.status);
    }
    return seen;
  };
  const some = await statuses(1, 0.5);
  assert.deepEqual([...new Set(some)].sort(), [200, 503]);
  assert.deepEqual(await statuses(1, 0.5), some);
  assert.notDeepEqual(await statuses(2, 0.5), some);
  assert.deepEqual(new Set(await statuses(1, 1)), new Set([503]));
});

test("a failure has OpenAI's shape and is 500 unless another status is set", async (t) => {
  const client = await start(t);
  await client.admin({ errorRate: 1 });
  const response = await client.post("/v1/completions", { model: "base", prompt: "Hi" });
  assert.equal(response.status, 500);
  assert.equal(((await response.json()) as ErrorAnswer).error.type, "InternalServerError");
  assert.equal((await client.get("/v1/models")).status, 200);
});
