import assert from "node:assert/strict";
import { test } from "node:test";
import { outranks, weight } from "../../../sidecar/replicas/rendezvous.ts";
import { xxh64 } from "../../../wire/xxh64.ts";

const TARGETS = Array.from({ length: 3000 }, (_, index) => xxh64(`10.0.0.${index}:8000 0 http://x/metrics`));

function ownerOf(target: bigint, replicas: readonly bigint[]): bigint {
  return replicas.reduce((best, one) => (outranks(one, best, target) ? one : best));
}

test("the weight is xxh64 of both numbers, replica first", () => {
  assert.equal(weight(1n, 2n), xxh64(Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0)));
});

test("of two replicas exactly one comes first, whoever asks", () => {
  for (const target of TARGETS.slice(0, 100)) {
    assert.notEqual(outranks(11n, 12n, target), outranks(12n, 11n, target));
    assert.equal(outranks(11n, 11n, target), false);
  }
});

test("replicas own about equally many targets, and one that leaves hands over only its own", () => {
  const all = [xxh64("a"), xxh64("b"), xxh64("c")];
  const left = all.slice(0, 2);
  const counts = new Map<bigint, number>();
  for (const target of TARGETS) {
    const owner = ownerOf(target, all);
    counts.set(owner, (counts.get(owner) ?? 0) + 1);
    if (left.includes(owner)) assert.equal(ownerOf(target, left), owner);
  }
  // A thousand each, give or take 5 standard deviations of 26.
  for (const one of all) assert.ok(Math.abs(counts.get(one)! - 1000) < 130, `${counts.get(one)} of 3000`);
});
