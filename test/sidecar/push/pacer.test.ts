import assert from "node:assert/strict";
import { test } from "node:test";
import { Pacer } from "../../../sidecar/push/pacer.ts";
import { ManualClock } from "../support/manual-clock.ts";

function pacer(units: number) {
  const clock = new ManualClock();
  const start = clock.now();
  const cuts: { pool: string; at: number }[] = [];
  const subject = new Pacer(clock, (pool) => {
    cuts.push({ pool, at: clock.now() - start });
    return units;
  });
  return { clock, cuts, subject };
}

test("the first change is cut within the call", () => {
  const { cuts, subject, clock } = pacer(1);
  subject.changed("a");
  assert.deepEqual(cuts, [{ pool: "a", at: 0 }]);
  assert.equal(clock.pending, 0);
});

test("a thousand changes a second of one pool are cut once a window", () => {
  const { cuts, subject, clock } = pacer(6);
  for (let step = 0; step < 1000; step++) {
    subject.changed("a");
    clock.advance(1);
  }
  assert.ok(cuts.length > 160 && cuts.length <= 201, `${cuts.length} cuts`);
});

test("pools have windows of their own", () => {
  const { cuts, subject, clock } = pacer(1);
  subject.changed("a");
  clock.advance(2);
  subject.changed("b");
  subject.changed("a");
  clock.advance(10);
  assert.deepEqual(cuts, [
    { pool: "a", at: 0 },
    { pool: "b", at: 2 },
    { pool: "a", at: 5 },
  ]);
});

test("many pools share an allowance, and none is left behind", () => {
  const { cuts, subject, clock } = pacer(1);
  const pools = Array.from({ length: 1000 }, (_, index) => `pool-${index}`);
  for (let step = 0; step < 2000; step++) {
    // Each pool changes 20 times a second, so 40 times in all.
    for (let index = step % 50; index < pools.length; index += 50) subject.changed(pools[index]!);
    clock.advance(1);
  }
  assert.ok(cuts.length > 7500 && cuts.length < 8200, `${cuts.length} cuts in 2 s`);
  const byPool = pools.map((pool) => cuts.filter((cut) => cut.pool === pool).length);
  assert.ok(Math.min(...byPool) >= 6, `the least served had ${Math.min(...byPool)}`);
  assert.ok(Math.max(...byPool) <= 10, `the most served had ${Math.max(...byPool)}`);
});

test("an urgent change goes before all pools that wait for the allowance, but not within its pool's window", () => {
  const { cuts, subject, clock } = pacer(1);
  const pools = Array.from({ length: 1000 }, (_, index) => `pool-${index}`);
  for (const pool of pools) subject.changed(pool);
  clock.advance(10);
  const before = cuts.length;
  assert.ok(before < 200, "most wait");
  subject.changed("pool-900", true);
  subject.changed("pool-900");
  subject.changed(cuts.at(-1)!.pool, true);
  subject.changed("new", true);
  clock.advance(1);
  assert.deepEqual(
    cuts.slice(before, before + 2).map(({ pool }) => pool),
    ["pool-900", "new"],
  );
  clock.advance(4);
  assert.ok(cuts.slice(before).some(({ pool }) => pool === cuts[before - 1]!.pool));
  clock.advance(500);
  assert.equal(cuts.length, 1002, "each once, and one twice");
});

test("refresh marks what was not cut for that long", () => {
  const { cuts, subject, clock } = pacer(1);
  subject.changed("a");
  clock.advance(500);
  subject.refresh(["a", "b"], 750);
  assert.deepEqual(
    cuts.map((cut) => cut.pool),
    ["a", "b"],
  );
  clock.advance(250);
  subject.refresh(["a", "b"], 750);
  assert.deepEqual(
    cuts.map((cut) => cut.pool),
    ["a", "b", "a"],
  );
});

test("what is forgotten or stopped is cut no more", () => {
  const { cuts, subject, clock } = pacer(1);
  subject.changed("a");
  subject.changed("b");
  subject.changed("a");
  subject.changed("b");
  subject.forget("a");
  clock.advance(10);
  assert.deepEqual(
    cuts.map((cut) => cut.pool),
    ["a", "b", "b"],
  );
  subject.changed("b");
  subject.changed("b");
  subject.stop();
  clock.advance(100);
  assert.equal(cuts.length, 4);
});
