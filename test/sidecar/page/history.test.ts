import assert from "node:assert/strict";
import { test } from "node:test";
import type { PlannedPool } from "../../../sidecar/explain/snapshot.ts";
import { History } from "../../../sidecar/page/history.ts";
import { planOf, snapshotOf } from "../explain/snapshots.ts";

const PLAN = planOf([{ plugin: "max-score-picker" }]);

function pool(name: string, endpoints = 1): PlannedPool {
  const addresses = Array.from({ length: endpoints }, (_, index) => ({
    address: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}:8000`,
  }));
  return { ...snapshotOf(addresses.slice(0, 1), { plan: PLAN }).pool, name, endpoints: new Array(endpoints) } as never;
}

test("a moment is the last one before a time, of that pool", () => {
  const history = new History();
  const [first, second, other] = [pool("ns/a"), pool("ns/a"), pool("ns/b")];
  history.note([first, other], 1000);
  history.note([second], 2000);
  assert.equal(history.before("ns/a", 999), undefined);
  assert.equal(history.before("ns/a", 1000)?.pool, first);
  assert.equal(history.before("ns/a", 1999)?.pool, first);
  assert.deepEqual(history.before("ns/a", 9000), { at: 2000, pool: second });
  assert.equal(history.before("ns/a", 32_000)?.pool, second);
  assert.equal(history.before("ns/a", 32_001), undefined, "half a minute before it nobody was looking any more");
  assert.equal(history.before("ns/b", 9000)?.pool, other);
});

test("half a minute is kept, and of large pools less; the newest moment always", () => {
  const history = new History();
  const [small, large] = [pool("ns/a"), pool("ns/large", 25_000)];
  history.note([small], 0);
  history.note([small], 30_000);
  assert.equal(history.before("ns/a", 0)?.at, 0);
  history.note([small], 30_001);
  assert.equal(history.before("ns/a", 0), undefined);

  for (const now of [31_000, 32_000, 33_000]) history.note([large], now);
  assert.equal(history.before("ns/large", 31_500), undefined, "three times 25,000 are more than 60,000");
  assert.equal(history.before("ns/large", 32_500)?.at, 32_000);
  const huge = pool("ns/huge", 70_000);
  history.note([huge], 34_000);
  assert.equal(history.before("ns/huge", 34_000)?.pool, huge);
  assert.equal(history.before("ns/large", 34_000), undefined);
});

test("where nobody looks any more nothing is kept", () => {
  const history = new History();
  history.note([pool("ns/a"), pool("ns/huge", 70_000)], 1000);
  history.tidy(31_000);
  assert.equal(history.before("ns/huge", 1000)?.at, 1000);
  history.tidy(31_001);
  assert.equal(history.before("ns/huge", 1000), undefined);
  assert.equal(history.before("ns/a", 1000), undefined);
});
