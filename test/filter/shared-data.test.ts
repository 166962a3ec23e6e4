// Other threads write between two of a worker's reads, and other plugins may write anything under any key.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { FilterVm } from "../../sidecar/wasm-host/vm.ts";
import { encodeGone } from "../../wire/encode.ts";
import { configuration, endpoint, endpoints, FakePool, samples, servingRig } from "./pools.ts";
import { pickOnce, picksOf, post } from "./requests.ts";
import { type Rig, sharedKeys } from "./rig.ts";

const STATE_NAMES = ["epoch", "directory", "roster/", "load/", "plan/"] as const;

/** A second worker, which reads and never writes state. */
function reader(rig: Rig): { vm: FilterVm; root: number } {
  const vm = rig.vm();
  return { vm, root: vm.createRoot(configuration()) };
}

/** Lets something happen right before the next read of a key that begins so; the result tells whether it has. */
function onceBefore(rig: Rig, name: (typeof STATE_NAMES)[number], act: () => void): () => boolean {
  rig.shared.beforeGet = (key) => {
    if (!key.startsWith(sharedKeys.state(name))) return;
    rig.shared.beforeGet = undefined;
    act();
  };
  return () => rig.shared.beforeGet === undefined;
}

/** The full key of a value under a state key; frames' keys go on with the pool's number. */
function keyOf(rig: Rig, name: (typeof STATE_NAMES)[number]): string {
  const found = rig.shared.keys().find((key) => key.startsWith(sharedKeys.state(name)));
  assert.ok(found);
  return found;
}

for (const name of STATE_NAMES) {
  test(`a load that is published right before ${name} is read does no harm`, () => {
    const { rig, pool } = servingRig(3);
    const { vm, root } = reader(rig);
    const happened = onceBefore(rig, name, () => rig.stream.message(pool.load(samples(3))));
    assert.match(pickOnce(vm, root) ?? "", /^10\.0\.0\.[123]:8000$/);
    assert.ok(happened());
    assert.match(pickOnce(vm, root) ?? "", /^10\.0\.0\.[123]:8000$/);
  });

  test(`a roster with its load that is published right before ${name} is read is used with the next request at the latest`, () => {
    const { rig, pool } = servingRig(3);
    const { vm, root } = reader(rig);
    assert.ok(pickOnce(vm, root));
    rig.stream.message(...pool.frames(endpoints(3)));
    const happened = onceBefore(rig, name, () => rig.stream.message(pool.roster([endpoint(9)]), pool.load(samples(1))));
    assert.match(pickOnce(vm, root) ?? "", /^10\.0\.0\.[1239]:8000$/);
    assert.ok(happened());
    assert.equal(pickOnce(vm, root), "10.0.0.9:8000");
  });

  test(`a pool that goes right before ${name} is read is gone with the next request at the latest`, () => {
    const { rig, pool } = servingRig(2);
    const { vm, root } = reader(rig);
    assert.ok(pickOnce(vm, root));
    rig.stream.message(...pool.frames(endpoints(2)));
    const happened = onceBefore(rig, name, () => rig.stream.message(encodeGone("default/base")));
    pickOnce(vm, root);
    assert.ok(happened());
    assert.equal(pickOnce(vm, root), undefined);
  });

  for (const [what, value] of [
    ["empty", new Uint8Array()],
    ["one byte", new Uint8Array(1)],
    ["31 bytes of ones", new Uint8Array(31).fill(255)],
    ["4 KiB of zeros", new Uint8Array(4096)],
    ["1 MiB of ones", new Uint8Array(1_048_576).fill(255)],
  ] as const) {
    test(`where ${name} becomes ${what}, a worker that has the pool serves on, and a new one decides nothing`, () => {
      const { rig, vm, root, pool } = servingRig(3);
      assert.ok(pickOnce(vm, root));
      rig.shared.set(keyOf(rig, name), value, 0);
      assert.equal(picksOf(post(vm, root)).length, 3);
      const late = reader(rig);
      post(late.vm, late.root).close();
      rig.stream.message(pool.roster(endpoints(3)), pool.plan(), pool.load(samples(3)));
      assert.equal(picksOf(post(vm, root)).length, 3, "the next frames make it right");
      assert.equal(picksOf(post(late.vm, late.root)).length, 3);
    });
  }
}

for (const [what, epoch, size] of [
  ["of another epoch", 8, 2],
  ["of another length", 2, 3],
] as const) {
  test(`where the roster in shared data is ${what} than the load, the old pair serves until the epoch moves`, () => {
    const { rig, vm, root, pool } = servingRig(2);
    assert.ok(pickOnce(vm, root));
    const key = keyOf(rig, "roster/");
    const happened = onceBefore(rig, "roster/", () => {
      const alien = new FakePool();
      for (let i = 1; i < epoch; i++) alien.roster([]);
      rig.shared.set(key, alien.roster([endpoint(66), endpoint(67), endpoint(68)].slice(0, size)), 0);
    });
    rig.stream.message(pool.roster(endpoints(2)), pool.load(samples(2)));
    for (let i = 0; i < 5; i++) assert.match(pickOnce(vm, root) ?? "", /^10\.0\.0\.[12]:8000$/);
    assert.ok(happened());
    rig.stream.message(pool.roster([endpoint(9)]), pool.load(samples(1)));
    assert.equal(pickOnce(vm, root), "10.0.0.9:8000");
  });
}

test("a pair that does not match is not read again by every request", () => {
  const { rig, pool } = servingRig(2);
  const other = new FakePool();
  for (let i = 0; i < 7; i++) other.roster([]);
  rig.shared.set(keyOf(rig, "roster/"), other.roster(endpoints(2)), 0);
  const { vm, root } = reader(rig);
  assert.equal(pickOnce(vm, root), undefined);
  vm.calls = [];
  assert.equal(pickOnce(vm, root), undefined);
  assert.equal(vm.calls.filter((name) => name === "proxy_get_shared_data").length, 2, "the epoch");
  rig.stream.message(pool.roster(endpoints(2)), pool.load(samples(2)));
  assert.ok(pickOnce(vm, root));
});

test("a directory that is damaged when the stream is opened is begun anew", () => {
  const { rig, vm, root, pool } = servingRig(2);
  rig.shared.set(sharedKeys.state("directory"), new Uint8Array(33).fill(255), 0);
  rig.stream.close();
  rig.pass(200);
  rig.stream.message(...pool.start(endpoints(2)));
  assert.ok(pickOnce(vm, root));
  assert.equal(rig.shared.get(sharedKeys.state("directory"))?.value.length, 56);
});

test("an epoch at the end of its range does not stop the next one", () => {
  const { rig, vm, root, pool } = servingRig(1);
  assert.ok(pickOnce(vm, root));
  const directory = rig.shared.get(sharedKeys.state("directory"))?.value.slice() ?? new Uint8Array();
  directory.fill(255, 0, 8);
  rig.shared.set(sharedKeys.state("directory"), directory, 0);
  rig.shared.set(sharedKeys.state("epoch"), directory.slice(0, 8), 0);
  rig.stream.close();
  rig.pass(200);
  rig.stream.message(pool.roster([endpoint(9)]), pool.load(samples(1)));
  assert.equal(pickOnce(vm, root), "10.0.0.9:8000");
});

test("the workers' list and vectors may be damaged in any way", () => {
  const { rig, vm, root } = servingRig(3);
  const second = reader(rig);
  pickOnce(second.vm, second.root);
  const held = post(vm, root);
  rig.pass(30);
  const other = post(second.vm, second.root);
  rig.pass(30);
  for (const bytes of [0, 1, 7, 8, 4096, 4104, 100_000]) {
    rig.shared.set(sharedKeys.owners, new Uint8Array(bytes).fill(170), 0);
    for (const key of rig.shared.keys().filter((name) => name.startsWith(sharedKeys.vectors))) {
      rig.shared.set(key, new Uint8Array(bytes).fill(85), 0);
    }
    rig.pass(1100); // a vector is written once a second though nothing has changed
    rig.pass(30);
    assert.equal(rig.shared.get(sharedKeys.owners)?.value.length, 16, `after ${bytes} bytes of damage`);
  }
  const first = [held, other, post(vm, root)].map((stream) => picksOf(stream)[0]);
  assert.equal(new Set(first).size, 3, "both workers know what the other has in flight");
});
