// One worker of several holds the stream; when it goes, another has it soon.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { FilterVm } from "../../sidecar/wasm-host/vm.ts";
import { configuration, endpoints, FakePool } from "./pools.ts";
import { pickOnce } from "./requests.ts";
import { Rig, sharedKeys } from "./rig.ts";

const LEASE = sharedKeys.state("lease");

function workers(count: number): { rig: Rig; vms: FilterVm[]; roots: number[] } {
  const rig = new Rig();
  const vms = Array.from({ length: count }, () => rig.vm());
  const roots = vms.map((vm) => vm.createRoot(configuration()));
  rig.pass(300);
  return { rig, vms, roots };
}

/** The VM that renews the lease: found by letting each tick alone for a while. */
function holderOf(rig: Rig, vms: readonly FilterVm[]): FilterVm {
  const before = rig.shared.get(LEASE)?.value.slice(0, 8);
  assert.ok(before);
  for (const vm of vms) {
    const cas = rig.shared.get(LEASE)?.cas;
    for (let tick = 0; tick < 35; tick++) {
      rig.now += 10_000n;
      vm.tick();
    }
    if (rig.shared.get(LEASE)?.cas !== cas) return vm;
  }
  throw new Error("nobody renews the lease");
}

function lease(owner: bigint, expiry: bigint): Uint8Array {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setBigUint64(0, owner, true);
  new DataView(bytes.buffer).setBigUint64(8, expiry, true);
  return bytes;
}

test("of eight workers exactly one opens a stream, and it stays the only one", () => {
  const { rig } = workers(8);
  assert.equal(rig.streams.length, 1);
  for (let second = 0; second < 10; second++) {
    rig.pass(1000);
    rig.stream.message(...new FakePool().start(endpoints(1)));
  }
  assert.equal(rig.streams.length, 1);
});

test("every worker serves from what the one has heard", () => {
  const { rig, vms, roots } = workers(4);
  rig.stream.message(...new FakePool().start(endpoints(1)));
  vms.forEach((vm, index) => {
    assert.equal(pickOnce(vm, roots[index] as number), "10.0.0.1:8000");
  });
});

test("when the holder dies another takes over within two seconds, and state serves all the while", () => {
  const { rig, vms, roots } = workers(3);
  rig.stream.message(...new FakePool().start(endpoints(1)));
  const holder = holderOf(rig, vms);
  rig.stall(holder);
  const others = vms.filter((vm) => vm !== holder);
  for (let passed = 0; passed < 2000; passed += 100) {
    rig.pass(100);
    for (const vm of others) assert.equal(pickOnce(vm, roots[vms.indexOf(vm)] as number), "10.0.0.1:8000");
  }
  assert.equal(rig.streams.length, 2);
});

test("when the holder's root is deleted another has the stream at once", () => {
  const { rig, vms, roots } = workers(3);
  const first = rig.stream;
  const holder = holderOf(rig, vms);
  holder.deleteRoot(roots[vms.indexOf(holder)] as number);
  assert.equal(first.cancelled, true);
  rig.pass(150);
  assert.equal(rig.streams.length, 2);
  assert.equal(rig.openStreams.length, 1);
});

test("the end of a root that holds nothing takes the stream from nobody", () => {
  const { rig, vms, roots } = workers(3);
  const holder = holderOf(rig, vms);
  const cas = rig.shared.get(LEASE)?.cas;
  for (const vm of vms) if (vm !== holder) vm.deleteRoot(roots[vms.indexOf(vm)] as number);
  assert.equal(rig.shared.get(LEASE)?.cas, cas);
  rig.pass(3000);
  assert.equal(rig.streams.length, 1);
});

test("a holder that stalled past its lease gives way when it wakes, and publishes nothing before", () => {
  const { rig, vms, roots } = workers(2);
  const old = rig.stream;
  old.message(...new FakePool().start(endpoints(1)));
  const holder = holderOf(rig, vms);
  rig.stall(holder);
  rig.pass(2000);
  const [, taken] = rig.streams;
  assert.ok(taken);
  const pool = new FakePool();
  taken.message(...pool.start(endpoints(2)), ...pool.start(endpoints(3)));
  const epoch = rig.shared.get(sharedKeys.state("epoch"))?.cas;

  // What waited in the old stream is delivered before the first tick.
  rig.now += 10_000n;
  old.message(...new FakePool().start(endpoints(1)));
  assert.equal(rig.shared.get(sharedKeys.state("epoch"))?.cas, epoch);
  assert.equal(old.cancelled, false, "Envoy's stream must not be cancelled while it delivers");
  rig.resume(holder);
  rig.pass(100);
  assert.equal(old.cancelled, true);
  assert.deepEqual(rig.openStreams, [taken]);
  const fresh = rig.vm();
  assert.ok(pickOnce(fresh, fresh.createRoot(configuration())));
  assert.ok(pickOnce(holder, roots[vms.indexOf(holder)] as number));
});

test("two workers who find no lease at the same moment end up with one stream", () => {
  const rig = new Rig();
  const vms = [rig.vm(), rig.vm()];
  const [one, two] = vms as [FilterVm, FilterVm];
  one.createRoot(configuration());
  two.createRoot(configuration());
  // The second reads before the first writes: both see nothing, both write.
  rig.now += 10_000n;
  let nested = false;
  rig.shared.beforeGet = (key) => {
    if (key !== LEASE || nested) return;
    nested = true;
    const { set } = rig.shared;
    rig.shared.set = (name, value, cas) => {
      rig.shared.set = set;
      two.tick();
      return set.call(rig.shared, name, value, cas);
    };
  };
  one.tick();
  rig.shared.beforeGet = undefined;
  rig.pass(2000);
  assert.equal(rig.openStreams.length, 1);
  assert.equal(rig.streams.length, 1);
});

test("a lease that another holder took is not written over", () => {
  const { rig } = workers(1);
  rig.shared.set(LEASE, lease(77n, rig.now + 1_500_000n), 0);
  rig.pass(350);
  assert.equal(rig.openStreams.length, 0);
  assert.equal(new DataView(rig.shared.get(LEASE)?.value.slice().buffer as ArrayBuffer).getBigUint64(0, true), 77n);
  rig.pass(1500);
  assert.equal(rig.openStreams.length, 1, "until it expires");
});

test("a lease that changes hands while it is being renewed is not written over either", () => {
  const { rig } = workers(1);
  const { set } = rig.shared;
  rig.shared.set = (key, value, cas) => {
    if (key !== LEASE) return set.call(rig.shared, key, value, cas);
    rig.shared.set = set;
    rig.shared.set(LEASE, lease(77n, rig.now + 1_500_000n), 0);
    return set.call(rig.shared, key, value, cas);
  };
  rig.pass(400);
  assert.equal(rig.shared.set, set, "it was renewed");
  assert.equal(new DataView(rig.shared.get(LEASE)?.value.slice().buffer as ArrayBuffer).getBigUint64(0, true), 77n);
  assert.equal(rig.openStreams.length, 0);
});

const MALFORMED: readonly (readonly [string, (now: bigint) => Uint8Array])[] = [
  ["empty", () => new Uint8Array()],
  ["cut short", () => new Uint8Array(15)],
  ["too long", () => new Uint8Array(17).fill(255)],
  ["expired", (now) => lease(77n, now - 1n)],
  ["one that never expires", () => lease(77n, 2n ** 64n - 1n)],
  ["one that lasts longer than any worker's", (now) => lease(77n, now + 3_600_000_000n)],
];

for (const [what, value] of MALFORMED) {
  test(`a lease that is ${what} stops nobody`, () => {
    const rig = new Rig();
    rig.shared.set(LEASE, value(rig.now), 0);
    rig.vm().createRoot(configuration());
    rig.pass(200);
    assert.equal(rig.openStreams.length, 1);
  });
}

test("the sidecars of two authorities have a stream each", () => {
  const rig = new Rig();
  const vm = rig.vm();
  vm.createRoot(configuration());
  vm.createRoot(configuration({ authority: "other" }));
  rig.vm().createRoot(configuration({ authority: "other" }));
  rig.pass(300);
  assert.equal(rig.openStreams.length, 2);
});
