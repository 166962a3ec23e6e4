// What one worker learns reaches the others, through shared data.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { FilterVm } from "../../sidecar/wasm-host/vm.ts";
import { decodeUp } from "../../wire/decode.ts";
import { encodeJournal } from "../../wire/encode.ts";
import * as L from "../../wire/layout.ts";
import { held, heldBlocks } from "../sidecar/push/records.ts";
import { addressKey, answer, notingModule } from "./noting.ts";
import { configuration, servingRig } from "./pools.ts";
import { pickOnce, post } from "./requests.ts";
import { Rig, sharedKeys } from "./rig.ts";

const module = await notingModule();
const ADDRESS = "10.0.0.1:8000";

interface Worker {
  readonly vm: FilterVm;
  readonly root: number;
}

/** `count` workers that have all had a request, the first of which holds the stream. */
function workers(count: number): { rig: Rig; all: Worker[] } {
  const { rig, vm, root } = servingRig(2, {}, new Rig(module));
  const all = [{ vm, root }];
  while (all.length < count) {
    const next = rig.vm();
    all.push({ vm: next, root: next.createRoot(configuration()) });
  }
  const first = all.map((worker) => post(worker.vm, worker.root));
  rig.pass(20);
  for (const stream of first) stream.close();
  rig.pass(100);
  return { rig, all };
}

/** A request of a worker that teaches something about an endpoint. */
function learnAt(worker: Worker, blocks = 2, address = ADDRESS): void {
  const stream = post(worker.vm, worker.root);
  answer(worker.vm, stream, address, blocks);
  stream.close();
}

function learned(rig: Rig): number {
  return rig.metrics.value("inline_epp_records_learned_total");
}

function lost(rig: Rig): number {
  return rig.metrics.value("inline_epp_records_lost_total");
}

function journals(rig: Rig): Uint8Array[] {
  const keys = rig.shared.keys().filter((key) => key.startsWith(sharedKeys.journals));
  return keys.map((key) => rig.shared.get(key)?.value ?? new Uint8Array());
}

test("a record is taken up by every other worker, once each, within two ticks", () => {
  const { rig, all } = workers(3);
  learnAt(all[1] as Worker);
  rig.pass(20);
  rig.pass(10); // counts go to the host with the next tick
  assert.equal(learned(rig), 8, "four records, two workers");
  rig.pass(2000);
  assert.equal(learned(rig), 8);
  learnAt(all[0] as Worker);
  learnAt(all[2] as Worker);
  rig.pass(30);
  assert.equal(learned(rig), 24);
  assert.equal(lost(rig), 0);
});

test("a journal says what was learned, as FORMAT.md has it", () => {
  const { rig, all } = workers(2);
  learnAt(all[1] as Worker);
  rig.pass(10);
  const [frame] = journals(rig) as [Uint8Array];
  const vectors = rig.shared.keys().filter((key) => key.startsWith(sharedKeys.vectors));
  const owners = vectors.map((key) => BigInt(new DataView(bytesOf(key)).getBigUint64(L.FLIGHT_OWNER, true)));
  function bytesOf(key: string): ArrayBuffer {
    return (rig.shared.get(key)?.value.slice() ?? new Uint8Array(L.FLIGHT_BYTES)).buffer;
  }
  const view = new DataView(frame.buffer, frame.byteOffset);
  const owner = view.getBigUint64(L.JOURNAL_OWNER, true);
  assert.ok(owners.includes(owner));
  const endpoint = addressKey(ADDRESS);
  const blocks = [0n, 1n].map((index) => view.getBigUint64(L.JOURNAL_BYTES + L.RECORD_BYTES, true) + index);
  const expected = encodeJournal({
    owner,
    first: 0n,
    records: [
      { kind: L.RECORD_HELD, endpoint, values: blocks },
      { kind: L.RECORD_LOST, endpoint, values: blocks.slice(0, 1) },
      { kind: L.RECORD_TTFT, endpoint, values: [512, 2048, 3, 16, 0.75, 123.5] },
      { kind: L.RECORD_TPOT, endpoint, values: [16, 0.75, 40_000, 21.25] },
    ],
  });
  assert.deepEqual(frame.slice(), expected);
  const announced = vectors.map((key) => new DataView(bytesOf(key)).getBigUint64(L.FLIGHT_JOURNAL, true));
  assert.deepEqual(announced.toSorted(), [0n, 4n]);
});

test("records of endpoints that a worker does not know pass by", () => {
  const { rig, all } = workers(2);
  learnAt(all[1] as Worker, 2, "10.9.9.9:1");
  rig.pass(50);
  assert.equal(learned(rig), 0);
});

test("a journal is written when there is something new, and read when it was written", () => {
  const { rig, all } = workers(2);
  const counts = { written: 0, read: 0 };
  const { set } = rig.shared;
  rig.shared.set = (key, value, cas) => {
    if (key.startsWith(sharedKeys.journals)) counts.written++;
    return set.call(rig.shared, key, value, cas);
  };
  rig.shared.beforeGet = (key) => {
    if (key.startsWith(sharedKeys.journals)) counts.read++;
  };
  rig.pass(2000);
  assert.deepEqual(counts, { written: 0, read: 0 });
  learnAt(all[1] as Worker);
  learnAt(all[1] as Worker);
  rig.pass(1000);
  assert.deepEqual(counts, { written: 1, read: 1 });
});

test("a reader that stalled for a while still finds what it missed, and a late one what is there", () => {
  const { rig, all } = workers(3);
  const slow = all[2] as Worker;
  rig.stall(slow.vm);
  for (let step = 0; step < 10; step++) {
    learnAt(all[0] as Worker);
    rig.pass(10);
  }
  rig.pass(20);
  const without = learned(rig);
  assert.equal(without, 40);
  rig.resume(slow.vm);
  rig.pass(20);
  assert.equal(learned(rig) - without, 40);
  const late = rig.vm();
  pickOnce(late, late.createRoot(configuration()));
  rig.pass(20);
  assert.equal(learned(rig) - without - 40, 40);
  assert.equal(lost(rig), 0);
});

test("records are kept for some 300 ms, so that frames stay small", () => {
  const { rig, all } = workers(2);
  const lengths: number[] = [];
  for (let step = 0; step < 200; step++) {
    learnAt(all[0] as Worker);
    rig.pass(10);
    lengths.push(journals(rig)[0]?.length ?? 0);
  }
  // Of four records, 168 bytes, a tick: at least 15 and at most 31 ticks' worth.
  assert.ok(Math.max(...lengths) <= L.JOURNAL_BYTES + 31 * 168, `${Math.max(...lengths)}`);
  assert.ok(Math.min(...lengths.slice(100)) >= L.JOURNAL_BYTES + 15 * 168, `${Math.min(...lengths.slice(100))}`);
});

test("more than a journal holds in one tick drops the oldest, and is counted", () => {
  const { rig, all } = workers(2);
  for (let i = 0; i < 40; i++) learnAt(all[0] as Worker, 4000); // 32 KB each, five times a journal
  rig.pass(30);
  const [frame] = journals(rig) as [Uint8Array];
  assert.ok(frame.length <= L.MAX_JOURNAL_BYTES && frame.length > L.MAX_JOURNAL_BYTES / 2, `${frame.length}`);
  const read = decodeUp(frame);
  assert.ok(read.kind === "journal");
  assert.equal(learned(rig), read.records);
  assert.equal(learned(rig) + lost(rig), 40);
  learnAt(all[0] as Worker, 2);
  rig.pass(30);
  assert.equal(learned(rig) + lost(rig), 44);
});

test("a journal that is damaged in any way is passed over, and the next one is read", () => {
  const { rig, all } = workers(2);
  learnAt(all[0] as Worker);
  rig.pass(30);
  const [key] = rig.shared.keys().filter((name) => name.startsWith(sharedKeys.journals)) as [string];
  const good = rig.shared.get(key)?.value.slice() ?? new Uint8Array();
  let expected = learned(rig);
  const random = encodeJournal({ owner: 99n, first: 0n, records: [held(addressKey(ADDRESS), 1)] });
  for (const damage of [new Uint8Array(), new Uint8Array(50_000).fill(1), good.subarray(0, good.length - 8), random]) {
    rig.shared.beforeGet = (name) => {
      if (name !== key) return;
      rig.shared.beforeGet = undefined;
      rig.shared.set(key, damage, 0);
    };
    learnAt(all[0] as Worker);
    rig.pass(40);
    assert.equal(learned(rig), expected);
    learnAt(all[0] as Worker);
    rig.pass(30);
    expected = learned(rig);
  }
  assert.ok(expected >= 5 * 4);
});

test("a worker that has died leaves no journal behind once another registers", () => {
  const { rig, all } = workers(2);
  const [one, dead] = all as [Worker, Worker];
  learnAt(dead);
  rig.pass(20);
  rig.stall(dead.vm);
  rig.pass(4000);
  assert.deepEqual(
    journals(rig).map((frame) => frame.length > 0),
    [true],
  );
  const vm = rig.vm();
  const stream = post(vm, vm.createRoot(configuration()));
  rig.pass(20);
  stream.close();
  assert.deepEqual(
    journals(rig).map((frame) => frame.length),
    [0],
  );
  learnAt(one);
  rig.pass(30);
  assert.equal(learned(rig), 8, "what the dead one had told, and now the new worker's four");
});

test("a journal's worth of records every tick leaves memory as it was", () => {
  const { rig, all } = workers(3);
  const busy = () => {
    for (let step = 0; step < 300; step++) {
      for (const worker of all) learnAt(worker, 1000);
      rig.pass(10);
    }
  };
  busy();
  const before = all.map(({ vm }) => vm.memoryBytes);
  busy();
  assert.deepEqual(
    all.map(({ vm }) => vm.memoryBytes),
    before,
  );
});

test("what goes up has every worker's records once, with the gateway's number", () => {
  const { rig, all } = workers(3);
  rig.pass(500);
  for (const worker of all) learnAt(worker);
  rig.pass(30);
  for (const worker of all) learnAt(worker);
  rig.pass(1000);
  const frames = rig.stream.journals;
  const blocks = frames.flatMap(heldBlocks);
  assert.equal(blocks.length, 24);
  assert.equal(
    frames.map((frame) => decodeUp(frame)).filter((frame) => frame.kind === "journal").length,
    frames.length,
  );
  for (const frame of frames) {
    const owner = new DataView(frame.buffer, frame.byteOffset).getBigUint64(L.JOURNAL_OWNER, true);
    assert.equal(owner, rig.stream.hello.gateway);
  }
});
