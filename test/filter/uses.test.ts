// Which pools are in use: workers tell each other in shared data, and the one with the stream tells the sidecar.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { FilterVm } from "../../sidecar/wasm-host/vm.ts";
import { encodeBeat } from "../../wire/encode.ts";
import { MAX_POOLS } from "../../wire/layout.ts";
import type { Want } from "../../wire/model.ts";
import { xxh64 } from "../../wire/xxh64.ts";
import { configuration, endpoint } from "./pools.ts";
import { pickFor, pickOnce, post, postTo } from "./requests.ts";
import { Rig, sharedKeys } from "./rig.ts";
import { TestSidecar } from "./sidecar.ts";

const USES = sharedKeys.state("uses");
const POOLS = { "team-a/base": [endpoint(1)], "team-b/other": [endpoint(2)], "team-b/third": [endpoint(3)] };
const BY_CLUSTER = { pool: undefined, poolFrom: "cluster" };

/** Workers with a configuration each, and a sidecar that knows three pools. */
function workers(...configurations: Record<string, unknown>[]) {
  const rig = new Rig();
  const all = configurations.map((fields) => {
    const vm = rig.vm();
    return { vm, root: vm.createRoot(configuration(fields)) };
  });
  const sidecar = new TestSidecar(rig, POOLS);
  sidecar.pass(300);
  return { rig, sidecar, all, worker: all[0]! };
}

/** A WANT with the names of the pools that there are, in alphabetical order. */
function readable(want: Want | undefined): { all: boolean; pools: string[] } | undefined {
  if (want === undefined) return undefined;
  const names = new Map(Object.keys(POOLS).map((name) => [xxh64(name), name]));
  return { all: want.all, pools: want.pools.map((key) => names.get(key) ?? `${key}`).toSorted() };
}

/** What the sidecar has been told last. */
function wanted(rig: Rig) {
  return readable(rig.stream.wants.at(-1));
}

/** The rows of the table, as pool and time. */
function uses(rig: Rig): Map<bigint, bigint> {
  const bytes = rig.shared.get(USES)?.value.slice() ?? new Uint8Array();
  const numbers = [...new BigUint64Array(bytes.buffer)];
  return new Map(numbers.flatMap((number, index) => (index % 2 === 0 ? [[number, numbers[index + 1]!]] : [])));
}

for (const [what, fields, want] of [
  ["the configured pool", { pool: "team-a/base" }, { all: false, pools: ["team-a/base"] }],
  [
    "each pool that the configuration maps to",
    { ...BY_CLUSTER, pools: { a: "team-b/other", b: "team-a/base", c: "team-a/base" } },
    { all: false, pools: ["team-a/base", "team-b/other"] },
  ],
  ["all pools where requests name them", BY_CLUSTER, { all: true, pools: [] }],
  ["all pools where only one is expected", { pool: undefined }, { all: true, pools: [] }],
] as const) {
  test(`a gateway wants ${what}`, () => {
    const { rig } = workers(fields);
    assert.deepEqual(rig.stream.wants.map(readable), [want]);
    for (let second = 0; second < 120; second++) {
      rig.stream.message(encodeBeat());
      rig.pass(1000);
    }
    assert.deepEqual(rig.stream.wants.map(readable), [want], "and goes on wanting it, without saying so again");
  });
}

test("a pool's first request makes it wanted with the next tick, further ones say nothing", () => {
  const { rig, worker } = workers(BY_CLUSTER);
  for (let i = 0; i < 5; i++) pickFor(worker.vm, worker.root, { cluster: "team-b/other" });
  rig.pass(10);
  assert.deepEqual(wanted(rig), { all: true, pools: ["team-b/other"] });
  for (let i = 0; i < 5; i++) {
    pickFor(worker.vm, worker.root, { cluster: "team-b/other" });
    rig.pass(100);
  }
  pickFor(worker.vm, worker.root, { cluster: "team-a/base" });
  rig.pass(10);
  assert.equal(rig.stream.wants.length, 3);
  assert.deepEqual(wanted(rig), { all: true, pools: ["team-a/base", "team-b/other"] });
});

test("the only pool there is counts as in use with its first request", () => {
  const rig = new Rig();
  const vm = rig.vm();
  const root = vm.createRoot(configuration({ pool: undefined }));
  const sidecar = new TestSidecar(rig, { "team-a/base": [endpoint(1)] });
  sidecar.pass(300);
  assert.deepEqual(wanted(rig), { all: true, pools: [] });
  assert.equal(pickOnce(vm, root), endpoint(1).address);
  rig.pass(10);
  assert.deepEqual(wanted(rig), { all: true, pools: ["team-a/base"] });
});

test("any worker's request counts", () => {
  const { rig, all } = workers(BY_CLUSTER, BY_CLUSTER, BY_CLUSTER);
  for (const [index, name] of ["team-a/base", "team-b/other", "team-b/third"].entries()) {
    const { vm, root } = all[index]!;
    pickFor(vm, root, { cluster: name });
    rig.pass(10);
    assert.ok(wanted(rig)?.pools.includes(name), name);
  }
});

test("requests for none of our pools use none", () => {
  const { rig, worker } = workers(BY_CLUSTER);
  pickFor(worker.vm, worker.root, { cluster: "web" });
  rig.pass(20);
  assert.deepEqual([...uses(rig).keys()], [0n]);
});

test("a pool that requests keep asking for stays wanted, one that they leave goes after a minute", () => {
  const { rig, sidecar, worker } = workers(BY_CLUSTER);
  const { vm, root } = worker;
  pickFor(vm, root, { cluster: "team-b/other" });
  for (let second = 0; second < 59; second++) {
    pickFor(vm, root, { cluster: "team-a/base" });
    sidecar.pass(1000);
    rig.stream.message(encodeBeat());
  }
  assert.deepEqual(wanted(rig), { all: true, pools: ["team-a/base", "team-b/other"] });
  for (let second = 0; second < 3; second++) {
    pickFor(vm, root, { cluster: "team-a/base" });
    sidecar.pass(1000);
  }
  assert.deepEqual(wanted(rig), { all: true, pools: ["team-a/base"] });
  for (let second = 0; second < 75; second++) {
    sidecar.pass(1000);
    rig.stream.message(encodeBeat());
  }
  assert.deepEqual(wanted(rig), { all: true, pools: [] });
  pickFor(vm, root, { cluster: "team-a/base" });
  rig.pass(10);
  assert.deepEqual(wanted(rig), { all: true, pools: ["team-a/base"] });
});

test("a use is repeated every ten seconds while requests come, and by one worker for all", () => {
  const { rig, sidecar, all } = workers(...Array.from({ length: 4 }, () => BY_CLUSTER));
  const key = xxh64("team-a/base");
  let writes = 0;
  const { set } = rig.shared;
  rig.shared.set = (name, value, cas) => {
    if (name === USES) writes++;
    return set.call(rig.shared, name, value, cas);
  };
  const times = new Set<bigint>();
  for (let second = 0; second < 60; second++) {
    for (const { vm, root } of all) pickFor(vm, root, { cluster: "team-a/base" });
    times.add(uses(rig).get(key)!);
    sidecar.pass(1000);
    rig.stream.message(encodeBeat());
  }
  const sorted = [...times].toSorted();
  for (let i = 1; i < sorted.length; i++) {
    const seconds = Number(sorted[i]! - sorted[i - 1]!) / 1e6;
    assert.ok(seconds >= 5 && seconds <= 11, `${seconds} s`);
  }
  assert.ok(writes >= 10 && writes <= 24, `${writes} writes for two rows in a minute`);
});

test("a pool whose configuration goes is wanted a minute longer, and then gone", () => {
  const { rig, sidecar, worker } = workers({ pool: "team-a/base" });
  const { vm, root } = worker;
  assert.ok(pickOnce(vm, root));
  const next = vm.createRoot(configuration({ pool: "team-b/other" }));
  sidecar.pass(20);
  assert.deepEqual(wanted(rig), { all: false, pools: ["team-a/base", "team-b/other"] });
  vm.deleteRoot(root);
  for (let second = 0; second < 72; second++) {
    sidecar.pass(1000);
    rig.stream.message(encodeBeat());
  }
  assert.deepEqual(wanted(rig), { all: false, pools: ["team-b/other"] });
  assert.equal(pickOnce(vm, next), endpoint(2).address);
  const roster = [...rig.shared.keys()].filter((key) => key.startsWith(sharedKeys.state("roster/")));
  const bytes = roster.map((key) => rig.shared.get(key)?.value.length ?? 0);
  assert.equal(bytes.filter((length) => length > 0).length, 1, "the frames of the other are emptied");
});

test("a stream begins with all that is in use, whoever opens it", () => {
  const { rig, sidecar, all } = workers(BY_CLUSTER, { pool: "team-b/third" });
  const [first, second] = all as [(typeof all)[0], (typeof all)[0]];
  pickFor(first.vm, first.root, { cluster: "team-a/base" });
  sidecar.pass(20);
  rig.stream.close();
  sidecar.pass(300);
  const expected = { all: true, pools: ["team-a/base", "team-b/third"] };
  assert.deepEqual(readable(rig.stream.wants[0]), expected);
  first.vm.deleteRoot(first.root);
  sidecar.pass(300);
  assert.deepEqual(readable(rig.stream.wants[0]), expected);
  assert.equal(pickOnce(second.vm, second.root), endpoint(3).address);
});

test("nothing more is said than the first WANT before the sidecar has spoken", () => {
  const rig = new Rig();
  const vm = rig.vm();
  const root = vm.createRoot(configuration(BY_CLUSTER));
  rig.pass(300);
  for (const name of Object.keys(POOLS)) {
    pickFor(vm, root, { cluster: name });
    rig.pass(20);
  }
  assert.equal(rig.stream.wants.length, 1);
  rig.stream.message(encodeBeat());
  rig.pass(10);
  assert.equal(rig.stream.wants.length, 2);
  assert.equal(wanted(rig)?.pools.length, 3);
});

test("no more pools are wanted than a sidecar pushes", () => {
  const { rig, worker } = workers(BY_CLUSTER);
  for (let i = 0; i < MAX_POOLS + 100; i++) pickFor(worker.vm, worker.root, { cluster: `many/pool-${i}` });
  rig.pass(20);
  assert.equal(rig.stream.wants.at(-1)?.pools.length, MAX_POOLS);
  assert.equal(rig.stream.wants.at(-1)?.all, true);
});

test("until the sidecar has answered a WANT, a pool that it has not named may yet come", () => {
  const { rig, sidecar, worker } = workers(BY_CLUSTER);
  const details = () => postTo(worker.vm, worker.root, { cluster: "team-c/none" }).localResponse?.details;
  assert.equal(details(), "inline_epp_no_such_pool");
  rig.pass(10);
  assert.equal(details(), "inline_epp_no_state");
  sidecar.pass(10);
  assert.equal(details(), "inline_epp_no_such_pool");
});

test("a pool first asked for while there is no stream may yet come, once there is one", () => {
  const { rig, sidecar, worker } = workers({ pool: "team-a/base" });
  rig.reachable = false;
  rig.stream.close();
  rig.pass(100);
  const root = worker.vm.createRoot(configuration({ pool: "team-b/other" }));
  const details = () => post(worker.vm, root).localResponse?.details;
  rig.reachable = true;
  rig.pass(2000);
  assert.deepEqual(readable(rig.stream.wants[0])?.pools, ["team-a/base", "team-b/other"]);
  assert.equal(details(), "inline_epp_no_state");
  sidecar.pass(10);
  assert.equal(pickOnce(worker.vm, root), endpoint(2).address);
});

/** Lets `act` run once, right after the table has been read. */
function afterRead(rig: Rig, act: () => void): void {
  const { get } = rig.shared;
  let done = false;
  rig.shared.get = (key) => {
    const found = get.call(rig.shared, key);
    if (key !== USES || done) return found;
    done = true;
    act();
    return found;
  };
}

test("a worker that writes between another's look and its write loses nothing", () => {
  const { rig, all } = workers(BY_CLUSTER, BY_CLUSTER);
  const [first, second] = all as [(typeof all)[0], (typeof all)[0]];
  afterRead(rig, () => pickFor(second.vm, second.root, { cluster: "team-b/other" }));
  pickFor(first.vm, first.root, { cluster: "team-a/base" });
  assert.deepEqual(new Set(uses(rig).keys()), new Set([0n, xxh64("team-a/base"), xxh64("team-b/other")]));
});

test("what is lost to another's very first write is said again with the next tick", () => {
  const rig = new Rig();
  const start = (fields: Record<string, unknown>): FilterVm => {
    const vm = rig.vm();
    vm.createRoot(configuration(fields));
    return vm;
  };
  afterRead(rig, () => start({ pool: "team-b/other" }));
  start({ pool: "team-a/base" });
  assert.deepEqual([...uses(rig).keys()], [xxh64("team-a/base")], "written over");
  rig.pass(20);
  assert.deepEqual(new Set(uses(rig).keys()), new Set([xxh64("team-a/base"), xxh64("team-b/other")]));

  const lost = workers(BY_CLUSTER);
  pickFor(lost.worker.vm, lost.worker.root, { cluster: "team-a/base" });
  lost.rig.shared.set(USES, new Uint8Array(), 0);
  lost.rig.pass(20);
  assert.ok(uses(lost.rig).has(xxh64("team-a/base")));
});

test("a value that is no table counts as none, and is replaced", () => {
  for (const length of [1, 15, 17, 16 * (MAX_POOLS + 2)]) {
    const rig = new Rig();
    rig.shared.set(USES, new Uint8Array(length).fill(7), 0);
    const vm = rig.vm();
    vm.createRoot(configuration({ pool: "team-a/base" }));
    rig.pass(300);
    assert.deepEqual(wanted(rig), { all: false, pools: ["team-a/base"] });
  }
});

test("ticks read the pools that requests have asked for within the last minute, and no others", () => {
  const rig = new Rig();
  const holder = rig.vm();
  holder.createRoot(configuration(BY_CLUSTER));
  const worker = rig.vm();
  const root = worker.createRoot(configuration({ pool: undefined, poolFrom: "route" }));
  const names = Array.from({ length: 20 }, (_, index) => `team-a/pool-${index}`);
  const sidecar = new TestSidecar(rig, Object.fromEntries(names.map((name, index) => [name, [endpoint(index + 1)]])));
  sidecar.pass(300);
  for (const name of names) pickFor(worker, root, { route: name });
  const use = names.slice(0, 2);
  const reads = () => {
    let count = 0;
    sidecar.sendLoads();
    rig.shared.beforeGet = (key) => {
      if (key.startsWith(sharedKeys.state("load/"))) count++;
    };
    sidecar.pass(10);
    rig.shared.beforeGet = undefined;
    return count;
  };
  sidecar.pass(20);
  assert.equal(reads(), 20);
  for (let second = 0; second < 62; second++) {
    for (const name of use) pickFor(worker, root, { route: name });
    sidecar.pass(1000);
    rig.stream.message(encodeBeat());
  }
  assert.equal(rig.stream.wants.at(-1)?.pools.length, 2);
  assert.equal(reads(), 2);
  assert.equal(pickFor(worker, root, { route: names[9]! }), endpoint(10).address, "the others still serve");
});
