import assert from "node:assert/strict";
import { test } from "node:test";
import { WAITING_BYTES_MAX } from "../../../sidecar/push/outbox.ts";
import { MAX_ENDPOINTS } from "../../../wire/layout.ts";
import { setUp } from "./set-up.ts";
import { eventually, poolKey, sequenceOf, waitingOf } from "./test-gateway.ts";

const ROUNDS = 100;

test("a gateway that does not read misses loads, delays nobody, and gets the latest when it reads", async (t) => {
  const { source, connect, clock, observer, server } = await setUp(t);
  source.setRoster("ns/big", MAX_ENDPOINTS);
  source.setRoster("ns/small", 1);
  const quick = connect();
  await quick.received(7);
  const slow = connect();
  await slow.received(7);
  slow.call.pause();

  // Each load is 160 KB: 100 of them are far more than sockets, windows and the bound can hold.
  for (let round = 1; round <= ROUNDS; round++) {
    clock.advance(50);
    source.setWaiting("ns/big", 0, round);
    await eventually(() => quick.frames.some((frame) => frame.kind === "load" && waitingOf(frame, 0) === round));
  }
  const loads = (gateway: typeof quick) => gateway.frames.filter((frame) => frame.kind === "load");
  const waiting = server.gateways()[1]!.waiting;
  assert.ok(observer.skips > ROUNDS / 4, `${observer.skips} skipped`);
  assert.ok(waiting >= WAITING_BYTES_MAX, "the slow one is above the bound");
  assert.ok(waiting < WAITING_BYTES_MAX + 200_000, `by no more than a frame: ${waiting}`);

  // A pool that changes and one that goes while nobody reads are told once, as they are at the end.
  source.setRoster("ns/big", 2);
  source.remove("ns/small");
  slow.call.resume();
  await eventually(() => slow.kinds.includes("gone"));
  await eventually(() => loads(slow).at(-1)!.bytes.length < 200);
  const rosters = slow.frames.filter((frame) => frame.kind === "roster" && frame.pool === poolKey("ns/big"));
  assert.equal(rosters.length, 2);
  assert.equal(loads(slow).at(-1)!.epoch, rosters[1]!.epoch);
  assert.ok(loads(slow).length < loads(quick).length);
  const sequences = loads(slow).map(sequenceOf);
  assert.deepEqual(
    sequences,
    sequences.map((_, index) => BigInt(index + 1)),
    "skipped loads leave no gap",
  );
});
