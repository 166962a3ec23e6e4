// Which endpoints are picked from as samples, or the sidecar itself, grow old.

import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeBeat } from "../../wire/encode.ts";
import { sample, servingRig } from "./pools.ts";
import { pickOnce, picksOf, post, spread } from "./requests.ts";

test("endpoints with stale samples are avoided, and so are those never scraped or not ready", () => {
  const { rig, vm, root, pool } = servingRig(5);
  rig.stream.message(
    pool.load([
      sample({ age: 2001 }),
      sample({ age: undefined }),
      sample({ ready: false }),
      sample({ age: 2000, waiting: 100, kvUsage: 1 }),
      sample({ waiting: 50, kvUsage: 0.9 }),
    ]),
  );
  const counts = spread(vm, root, 200);
  assert.deepEqual([...counts], [["10.0.0.5:8000", 200]]);
  assert.deepEqual(picksOf(post(vm, root)), ["10.0.0.5:8000", "10.0.0.4:8000"], "a busy one is still the fallback");
});

test("where every sample is stale, requests in flight alone decide", () => {
  const { rig, vm, root, pool } = servingRig(3);
  rig.stream.message(
    pool.load([
      sample({ age: 2001, waiting: 90 }),
      sample({ age: undefined, waiting: 0 }),
      sample({ age: 9999, waiting: 0, ready: false }),
    ]),
  );
  const first = post(vm, root);
  const second = post(vm, root);
  assert.deepEqual([picksOf(first)[0], picksOf(second)[0]].sort(), ["10.0.0.1:8000", "10.0.0.2:8000"]);
  assert.equal(picksOf(first).length, 2, "one that is not ready is never picked");
  first.close();
  for (let i = 0; i < 20; i++) assert.equal(pickOnce(vm, root), picksOf(first)[0]);
});

test("once the sidecar has been silent for longer than staleAfter, samples no longer count", () => {
  const { rig, vm, root, pool } = servingRig(2, { staleAfter: "3s" });
  rig.stream.message(pool.load([sample({ waiting: 50 }), sample()]));
  rig.pass(3000);
  assert.deepEqual([...spread(vm, root, 50).keys()], ["10.0.0.2:8000"]);
  rig.now += 1n;
  const counts = spread(vm, root, 400);
  assert.ok((counts.get("10.0.0.1:8000") ?? 0) > 150, `${[...counts]}`);
});

test("requests in flight still spread while the sidecar is silent", () => {
  const { rig, vm, root, pool } = servingRig(4);
  rig.stream.message(pool.load([sample({ waiting: 50 }), sample(), sample({ kvUsage: 1 }), sample({ ready: false })]));
  rig.pass(20_000);
  const counts = new Map<string, number>();
  for (let i = 0; i < 30; i++) {
    const first = picksOf(post(vm, root))[0] ?? "none";
    counts.set(first, (counts.get(first) ?? 0) + 1);
  }
  assert.deepEqual([...counts.values()], [10, 10, 10]);
});

test("a beat shows that the sidecar lives, not that samples are fresh", () => {
  const { rig, vm, root, pool } = servingRig(2, { staleAfter: "3s" });
  rig.stream.message(pool.load([sample({ waiting: 50 }), sample()]));
  for (let second = 0; second < 4; second++) {
    rig.pass(1000);
    rig.stream.message(encodeBeat());
  }
  assert.ok((spread(vm, root, 400).get("10.0.0.1:8000") ?? 0) > 150);
});

test("with the next load everything is as before", () => {
  const { rig, vm, root, pool } = servingRig(2, { staleAfter: "1s" });
  const values = [sample({ waiting: 50 }), sample()];
  rig.stream.message(pool.load(values));
  rig.pass(4000);
  rig.stream.message(pool.load(values));
  assert.deepEqual([...spread(vm, root, 100).keys()], ["10.0.0.2:8000"]);
});
