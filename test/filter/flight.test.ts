// Requests in flight, told between workers through shared data.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { FilterStream } from "../../sidecar/wasm-host/stream.ts";
import type { FilterVm } from "../../sidecar/wasm-host/vm.ts";
import * as L from "../../wire/layout.ts";
import { configuration, endpoint, FakePool, servingRig } from "./pools.ts";
import { callsDuring, picksOf, post } from "./requests.ts";
import { type Rig, sharedKeys } from "./rig.ts";

interface Worker {
  readonly vm: FilterVm;
  readonly root: number;
}

/** `count` workers that serve one pool of `size` endpoints, each of which has had a request in flight. */
function workers(count: number, size: number): { rig: Rig; all: Worker[] } {
  const { rig, vm, root } = servingRig(size);
  const all = [{ vm, root }];
  while (all.length < count) {
    const next = rig.vm();
    all.push({ vm: next, root: next.createRoot(configuration()) });
  }
  const first = all.map(({ vm, root }) => post(vm, root));
  rig.pass(20);
  for (const stream of first) stream.close();
  rig.pass(1500);
  return { rig, all };
}

/** How a burst of one worker spreads: how many requests each endpoint has got, by address. */
function burst(worker: Worker, size: number): { counts: Record<string, number>; streams: FilterStream[] } {
  const counts: Record<string, number> = {};
  const streams = Array.from({ length: size }, () => post(worker.vm, worker.root));
  for (const stream of streams) {
    const first = picksOf(stream)[0] ?? "none";
    counts[first] = (counts[first] ?? 0) + 1;
  }
  return { counts, streams };
}

function vectors(rig: Rig): string[] {
  return rig.shared.keys().filter((key) => key.startsWith(sharedKeys.vectors));
}

test("a worker sees what another has in flight, after both have ticked", () => {
  const { rig, all } = workers(2, 2);
  const [one, two] = all as [Worker, Worker];
  const held = Array.from({ length: 6 }, () => post(one.vm, one.root));
  // The first worker's requests at one endpoint end; the other endpoint keeps three.
  const busy = picksOf(held[0] as FilterStream)[0] as string;
  for (const stream of held) if (picksOf(stream)[0] !== busy) stream.close();
  rig.pass(20);
  const { counts, streams } = burst(two, 3);
  assert.equal(counts[busy], undefined, "three go to the other one");
  for (const stream of [...held, ...streams]) stream.close();
});

test("workers level the whole pool, not each its own part", () => {
  const { rig, all } = workers(4, 5);
  const total: Record<string, number> = {};
  for (let round = 0; round < 5; round++) {
    for (const worker of all) {
      const { counts } = burst(worker, 5);
      for (const [address, count] of Object.entries(counts)) total[address] = (total[address] ?? 0) + count;
      rig.pass(10);
    }
  }
  assert.deepEqual(Object.values(total), [20, 20, 20, 20, 20]);
});

test("requests that end are gone for the others too", () => {
  const { rig, all } = workers(2, 2);
  const [one, two] = all as [Worker, Worker];
  const busy = burst(one, 7).streams;
  rig.pass(20);
  for (const stream of busy) stream.close();
  rig.pass(20);
  assert.deepEqual(Object.values(burst(two, 6).counts), [3, 3]);
});

test("a dead worker's requests vanish after three seconds, not before", () => {
  const { rig, all } = workers(2, 2);
  const [one, two] = all as [Worker, Worker];
  const first = post(one.vm, one.root);
  const busy = picksOf(first)[0] as string;
  rig.pass(1000);
  rig.stall(one.vm);
  const next = () => {
    const { counts, streams } = burst(two, 1);
    for (const stream of streams) stream.close();
    return Object.keys(counts)[0];
  };
  rig.pass(2000);
  for (let i = 0; i < 20; i++) assert.notEqual(next(), busy);
  rig.pass(1010);
  const seen = new Set(Array.from({ length: 50 }, next));
  assert.equal(seen.size, 2);
});

test("a worker that only stalled counts again when it wakes", () => {
  const { rig, all } = workers(2, 2);
  const [one, two] = all as [Worker, Worker];
  const busy = picksOf(post(one.vm, one.root))[0] as string;
  rig.pass(20);
  rig.stall(one.vm);
  rig.pass(4000);
  rig.resume(one.vm);
  rig.pass(20);
  for (let i = 0; i < 20; i++) {
    const { counts, streams } = burst(two, 1);
    assert.equal(counts[busy], undefined);
    for (const stream of streams) stream.close();
  }
});

test("counts of all pools travel, and those of endpoints that a worker does not know are passed over", () => {
  const { rig, all } = workers(2, 2);
  const [one, two] = all as [Worker, Worker];
  const other = new FakePool("default/other");
  rig.stream.message(...other.frames([endpoint(1), endpoint(8), endpoint(9)]));
  const elsewhere = { vm: one.vm, root: one.vm.createRoot(configuration({ pool: "default/other" })) };
  const held = burst(elsewhere, 9).streams; // three at each, one of which is also in the base pool
  rig.pass(20);
  const { counts } = burst(two, 3);
  assert.deepEqual(counts, { "10.0.0.2:8000": 3 });
  for (const stream of held) stream.close();
});

test("a new worker does not count anybody twice when it finds two dead ones in the list", () => {
  const { rig, all } = workers(3, 3);
  const [dead, gone, alive] = all as [Worker, Worker, Worker]; // as they stand in the list
  const busy = picksOf(post(alive.vm, alive.root))[0] as string;
  rig.pass(20);
  rig.stall(dead.vm);
  rig.stall(gone.vm);
  rig.pass(3500);
  assert.equal(rig.shared.get(sharedKeys.owners)?.value.length, 24);
  const vm = rig.vm();
  const late = { vm, root: vm.createRoot(configuration()) };
  let own = post(late.vm, late.root);
  while (picksOf(own)[0] === busy) {
    own.close(); // chance decides as long as no count has been read
    own = post(late.vm, late.root);
  }
  rig.pass(10); // it registers here
  assert.equal(rig.shared.get(sharedKeys.owners)?.value.length, 16);
  // One request at `busy` and one at its own endpoint, each counted once: four more level all three.
  const { counts } = burst(late, 4);
  const level = { ...counts };
  for (const address of [busy, picksOf(own)[0] as string]) level[address] = (level[address] ?? 0) + 1;
  assert.deepEqual(Object.values(level).toSorted(), [2, 2, 2]);
});

test("a dead worker's vector is emptied when the list is put in order, since shared data forgets no key", () => {
  const { rig, all } = workers(1, 2);
  const [dead] = all as [Worker];
  burst(dead, 3);
  rig.pass(20);
  rig.stall(dead.vm);
  rig.pass(4000);
  const vm = rig.vm();
  burst({ vm, root: vm.createRoot(configuration()) }, 1);
  rig.pass(20);
  const lengths = vectors(rig).map((key) => rig.shared.get(key)?.value.length ?? -1);
  assert.equal(lengths.filter((length) => length === 0).length, 1);
  assert.equal(lengths.length, 2);
});

test("a worker without requests registers nothing and writes nothing", () => {
  const { rig } = servingRig(2);
  rig.vm().createRoot(configuration());
  rig.pass(2000);
  assert.deepEqual(vectors(rig), []);
  assert.equal(rig.shared.get(sharedKeys.owners), undefined);
});

test("a worker writes its vector when it has changed, and once a second to show that it lives", () => {
  const { rig, all } = workers(2, 2);
  const [{ vm, root }] = all as [Worker, Worker];
  let writes = 0;
  const { set } = rig.shared;
  rig.shared.set = (key, value, cas) => {
    if (key.startsWith(sharedKeys.vectors)) writes++;
    return set.call(rig.shared, key, value, cas);
  };
  const during = (act: () => void) => {
    writes = 0;
    act();
    return writes;
  };
  assert.equal(
    during(() => rig.pass(3000)),
    6,
    "two workers in three seconds",
  );
  rig.pass(1000 - 10);
  const stream = post(vm, root);
  assert.ok(during(() => rig.pass(10)) >= 1);
  assert.equal(
    during(() => rig.pass(10)),
    0,
  );
  stream.close();
  assert.equal(
    during(() => rig.pass(10)),
    1,
  );
});

test("a tick at which nothing is due reads the list, others' vectors, the epoch, the holder's also the uses and a mark", () => {
  const { rig, all } = workers(2, 2);
  rig.pass(100);
  const [first, second] = all as [Worker, Worker];
  const idle = (worker: FilterVm) =>
    Array.from({ length: 8 }, () => callsDuring(worker, () => rig.pass(10))).toSorted((a, b) => a.length - b.length)[0];
  assert.deepEqual(idle(first.vm), ["clock_time_get", ...Array(6).fill("proxy_get_shared_data")]);
  assert.deepEqual(idle(second.vm), ["clock_time_get", ...Array(4).fill("proxy_get_shared_data")]);
});

test("workers that register in the same tick all end up in the list", () => {
  const { rig, all } = workers(8, 3);
  // Each reads the list before any has written it.
  const waiting = all.slice(1);
  let depth = 0;
  const { set } = rig.shared;
  rig.shared.set = (key, value, cas) => {
    if (key === sharedKeys.owners && depth < waiting.length) waiting[depth++]?.vm.tick();
    return set.call(rig.shared, key, value, cas);
  };
  for (const worker of all) post(worker.vm, worker.root);
  rig.now += 10_000n;
  all[0]?.vm.tick();
  rig.shared.set = set;
  rig.pass(100);
  const list = rig.shared.get(sharedKeys.owners)?.value ?? new Uint8Array();
  assert.equal(list.length, 64);
  assert.equal(new Set(new BigUint64Array(list.slice().buffer)).size, 8);
});

test("a worker that reads the list before another has registered does not write over it", () => {
  const { rig, vm, root } = servingRig(3);
  post(vm, root);
  rig.pass(20);
  const [two, three] = [rig.vm(), rig.vm()] as [FilterVm, FilterVm];
  for (const worker of [two, three]) post(worker, worker.createRoot(configuration()));
  const written: boolean[] = [];
  const { set } = rig.shared;
  rig.shared.set = (key, value, cas) => {
    if (key !== sharedKeys.owners) return set.call(rig.shared, key, value, cas);
    rig.shared.set = set;
    three.tick();
    written.push(set.call(rig.shared, key, value, cas));
    return written[0] as boolean;
  };
  two.tick();
  assert.deepEqual(written, [false]);
  rig.pass(10);
  assert.equal(rig.shared.get(sharedKeys.owners)?.value.length, 24, "it tries again with the next tick");
});

test("the vector names every endpoint with requests in flight, and no other", () => {
  const { rig, vm, root } = servingRig(100);
  const streams = Array.from({ length: 250 }, () => post(vm, root));
  rig.pass(20);
  const [key] = vectors(rig) as [string];
  const read = () => {
    const bytes = rig.shared.get(key)?.value.slice() ?? new Uint8Array(L.FLIGHT_BYTES);
    const view = new DataView(bytes.buffer);
    const counts = Array.from({ length: view.getUint32(L.FLIGHT_ENTRIES, true) }, (_, index) =>
      view.getUint32(L.FLIGHT_BYTES + index * L.FLIGHT_ENTRY_BYTES + L.FLIGHT_REQUESTS, true),
    );
    assert.equal(bytes.length, L.FLIGHT_BYTES + counts.length * L.FLIGHT_ENTRY_BYTES);
    return counts;
  };
  assert.equal(read().length, 100);
  assert.equal(
    read().reduce((sum, count) => sum + count, 0),
    250,
  );
  for (const stream of streams.slice(0, 249)) stream.close();
  rig.pass(20);
  assert.deepEqual(read(), [1]);
  streams[249]?.close();
  rig.pass(20);
  assert.deepEqual(read(), []);
});
