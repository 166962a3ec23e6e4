// What gateways tell of themselves reaches the others.

import assert from "node:assert/strict";
import { test } from "node:test";
import { MEMORY_BYTES } from "../../../sidecar/push/journal-memory.ts";
import { WAITING_BYTES_MAX } from "../../../sidecar/push/outbox.ts";
import * as L from "../../../wire/layout.ts";
import { held, heldBlocks } from "./records.ts";
import { setUp } from "./set-up.ts";
import { eventually, type TestGateway } from "./test-gateway.ts";

/** Gateways 1, 2 and so on, all past SYNC. */
async function gatewaysOf(rig: Awaited<ReturnType<typeof setUp>>, count: number): Promise<TestGateway[]> {
  const all = Array.from({ length: count }, (_, index) => rig.connect(BigInt(index + 1)));
  await Promise.all(all.map((gateway) => gateway.received(1)));
  return all;
}

/** All blocks that a gateway has been told, in their order. */
function blocksOf(gateway: TestGateway): bigint[] {
  return gateway.journals.flatMap(heldBlocks);
}

test("a gateway's requests in flight are told the others at once, summed, and not itself", async (t) => {
  const rig = await setUp(t);
  const [one, two, three] = (await gatewaysOf(rig, 3)) as [TestGateway, TestGateway, TestGateway];
  one.flight({ 10: 2, 11: 1 });
  await eventually(() => two.flights.length === 1 && three.flights.length === 1);
  rig.clock.advance(20);
  two.flight({ 10: 3 });
  await eventually(() => one.flights.length === 1 && three.flights.length === 2);
  assert.deepEqual(one.flights, [{ 10: 3 }]);
  assert.deepEqual(two.flights, [{ 10: 2, 11: 1 }], "it is told nothing that it knows");
  assert.deepEqual(three.flights, [
    { 10: 2, 11: 1 },
    { 10: 5, 11: 1 },
  ]);
});

test("many changes are told together, every 20 ms", async (t) => {
  const rig = await setUp(t);
  const [one, two] = (await gatewaysOf(rig, 2)) as [TestGateway, TestGateway];
  one.flight({ 10: 1 });
  await eventually(() => two.flights.length === 1);
  for (let requests = 2; requests <= 50; requests++) one.flight({ 10: requests });
  one.call.write(Buffer.from("the end"));
  await eventually(() => rig.observer.refusals.length === 1);
  rig.clock.advance(19.9);
  assert.equal(rig.observer.kinds.filter((kind) => kind === "flight").length, 1);
  rig.clock.advance(0.1);
  await eventually(() => two.flights.length === 2);
  assert.deepEqual(two.flights[1], { 10: 50 });
});

test("a sum is repeated every second while it is not empty, and its end is told once", async (t) => {
  const rig = await setUp(t);
  const [one, two] = (await gatewaysOf(rig, 2)) as [TestGateway, TestGateway];
  for (let step = 0; step < 30; step++) {
    one.flight({ 10: 4 });
    one.ack({ accepted: step + 1 });
    await eventually(() => rig.server.gateways()[0]?.accepted === step + 1);
    rig.clock.advance(100);
  }
  await eventually(() => two.flights.length === 6); // at 0, 600, 1,200, 1,800, 2,400 and 3,000 ms
  one.flight({});
  await eventually(() => two.flights.length === 7);
  assert.deepEqual(two.flights.at(-1), {});
  rig.clock.advance(5000);
  await eventually(() => two.kinds.filter((kind) => kind === "beat").length >= 7);
  assert.equal(two.flights.length, 7);
});

test("a gateway that leaves, or is silent for more than 3 s, counts no more", async (t) => {
  const rig = await setUp(t);
  const [one, two, three] = (await gatewaysOf(rig, 3)) as [TestGateway, TestGateway, TestGateway];
  one.flight({ 10: 1 });
  two.flight({ 10: 2 });
  await eventually(() => rig.observer.kinds.filter((kind) => kind === "flight").length >= 2);
  rig.clock.advance(20);
  await eventually(() => three.flights.at(-1)?.[10] === 3);
  two.close();
  await eventually(() => rig.server.gateways().length === 2);
  rig.clock.advance(20);
  await eventually(() => three.flights.at(-1)?.[10] === 1);
  rig.clock.advance(2900);
  assert.deepEqual(three.flights.at(-1), { 10: 1 });
  rig.clock.advance(200);
  await eventually(() => three.flights.at(-1)?.[10] === undefined);
});

test("a gateway that joins is told what is in flight, after SYNC", async (t) => {
  const rig = await setUp(t);
  rig.source.setRoster("ns/a", 1);
  const one = rig.connect(1n);
  await one.received(4);
  one.flight({ 10: 1 });
  one.ack({ accepted: 4 });
  await eventually(() => rig.server.gateways()[0]?.accepted === 4);
  const two = rig.connect(2n);
  await two.received(5);
  assert.deepEqual(two.kinds, ["roster", "plan", "load", "sync", "flight"]);
});

test("records go to the others at once, each once, and not to their sender", async (t) => {
  const rig = await setUp(t);
  const [one, two, three] = (await gatewaysOf(rig, 3)) as [TestGateway, TestGateway, TestGateway];
  for (let block = 0; block < 20; block += 2) {
    one.journal([held(1n, block)]);
    two.journal([held(1n, block + 1)]);
  }
  await eventually(() => blocksOf(three).length === 20);
  const ofOne = Array.from({ length: 10 }, (_, index) => BigInt(2 * index));
  await eventually(() => blocksOf(two).length === 10 && blocksOf(one).length === 10);
  assert.deepEqual(blocksOf(two), ofOne);
  assert.deepEqual(
    blocksOf(one),
    ofOne.map((block) => block + 1n),
  );
  assert.equal(new Set(blocksOf(three)).size, 20);
});

test("a gateway that joins is given the records of before, its own of an earlier stream too, at a pace", async (t) => {
  const rig = await setUp(t);
  const one = rig.connect(1n);
  await one.received(1);
  const blocks = 1000; // 8 KB
  for (let i = 0; i < 40; i++) one.journal([held(1n, i, blocks)]);
  one.ack({ accepted: 1 });
  await eventually(() => rig.server.gateways()[0]?.accepted === 1);
  one.close();
  const again = rig.connect(1n);
  await eventually(() => again.journals.length === 2);
  assert.deepEqual(again.kinds, ["sync", "journal", "journal"]);
  await eventually(() => {
    rig.clock.advance(20);
    return blocksOf(again).length === 40;
  });
  assert.deepEqual(
    blocksOf(again),
    Array.from({ length: 40 }, (_, index) => BigInt(index)),
  );
  assert.ok(again.journals.every((frame) => frame.length <= 65_536));
  assert.ok(again.journals.length >= 5, `${again.journals.length} frames`);
});

test("what a slow gateway misses is bounded and counted, and delays nobody", async (t) => {
  const rig = await setUp(t);
  const [one, slow, quick] = (await gatewaysOf(rig, 3)) as [TestGateway, TestGateway, TestGateway];
  slow.call.pause();
  const rounds = 150; // 80 KB each: three times what is remembered
  for (let round = 0; round < rounds; round++) {
    one.journal([held(1n, round, 4000), held(1n, round, 4000), held(1n, round, 2000)]);
    rig.clock.advance(50);
    await eventually(() => blocksOf(quick).includes(BigInt(round)));
  }
  const waiting = rig.server.gateways()[1]!.waiting;
  assert.ok(waiting >= WAITING_BYTES_MAX && waiting < WAITING_BYTES_MAX + 200_000, `${waiting} bytes wait`);
  slow.call.resume();
  await eventually(() => {
    rig.clock.advance(20);
    return blocksOf(slow).includes(BigInt(rounds - 1));
  });
  const missed = rounds - new Set(blocksOf(slow)).size;
  assert.ok(missed > 0, "the test must be larger than all buffers");
  assert.equal(rig.observer.drops, missed);
  assert.ok(missed * 80_000 < rounds * 80_000 - MEMORY_BYTES + 80_000);
});

test("frames before HELLO, of another owner, or damaged are refused and told to nobody", async (t) => {
  const rig = await setUp(t);
  const stranger = rig.open();
  stranger.flight({ 10: 1 });
  stranger.journal([held(1n, 1)]);
  const [one, two] = (await gatewaysOf(rig, 2)) as [TestGateway, TestGateway];
  one.flight({ 10: 1 }, 2n);
  one.journal([held(1n, 1)], 0n);
  one.journal([{ kind: L.RECORD_TTFT, endpoint: 1n, values: [1] }]);
  one.journal([]);
  await eventually(() => rig.observer.refusals.length === 5);
  assert.deepEqual(rig.observer.refusals.toSorted(), [
    "up kind 1",
    "up kind 1",
    "up value 1",
    "up value 1",
    "up value 1",
  ]);
  rig.clock.advance(1000);
  await eventually(() => two.kinds.includes("beat"));
  assert.deepEqual(two.kinds, ["sync", "beat"]);
});
