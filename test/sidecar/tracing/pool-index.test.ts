import assert from "node:assert/strict";
import { test } from "node:test";
import { PoolIndex } from "../../../sidecar/tracing/pool-index.ts";
import { nameKey } from "../../../wire/name-key.ts";
import { FakeSource } from "../push/fake-source.ts";

const POOL = "ns/a";
const KEY = nameKey("10.0.0.0:8000");

/** A source whose rosters all have the same epoch, as a pool's may that goes and comes back. */
class SameEpoch extends FakeSource {
  override roster(pool: string) {
    const roster = super.roster(pool);
    return roster && { ...roster, epoch: 1n };
  }
}

test("endpoints have names as long as their pool has them", () => {
  const source = new FakeSource();
  source.setRoster(POOL, 1);
  const index = new PoolIndex(source);
  assert.equal(index.endpoint(POOL, KEY)?.name, "ns/pod-0");
  assert.equal(index.endpoint("ns/b", KEY), undefined);
  source.setRoster(POOL, 1, { address: "10.0.0.9:8000" });
  assert.equal(index.endpoint(POOL, KEY), undefined);
});

test("a pool that goes is forgotten at once, and not when somebody asks for it", () => {
  const source = new SameEpoch();
  source.setRoster(POOL, 1);
  const index = new PoolIndex(source);
  assert.equal(index.endpoint(POOL, KEY)?.name, "ns/pod-0");
  source.remove(POOL);
  source.setRoster(POOL, 1, { name: "ns/another" });
  assert.equal(index.endpoint(POOL, KEY)?.name, "ns/another");
});
