// How rosters, loads, plans, SYNC and GONE change what the filter picks from.

import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeBeat, encodeGone, encodeSync } from "../../wire/encode.ts";
import { PLUGIN_MAX_SCORE_PICKER } from "../../wire/layout.ts";
import {
  configuration,
  connectedRig,
  endpoint,
  endpoints,
  FakePool,
  pickerOnly,
  sample,
  samples,
  servingRig,
} from "./pools.ts";
import { pickOnce, picksOf, post, spread } from "./requests.ts";
import { type Rig, sharedKeys } from "./rig.ts";

function reconnect(rig: Rig): void {
  rig.stream.close();
  rig.pass(200);
}

/** Bytes of all frames that shared data keeps. */
function frameBytes(rig: Rig): number {
  return rig.shared
    .keys()
    .filter((key) => /\/(roster|load|plan)\//.test(key))
    .reduce((sum, key) => sum + (rig.shared.get(key)?.value.length ?? 0), 0);
}

test("a new roster serves only with its first load", () => {
  const { rig, vm, root, pool } = servingRig(2);
  rig.stream.message(pool.roster([endpoint(7), endpoint(8)]));
  assert.match(pickOnce(vm, root) ?? "", /^10\.0\.0\.[12]:8000$/);
  rig.stream.message(pool.load(samples(2)));
  assert.match(pickOnce(vm, root) ?? "", /^10\.0\.0\.[78]:8000$/);
});

test("a worker that begins between a roster and its load has the old pair", () => {
  const { rig, pool } = servingRig(2);
  rig.stream.message(pool.roster([endpoint(7), endpoint(8)]));
  const late = rig.vm();
  const root = late.createRoot(configuration());
  assert.match(pickOnce(late, root) ?? "", /^10\.0\.0\.[12]:8000$/);
  rig.stream.close();
  const later = rig.vm();
  assert.match(pickOnce(later, later.createRoot(configuration())) ?? "", /^10\.0\.0\.[12]:8000$/);
});

test("of two rosters before a load the second counts", () => {
  const { rig, vm, root, pool } = servingRig(2);
  const old = pool.load(samples(2));
  rig.stream.message(pool.roster([endpoint(7), endpoint(8)]), pool.roster([endpoint(9)]), pool.load(samples(1)));
  assert.equal(pickOnce(vm, root), "10.0.0.9:8000");
  rig.stream.message(old);
  assert.equal(pickOnce(vm, root), "10.0.0.9:8000");
  rig.pass(10);
  assert.deepEqual([rig.stream.ack?.accepted, rig.stream.ack?.refused], [7, 1]);
});

test("a load without a roster of its stream is refused, even of no endpoints and epoch 0", () => {
  const { rig, vm, root, pool } = servingRig(2);
  reconnect(rig);
  rig.stream.message(pool.load(samples(2)), pool.load([], { rosterEpoch: 0n }));
  rig.pass(10);
  assert.equal(rig.stream.ack?.refused, 2);
  assert.ok(pickOnce(vm, root));
});

test("endpoints that stay keep their requests in flight over a change of the roster", () => {
  const { rig, vm, root, pool } = servingRig(3);
  const held = Array.from({ length: 6 }, () => post(vm, root)); // two at each of the three
  rig.stream.message(pool.roster([endpoint(1), endpoint(9)]), pool.load(samples(2, { counter: 2 })));
  const next = [post(vm, root), post(vm, root)].map((stream) => picksOf(stream)[0]);
  assert.deepEqual(next, ["10.0.0.9:8000", "10.0.0.9:8000"]);
  for (const stream of held) stream.close();
  rig.pass(20);
  assert.equal(rig.metrics.value("inline_epp_in_flight"), 2);
});

test("the order of a roster does not matter to the counts", () => {
  const { rig, vm, root, pool } = servingRig(3);
  const busy = picksOf(post(vm, root))[0];
  rig.stream.message(pool.roster(endpoints(3).reverse()), pool.load(samples(3)));
  const next = [post(vm, root), post(vm, root)].map((stream) => picksOf(stream)[0]);
  assert.equal(new Set([busy, ...next]).size, 3);
});

test("a removed endpoint counts until its requests end, and begins at nought when it comes back", () => {
  const { rig, vm, root, pool } = servingRig(2);
  const streams = Array.from({ length: 4 }, () => post(vm, root)); // two at each
  rig.stream.message(pool.roster([endpoint(2)]), pool.load(samples(1)));
  pickOnce(vm, root);
  rig.stream.message(pool.roster(endpoints(2)), pool.load(samples(2)));
  const again = [post(vm, root), post(vm, root)];
  assert.equal(new Set(again.map((stream) => picksOf(stream)[0])).size, 2, "both still had two");
  for (const stream of [...streams, ...again]) stream.close();

  rig.stream.message(pool.roster([endpoint(2)]), pool.load(samples(1)));
  const holder = post(vm, root);
  rig.stream.message(pool.roster(endpoints(2)), pool.load(samples(2)));
  assert.equal(picksOf(post(vm, root))[0], "10.0.0.1:8000");
  holder.close();
});

test("SYNC drops the pools that the stream has not named, and no other", () => {
  const { rig, vm, root } = connectedRig();
  const base = new FakePool();
  const other = new FakePool("default/other");
  const roots = vm.createRoot(configuration({ pool: "default/other" }));
  rig.stream.message(...base.frames(endpoints(2)), ...other.frames([endpoint(9)]), encodeSync());
  assert.ok(pickOnce(vm, root));
  assert.equal(pickOnce(vm, roots), "10.0.0.9:8000");

  reconnect(rig);
  rig.stream.message(...base.frames(endpoints(1)));
  assert.equal(pickOnce(vm, roots), "10.0.0.9:8000", "before SYNC everything stays");
  rig.stream.message(encodeSync());
  assert.equal(pickOnce(vm, roots), undefined);
  assert.equal(pickOnce(vm, root), "10.0.0.1:8000");
});

test("a SYNC that follows nothing drops everything", () => {
  const { rig, vm, root } = servingRig(2);
  reconnect(rig);
  rig.stream.message(encodeSync());
  assert.equal(pickOnce(vm, root), undefined);
});

test("of many pools SYNC drops exactly those not named, wherever they stand", () => {
  const { rig, vm } = connectedRig();
  const pools = Array.from({ length: 12 }, (_, index) => new FakePool(`default/pool-${index}`));
  const roots = pools.map(({ pool }) => vm.createRoot(configuration({ pool })));
  pools.forEach((pool, index) => {
    rig.stream.message(...pool.frames([endpoint(index + 1)]));
  });
  reconnect(rig);
  const kept = pools.filter((_, index) => [1, 2, 6, 11].includes(index));
  rig.stream.message(...kept.flatMap((pool) => pool.frames([endpoint(100 + pools.indexOf(pool))])), encodeSync());
  assert.deepEqual(
    roots.map((root) => pickOnce(vm, root)),
    pools.map((pool, index) => (kept.includes(pool) ? `10.0.0.${100 + index}:8000` : undefined)),
  );
});

test("GONE drops one pool; a pool that is not there may go too", () => {
  const { rig, vm, root } = servingRig(2);
  rig.stream.message(encodeGone("default/unknown"));
  assert.ok(pickOnce(vm, root));
  rig.stream.message(encodeGone("default/base"), encodeGone("default/base"));
  assert.equal(pickOnce(vm, root), undefined);
  rig.pass(10);
  assert.equal(rig.stream.ack?.refused, 0);
});

test("a pool that is gone can come back, and its requests in flight were not forgotten", () => {
  const { rig, vm, root, pool } = servingRig(2);
  const held = post(vm, root);
  rig.stream.message(encodeGone("default/base"));
  assert.equal(pickOnce(vm, root), undefined);
  rig.stream.message(...pool.frames(endpoints(2)));
  assert.notEqual(picksOf(post(vm, root))[0], picksOf(held)[0]);
  held.close();
});

test("an endpoint of a pool that is gone counts nowhere any more", () => {
  const { rig, vm, root } = servingRig(2, { failureMode: "FailOpen" });
  assert.ok(pickOnce(vm, root));
  rig.stream.message(encodeGone("default/base"));
  const stream = post(vm, root);
  stream.onResponseHeaders("10.0.0.1:8000");
  rig.pass(20);
  assert.equal(rig.metrics.value("inline_epp_in_flight"), 0);
});

test("the pools that stay go on when another has gone, whether they wait for a load or not", () => {
  const { rig, vm } = connectedRig();
  const pools = [1, 2, 3, 4].map((number) => new FakePool(`default/pool-${number}`));
  const roots = pools.map(({ pool }) => vm.createRoot(configuration({ pool })));
  const [first, second, third, fourth] = pools as [FakePool, FakePool, FakePool, FakePool];
  for (const pool of pools) rig.stream.message(...pool.frames([endpoint(pools.indexOf(pool) + 1)]));
  rig.stream.message(fourth.roster([endpoint(9)]), encodeGone(first.pool), encodeGone(third.pool));
  rig.stream.message(fourth.load(samples(1)), second.load(samples(1)));
  rig.pass(10);
  assert.equal(rig.stream.ack?.refused, 0);
  assert.deepEqual(
    roots.map((root) => pickOnce(vm, root)),
    [undefined, "10.0.0.2:8000", undefined, "10.0.0.9:8000"],
  );
});

test("a plan alone names its pool", () => {
  const { rig, vm, root, pool } = servingRig(2);
  reconnect(rig);
  rig.stream.message(pool.plan(), encodeSync());
  assert.ok(pickOnce(vm, root));
});

test("a policy alone names its pool, and one that goes takes it along", () => {
  const { rig, vm, root, pool } = servingRig(2);
  const policy = pool.policy({ objectives: [{ name: "critical", priority: 3 }] });
  rig.stream.message(policy);
  reconnect(rig);
  rig.stream.message(policy, encodeSync());
  assert.ok(pickOnce(vm, root));
  rig.stream.message(encodeGone("default/base"), ...pool.start(endpoints(2)));
  assert.ok(pickOnce(vm, root), "a pool without a policy is complete, after one that had it too");
});

test("each frame costs the writes that it must, and no other", () => {
  const { rig } = connectedRig();
  const base = new FakePool();
  const writes: string[] = [];
  const { set } = rig.shared;
  rig.shared.set = (key, value, cas) => {
    writes.push(key.slice(sharedKeys.state("epoch").length - "epoch".length).split("/")[0] ?? "");
    return set.call(rig.shared, key, value, cas);
  };
  const during = (frame: Uint8Array) => {
    writes.length = 0;
    rig.stream.message(frame);
    return [...writes];
  };
  assert.deepEqual(during(base.roster(endpoints(2))), []);
  assert.deepEqual(during(base.plan()), ["plan", "directory", "epoch"]);
  assert.deepEqual(during(base.load(samples(2))), ["roster", "load", "directory", "epoch"]);
  assert.deepEqual(during(base.load(samples(2))), ["load", "directory", "epoch"]);
  assert.deepEqual(during(encodeSync()), ["directory", "epoch"], "now all is known");
  assert.deepEqual(during(encodeSync()), []);
  assert.deepEqual(during(encodeBeat()), []);
  assert.deepEqual(during(encodeGone("default/unknown")), []);
  assert.deepEqual(during(base.policy()), ["policy", "directory", "epoch"]);
  assert.deepEqual(during(encodeGone("default/base")), ["roster", "load", "plan", "policy", "directory", "epoch"]);
});

test("pools that come and go leave no frames behind in shared data", () => {
  const { rig } = connectedRig();
  for (let i = 0; i < 50; i++) {
    rig.stream.message(...new FakePool(`default/pool-${i}`).frames(endpoints(100)), encodeGone(`default/pool-${i}`));
  }
  assert.equal(frameBytes(rig), 0);
  rig.stream.message(...new FakePool().start(endpoints(1)));
  assert.ok(frameBytes(rig) > 0);
  reconnect(rig);
  rig.stream.message(encodeSync());
  assert.equal(frameBytes(rig), 0);
});

test("a plan may come before the roster, and change without one", () => {
  const { rig, vm, root } = connectedRig();
  const pool = new FakePool();
  rig.stream.message(
    pool.plan(pickerOnly(PLUGIN_MAX_SCORE_PICKER, 1)),
    pool.roster(endpoints(3)),
    pool.load(samples(3)),
  );
  assert.equal(picksOf(post(vm, root)).length, 1);
  rig.stream.message(pool.plan(pickerOnly(PLUGIN_MAX_SCORE_PICKER, 2)));
  assert.equal(picksOf(post(vm, root)).length, 2);
});

test("a stream that is opened anew begins with what is published", () => {
  const { rig, vm, root, pool } = servingRig(2);
  reconnect(rig);
  assert.ok(pickOnce(vm, root));
  rig.stream.message(pool.roster(endpoints(2)), pool.load([sample({ waiting: 9 }), sample()]));
  assert.deepEqual([...spread(vm, root, 50).keys()], ["10.0.0.2:8000"], "the plan of the stream before still holds");
});

test("the pools that shared data lists have a limit, and the ones there go on", () => {
  const { rig, vm, root, pool } = servingRig(1);
  for (let i = 0; i < 1023; i++) rig.stream.message(new FakePool(`default/pool-${i}`).plan());
  rig.pass(10);
  assert.equal(rig.stream.ack?.refused, 0);
  const beyond = new FakePool("default/pool-1023");
  rig.stream.message(beyond.plan(), beyond.roster(endpoints(1)));
  rig.pass(10);
  assert.equal(rig.stream.ack?.refused, 2);
  rig.stream.message(pool.load(samples(1)));
  assert.ok(pickOnce(vm, root));
  rig.stream.message(encodeGone("default/pool-5"), beyond.plan());
  rig.pass(10);
  assert.equal(rig.stream.ack?.refused, 2);
});

test("epochs never go back, nor stand still", () => {
  const { rig, pool } = servingRig(1);
  const epoch = () => {
    const bytes = rig.shared.get(sharedKeys.state("epoch"))?.value.slice() ?? new Uint8Array(8);
    return new DataView(bytes.buffer).getBigUint64(0, true);
  };
  let last = epoch();
  for (let i = 0; i < 10; i++) {
    rig.stream.message(pool.load(samples(1)));
    assert.ok(epoch() > last);
    last = epoch();
  }
});
