import assert from "node:assert/strict";
import { test } from "node:test";
import { limited, type ScorerStep } from "../../../sidecar/explain/explanation.ts";
import type { PlannedPool } from "../../../sidecar/explain/snapshot.ts";
import { loadFilterModule } from "../../../sidecar/filter/module.ts";
import { type KnownRequest, keyText } from "../../../sidecar/page/recent-requests.ts";
import { Busy, Why, type WhyAnswer, type WhySources } from "../../../sidecar/page/why.ts";
import { xxh64 } from "../../../wire/xxh64.ts";
import { planOf, snapshotOf, WORKED_EXAMPLE } from "../explain/snapshots.ts";

const POOL = "default/base";
const [ONE, TWO] = ["10.0.0.1:8000", "10.0.0.2:8000"] as const;
const BLOCK_BYTES = 256; // 64 tokens of 4 bytes

const queueSteps = [{ plugin: "queue-scorer", name: "queue" }, { plugin: "max-score-picker" }];

/** Two endpoints with so many requests waiting at each. */
function pool(waiting: readonly [number, number], steps: readonly object[] = queueSteps, settings = {}): PlannedPool {
  const endpoints = [ONE, TWO].map((address, index) => ({ address, waiting: waiting[index], blockSize: 64 }));
  return snapshotOf(endpoints, { plan: planOf(steps, settings) }).pool as PlannedPool;
}

function known(endpoint: string | undefined, change: Partial<KnownRequest["request"]> = {}): KnownRequest {
  return {
    request: {
      ...{ id: 7, at: 0, model: "base", target: "base", priority: 0, status: 200, duration: 10, queued: 0 },
      ...{ ttft: 5, promptTokens: 512, cachedTokens: 0, outputTokens: 3 },
      endpoint: endpoint && keyText(xxh64(endpoint)),
      ...change,
    },
    decidedAt: 5000,
    bytes: 8 * BLOCK_BYTES + 40,
    explanation: "",
  };
}

function whyOf(now: PlannedPool, change: Partial<WhySources> = {}): Why {
  return new Why({
    module: loadFilterModule,
    state: (name) => (name === POOL ? now : undefined),
    past: () => undefined,
    model: () => "base",
    request: () => undefined,
    now: () => 0,
    ...change,
  });
}

function read(text: string | undefined): WhyAnswer {
  assert.ok(text !== undefined);
  return JSON.parse(text) as WhyAnswer;
}

test("a new prompt has a destination where the pool has room, and where it is saturated one after a wait", () => {
  const flowControl = { admission: { flowControl: true } };
  const free = read(whyOf(pool([3, 0], queueSteps, flowControl)).pool(POOL));
  assert.deepEqual([free.destinations[0], free.waits, free.refusal], [TWO, false, null]);
  const full = read(whyOf(pool([50, 60], queueSteps, flowControl)).pool(POOL));
  assert.deepEqual([full.destinations[0], full.waits, full.refusal], [ONE, true, null]);
  assert.equal(whyOf(pool([0, 0])).pool("default/gone"), undefined);
});

test("an explanation says in words what was picked, dropped and not considered", () => {
  const example = snapshotOf([], WORKED_EXAMPLE as Record<string, unknown>).pool as PlannedPool;
  const { profiles, notConsidered, types } = read(whyOf(example).pool(POOL));
  assert.deepEqual(profiles, [
    {
      name: "default",
      outcome: "picked default/pod-1: 0.25 ahead of default/pod-3",
      dropped: [{ filter: "zone-a", endpoints: ["default/pod-4"], all: 1 }],
    },
  ]);
  assert.deepEqual(notConsidered, { endpoints: [{ address: "default/pod-5", why: "not ready" }], all: 1 });
  assert.equal(types.queue, "queue-scorer");
});

test("a request is explained by the state before its decision, where there is one, and by that of now otherwise", () => {
  const past = (_: string, time: number) => ({ at: time - 400, pool: pool([0, 9]) });
  const request = () => known(ONE);
  const then = read(whyOf(pool([9, 0]), { past, request }).request(POOL, 7));
  assert.deepEqual([then.destinations[0], then.before], [ONE, 400]);
  const now = read(whyOf(pool([9, 0]), { request }).request(POOL, 7));
  assert.deepEqual([now.destinations[0], now.before], [TWO, null]);
  assert.equal(whyOf(pool([0, 0])).request(POOL, 7), undefined);
});

test("who served a request holds as much of its prompt as its answer said, the others nothing", () => {
  const steps = [{ plugin: "prefix-cache-scorer", name: "prefix" }, { plugin: "max-score-picker" }];
  const half = read(whyOf(pool([0, 0], steps), { request: () => known(TWO, { cachedTokens: 256 }) }).request(POOL, 7))
    .explanation!.profiles[0]!;
  assert.deepEqual(half.endpoints, [TWO, ONE]);
  assert.deepEqual(half.signals.matchedBlocks, [4, 0]);
  const [prefix] = half.steps as ScorerStep[];
  assert.deepEqual(prefix!.scores, [0.5, 0]);
});

test("a request that was served got past queues and limits", () => {
  const saturated = pool([50, 60], queueSteps, { admission: { flowControl: true } });
  const answer = read(whyOf(saturated, { request: () => known(ONE) }).request(POOL, 7));
  assert.deepEqual([answer.destinations[0], answer.waits], [ONE, false]);
});

test("of a request that the gateway turned away its answer is told", () => {
  const saturated = {
    ...pool([50, 60]),
    policies: { objectives: [{ name: "low", priority: -1 }], rewrites: [] },
  };
  const request = () => known(undefined, { priority: -1, status: 429 });
  const { explanation, refusal, destinations } = read(whyOf(saturated, { request }).request(POOL, 7));
  assert.deepEqual([explanation, destinations], [null, []]);
  assert.match(refusal ?? "", /ResourceExhausted/);
});

/** How many of these questions were answered, with undefined as well. */
function answered(questions: readonly (() => string | undefined)[]): number {
  return questions.filter((ask) => {
    try {
      ask();
      return true;
    } catch (error) {
      assert.ok(error instanceof Busy);
      return false;
    }
  }).length;
}

test("of eight questions at once about requests six are answered, and what is answered stands", () => {
  const requests = Array.from({ length: 8 }, (_, id) => known(ONE, { id }));
  let [now, states] = [0, 0];
  const state = () => {
    states++;
    return pool([0, 0]);
  };
  const why = whyOf(pool([0, 0]), { state, request: (_, id) => requests[id], now: () => now });
  assert.equal(answered(requests.map((_, id) => () => why.request(POOL, id))), 6);
  assert.equal(states, 6, "who has to ask again costs nothing");
  assert.equal(why.request(POOL, 0), why.request(POOL, 0));
  assert.equal(why.request(POOL, 8), undefined);
  assert.throws(() => why.request(POOL, 6), Busy);
  now = 1000;
  assert.ok(why.request(POOL, 7));
  assert.ok(why.request(POOL, 6));
  assert.throws(() => why.pool(POOL), Busy, "two a second, whatever is asked");
});

test("of what gateways have told no more is answered at once, and that stands as well", () => {
  const explanation = JSON.stringify(read(whyOf(pool([9, 0])).pool(POOL)).explanation);
  const requests = Array.from({ length: 8 }, (_, id) => ({ ...known(TWO, { id }), explanation }));
  const why = whyOf(pool([9, 0]), { request: (_, id) => requests[id] });
  assert.equal(answered(requests.map((_, id) => () => why.request(POOL, id))), 6);
  assert.equal(read(why.request(POOL, 5)).told, true);
});

test("of eight pools at once six are explained, each for five seconds", () => {
  const names = Array.from({ length: 8 }, (_, index) => `default/${index}`);
  let [now, states] = [0, 0];
  const state = () => {
    states++;
    return pool([0, 0]);
  };
  const why = whyOf(pool([0, 0]), { state, now: () => now });
  assert.equal(answered(names.map((name) => () => why.pool(name))), 6);
  assert.equal(states, 6);
  now = 4999;
  assert.equal(answered(names.map((name) => () => why.pool(name))), 8);
  assert.equal(states, 8);
  now = 5000;
  assert.ok(why.pool(names[0]!));
  assert.equal(states, 9);
});

test("another request of the same id has a reason of its own, and one that is forgotten has none", () => {
  let present: KnownRequest | undefined = known(undefined, { priority: -1, status: 429 });
  const saturated = { ...pool([50, 60]), policies: { objectives: [{ name: "low", priority: -1 }], rewrites: [] } };
  const why = whyOf(saturated, { request: () => present });
  assert.match(read(why.request(POOL, 7)).refusal ?? "", /ResourceExhausted/);
  present = known(ONE);
  assert.equal(read(why.request(POOL, 7)).refusal, null);
  present = undefined;
  assert.equal(why.request(POOL, 7), undefined);
});

test("what the gateway has told of a decision is what is said of it", () => {
  const now = pool([0, 9]); // by which the first would be picked
  const told = read(whyOf(pool([9, 0])).pool(POOL)).explanation!;
  const request = () => ({ ...known(TWO), explanation: JSON.stringify(told) });
  const answer = read(whyOf(now, { request }).request(POOL, 7));
  assert.deepEqual([answer.told, answer.explanation, answer.destinations], [true, told, [TWO]]);
  assert.equal(answer.profiles[0]!.outcome, `picked ${TWO}: 1 ahead of ${ONE}`);

  const best = limited(told, 1);
  const short = () => ({ ...known(TWO), explanation: JSON.stringify(best) });
  const part = read(whyOf(now, { request: short }).request(POOL, 7));
  assert.equal(part.profiles[0]!.outcome, `picked ${TWO}`, "who else there was is not told");
  assert.equal(part.notConsidered.all, 0);

  const broken = () => ({ ...known(TWO), explanation: "{" });
  assert.equal(read(whyOf(now, { request: broken }).request(POOL, 7)).told, false);
});

test("what a gateway tells in a form that is not known here is passed over", () => {
  const told = read(whyOf(pool([9, 0])).pool(POOL)).explanation!;
  const [profile] = told.profiles;
  for (const strange of [
    { ...profile, steps: [] },
    { ...profile, steps: profile!.steps.slice(0, -1) },
    { ...profile, signals: {} },
    { ...profile, candidates: 9, steps: [{ picker: "p", totals: [], picks: 3 }] },
    { ...profile, steps: [null] },
  ]) {
    const explanation = JSON.stringify({ ...told, profiles: [strange] });
    const answer = read(whyOf(pool([0, 9]), { request: () => ({ ...known(TWO), explanation }) }).request(POOL, 7));
    assert.deepEqual([answer.told, answer.destinations[0]], [false, ONE], explanation);
  }
});

test("beyond the endpoints that are listed, who served is", () => {
  const addresses = Array.from({ length: 60 }, (_, index) => `10.0.1.${index}:8000`);
  const endpoints = addresses.map((address, index) => ({ address, waiting: index }));
  const large = snapshotOf(endpoints, { plan: planOf(queueSteps) }).pool as PlannedPool;
  const last = addresses.at(-1)!;
  const [profile] = read(whyOf(large, { request: () => known(last) }).request(POOL, 7)).explanation!.profiles;
  assert.equal(profile!.endpoints.length, 21);
  assert.equal(profile!.endpoints.at(-1), last);
  assert.equal(profile!.signals.queue.at(-1), 59);
});
