import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeSync } from "../../wire/encode.ts";
import { MAX_ENDPOINTS } from "../../wire/layout.ts";
import { configuration, connectedRig, endpoint, endpoints, FakePool, sample, samples, servingRig } from "./pools.ts";
import { pickOnce, picksOf, post } from "./requests.ts";

test("a pool of 4,000 endpoints is levelled like a small one", () => {
  const { rig, vm, root } = servingRig(4000);
  const first = new Map<string, number>();
  const streams = Array.from({ length: 8000 }, () => post(vm, root));
  for (const stream of streams) {
    const address = picksOf(stream)[0] ?? "none";
    first.set(address, (first.get(address) ?? 0) + 1);
  }
  assert.equal(first.size, 4000);
  for (const count of first.values()) assert.equal(count, 2);
  rig.pass(20);
  assert.equal(rig.metrics.value("inline_epp_in_flight"), 8000);
  for (const stream of streams) stream.close();
  rig.pass(20);
  assert.equal(rig.metrics.value("inline_epp_in_flight"), 0);
});

test("the one idle endpoint of as many as there may be is found", () => {
  const { rig, vm, root, pool } = servingRig(MAX_ENDPOINTS);
  const values = samples(MAX_ENDPOINTS, { waiting: 5, kvUsage: 0.5 });
  values[3777] = sample();
  rig.stream.message(pool.load(values));
  assert.equal(pickOnce(vm, root), endpoint(3778).address);
});

test("200 pools are served side by side, each by its own endpoints", () => {
  const { rig, vm, root: unused } = connectedRig();
  const pools = Array.from({ length: 200 }, (_, index) => new FakePool(`team-${index}/base`));
  pools.forEach((pool, index) => {
    rig.stream.message(...pool.frames([endpoint(2 * index + 1), endpoint(2 * index + 2)]));
  });
  rig.stream.message(encodeSync());
  const roots = pools.map(({ pool }) => vm.createRoot(configuration({ pool })));
  roots.forEach((root, index) => {
    const pair = [post(vm, root), post(vm, root)].map((stream) => picksOf(stream)[0]).toSorted();
    assert.deepEqual(pair, [endpoint(2 * index + 1).address, endpoint(2 * index + 2).address].toSorted());
  });
  assert.equal(pickOnce(vm, unused), undefined);
  rig.pass(20);
  assert.equal(rig.metrics.value("inline_epp_in_flight"), 400);

  // A load of one pool moves nothing of another.
  const [busy] = pools as [FakePool];
  rig.stream.message(busy.load([sample({ waiting: 90 }), sample()]));
  assert.equal(pickOnce(vm, roots[0] as number), endpoint(2).address);
  assert.ok(pickOnce(vm, roots[199] as number));
});

test("a pool may grow from nothing to the limit and shrink again", () => {
  const { rig, vm, root, pool } = servingRig(0);
  for (const size of [1, 100, MAX_ENDPOINTS, 3, 0, 2]) {
    rig.stream.message(...pool.start(endpoints(size)));
    const picked = picksOf(post(vm, root));
    assert.equal(picked.length, Math.min(size, 3));
  }
});
