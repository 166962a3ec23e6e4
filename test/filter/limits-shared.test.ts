// Budgets of rate limits that workers share, and what they tell the sidecar of them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "../../simulator/random.ts";
import { WIRE_VERSION } from "../../wire/layout.ts";
import { nameKey } from "../../wire/name-key.ts";
import { xxh64 } from "../../wire/xxh64.ts";
import { completion } from "./exchanges.ts";
import { limit, limited, SECOND, serve } from "./limited.ts";
import { configuration } from "./pools.ts";
import { callsDuring } from "./requests.ts";

const FAILED = "inline_epp_rate_limit_calls_failed_total";
const USAGE = JSON.stringify({ usage: { prompt_tokens: 3, completion_tokens: 4 } });
const TABLES = `inline-epp/${WIRE_VERSION}/sidecar/inline-epp/budgets/`;

test("all workers of a gateway have one budget", () => {
  const { all, goes } = limited([limit({ requests: 5 })], 3);
  const went = Array.from({ length: 9 }, (_, index) => goes("a", completion("Hello"), all[index % 3]));
  assert.deepEqual(went, [true, true, true, true, true, false, false, false, false]);
});

test("a worker that another has come before tries again, and nothing is lost", () => {
  const { rig, all, goes } = limited([limit({ requests: 5 })], 2);
  assert.ok(goes("a"));
  let between = 0;
  rig.shared.beforeGet = (key) => {
    if (!key.startsWith(TABLES) || between === 2) return;
    between++;
    // As if the other worker ran between this one's reading and writing.
    rig.shared.beforeGet = undefined;
    const read = rig.shared.get(key)!;
    rig.shared.get = (asked) => {
      if (asked !== key) return Object.getPrototypeOf(rig.shared).get.call(rig.shared, asked);
      Reflect.deleteProperty(rig.shared, "get");
      assert.ok(goes("a", completion("Hello"), all[1]));
      return read;
    };
  };
  assert.ok(goes("a", completion("Hello"), all[0]));
  assert.equal(between, 1);
  assert.deepEqual([goes("a"), goes("a"), goes("a")], [true, true, false], "three had been taken");
});

test("what was spent is told with the tick after 100 ms; the answer holds, but for what was spent since", () => {
  const { rig, goes, spendCalls } = limited([limit({ requests: 60 })]);
  assert.deepEqual([goes("a"), goes("a")], [true, true]);
  rig.pass(10);
  const [call] = spendCalls();
  assert.deepEqual(call?.rows, [
    { key: call!.rows[0]!.key, requests: 1_990_000, tokens: 0, requestDebt: 0, tokenDebt: 0 },
  ]);
  assert.ok(goes("a"));
  rig.pass(500);
  assert.equal(spendCalls().length, 1, "one call at a time");
  call!.answer(() => ({ requestDebt: 58 * SECOND }));
  assert.deepEqual([goes("a"), goes("a")], [true, false], "58 and 1 by others and here, of 60");
  rig.pass(10);
  const next = spendCalls()[1];
  assert.deepEqual(
    next?.rows.map(({ requests, requestDebt }) => [requests, requestDebt]),
    [[2 * SECOND, 57_990_000]],
  );
  next!.answer();
  rig.pass(500);
  assert.equal(spendCalls().length, 2, "nothing more to tell");
});

test("one who is refused asks, since others may have given back", () => {
  const { rig, goes, spendCalls } = limited([limit({ requests: 1 })]);
  goes("a");
  rig.pass(10);
  spendCalls()[0]!.answer();
  rig.pass(200);
  assert.equal(goes("a"), false);
  rig.pass(10);
  const [, asking] = spendCalls();
  assert.deepEqual(
    asking?.rows.map(({ requests }) => requests),
    [0],
  );
  asking!.answer(() => ({ requestDebt: 0 }));
  assert.ok(goes("a"));
});

test("a budget is told of by one worker at a time, of what all have spent", () => {
  const { rig, all, goes, spendCalls } = limited([limit({ requests: 60 })], 3);
  for (const worker of all) goes("a", completion("Hello"), worker);
  rig.pass(500);
  const [call, ...others] = spendCalls();
  assert.equal(others.length, 0);
  assert.deepEqual(
    call!.rows.map(({ requests }) => requests),
    [2_990_000],
  );
  call!.answer();
  rig.pass(500);
  const rows = spendCalls()
    .slice(1)
    .flatMap(({ rows }) => rows.map(({ requests }) => requests));
  assert.ok(
    rows.every((requests) => requests === 0),
    `${rows}`,
  );
});

for (const [what, end] of [
  ["an error", 14],
  ["no frame", new Uint8Array(10)],
] as const) {
  test(`${what} for an answer: it is told again after a second, and this gateway's budgets hold meanwhile`, () => {
    const { rig, goes, spendCalls } = limited([limit({ requests: 2 })]);
    goes("a");
    rig.pass(10);
    spendCalls()[0]!.end(end);
    rig.pass(10);
    assert.equal(rig.metrics.value(FAILED), 1);
    assert.equal(rig.logged(/rate limits hold in this gateway alone/).length, 1);
    assert.deepEqual([goes("a"), goes("a")], [true, false]);
    rig.pass(970);
    assert.equal(spendCalls().length, 1);
    rig.pass(20);
    const [row] = spendCalls()[1]!.rows;
    assert.ok(row!.requests > 58 * SECOND && row!.requests <= 60 * SECOND, `${row!.requests}: both are told`);
  });
}

test("an answer for other budgets, or with debts there cannot be, is none", () => {
  const { rig, goes, spendCalls } = limited([limit({ requests: 2 })]);
  goes("a");
  rig.pass(10);
  spendCalls()[0]!.answer(({ key }) => ({ key: key + 1n }));
  rig.pass(10);
  assert.equal(rig.metrics.value(FAILED), 1);
  rig.pass(1000);
  spendCalls()[1]!.answer(() => ({ requestDebt: -1 }));
  rig.pass(10);
  assert.equal(rig.metrics.value(FAILED), 2);
  assert.deepEqual([goes("a"), goes("a")], [true, false]);
});

test("a sidecar of which nothing is heard is given up, and the budget told again", () => {
  const { rig, goes, spendCalls } = limited([limit({ requests: 60 })]);
  goes("a");
  rig.pass(6100);
  assert.equal(rig.metrics.value(FAILED), 1);
  goes("a");
  rig.pass(1000);
  assert.equal(spendCalls().length, 2);
  assert.equal(spendCalls()[1]!.rows.length, 1);
});

test("a configuration that goes takes its call with it, which is no failure", () => {
  const { rig, worker, goes, spendCalls } = limited([limit({ requests: 60 })]);
  goes("a");
  rig.pass(10);
  const { vm, root } = worker;
  const next = { vm, root: vm.createRoot(configuration()) };
  vm.deleteRoot(root);
  goes("a", completion("Hello"), next);
  rig.pass(100);
  const [, again, ...others] = spendCalls();
  assert.deepEqual([again?.rows.length, others.length], [1, 0]);
  assert.ok(again!.rows[0]!.requests > 1.8 * SECOND, `${again!.rows[0]!.requests}: both are told`);
  assert.equal(rig.metrics.value(FAILED) ?? 0, 0);
  assert.deepEqual(rig.logged(/rate limits hold in this gateway alone/), []);
});

test("a budget that was forgotten while it was told begins anew, and owes what it has taken since", () => {
  const { rig, goes, spendCalls } = limited([limit({ requests: 60 })]);
  for (let i = 0; i < 5; i++) goes("a");
  rig.pass(10);
  const [call] = spendCalls();
  const key = budgetKey("a");
  assert.deepEqual(call!.rows[0]?.key, key);
  // As many as the row of shared data has room for, each with more debt.
  const others = Array.from({ length: 40_000 }, (_, index) => `other-${index}`);
  const neighbours = others.filter((name) => (budgetKey(name) & 1023n) === (key & 1023n)).slice(0, 16);
  assert.equal(neighbours.length, 16);
  for (const client of neighbours) for (let i = 0; i < 7; i++) goes(client);
  goes("a");
  call!.answer();
  rig.pass(100);
  const next = spendCalls()[1]!.rows.find((row) => row.key === key);
  assert.ok(next!.requests > 0.8 * SECOND && next!.requests <= SECOND, `${next!.requests}: one request`);
  assert.equal(next!.requestDebt, 0);
});

test("many clients are told of in calls of 256", () => {
  const { rig, goes, spendCalls } = limited([limit({ requests: 60 })]);
  for (let i = 0; i < 400; i++) goes(`client-${i}`);
  rig.pass(10);
  const [call] = spendCalls();
  assert.equal(call!.rows.length, 256);
  assert.equal(new Set(call!.rows.map(({ key }) => key)).size, 256);
});

test("a limit costs a reading and a writing of shared data when a request comes, and when it is over; none costs nothing", () => {
  const calls = (limits: Parameters<typeof limited>[0]) => {
    const { worker, send } = limited(limits);
    return callsDuring(worker.vm, () => serve(send("a"), USAGE));
  };
  const shared = (all: readonly string[]) => all.filter((name) => name.includes("shared_data")).length;
  const [without, within] = [calls([]), calls([limit({ requests: 5, tokens: 1000 })])];
  assert.equal(shared(without), 1, "the epoch");
  assert.equal(shared(within), 5);
});

test("a header by which several limits go is read once", () => {
  const readings = (limits: Parameters<typeof limited>[0]) => {
    const { worker, send } = limited(limits);
    return callsDuring(worker.vm, () => send("a")).filter((name) => name === "proxy_get_header_map_value").length;
  };
  const names = ["requests", "tokens", "others"];
  const three = names.map((name) => limit({ name, requests: 5 }));
  assert.equal(readings(three), readings([limit({ requests: 5 })]));
  assert.equal(readings([...three, limit({ name: "users", header: "x-user" })]), readings(three) + 1);
});

test("the budgets of 20,000 clients leave the memory unchanged", () => {
  const { rig, worker, goes, spendCalls, forgetCalls } = limited([limit({ requests: 60, tokens: 10_000 })]);
  const round = (from: number) => {
    for (let i = from; i < from + 1000; i++) goes(`client-${i % 20_000}`);
    rig.pass(100);
    for (const call of spendCalls()) call.answer();
    forgetCalls();
  };
  for (let i = 0; i < 20; i++) round(i * 1000);
  const bytes = worker.vm.memoryBytes;
  for (let i = 0; i < 20; i++) round(i * 1000);
  assert.equal(worker.vm.memoryBytes, bytes);
});

/** The key of a client's budget: wire/FORMAT.md leaves it to the filter. */
function budgetKey(client: string): bigint {
  const parts = ["default/base", "clients", "base", client].map(nameKey);
  return xxh64(new Uint8Array(BigUint64Array.from(parts).buffer));
}

/** A token bucket by the book: it holds so many, and gets so many a second. */
class Bucket {
  readonly #most: number;
  readonly #perSecond: number;
  #level: number;
  #at = 0;

  constructor(most: number, perSecond: number) {
    this.#most = most;
    this.#perSecond = perSecond;
    this.#level = most;
  }

  take(now: number): boolean {
    this.#level = Math.min(this.#most, this.#level + (now - this.#at) * this.#perSecond);
    this.#at = now;
    if (this.#level < 1 - 1e-6) return false;
    this.#level--;
    return true;
  }
}

for (const seed of [1, 2, 3]) {
  test(`random clients, workers and times: as many go as of a token bucket by the book (${seed})`, () => {
    const random = createRandom(seed);
    const { rig, all, goes } = limited([limit({ requests: 90, burst: 8 * SECOND })], 3);
    const buckets = Array.from({ length: 5 }, () => new Bucket(12, 1.5));
    let [now, went] = [0, 0];
    for (let i = 0; i < 2000; i++) {
      const milliseconds = Math.floor(random() * 250);
      now += milliseconds / 1000;
      rig.now += BigInt(milliseconds) * 1000n;
      const client = Math.floor(random() * 5);
      const expected = buckets[client]!.take(now);
      const got = goes(`${client}`, completion("Hello"), all[Math.floor(random() * 3)]);
      assert.equal(got, expected, `request ${i}, at ${now} s`);
      if (got) went++;
    }
    assert.ok(went > 1000 && went < 2000, `${went}`);
  });
}
