// The stream's own life: HELLO and ACK, ends, silence, back-off.

import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeAck, encodeBeat, encodeHello, encodeWant } from "../../wire/encode.ts";
import { ACCEPTED, REFUSED_KIND } from "../../wire/layout.ts";
import { xxh64 } from "../../wire/xxh64.ts";
import { configuration, connectedRig, endpoints, FakePool, samples, servingRig } from "./pools.ts";
import { pickOnce } from "./requests.ts";
import { Rig } from "./rig.ts";

const UNREACHABLE = /^warn inline-epp: cannot open the state stream: .*"sidecar" \(stateCluster\)\?$/;
const SILENT = /^warn inline-epp: nothing heard from the sidecar for 5 s/;

/** How many milliseconds pass, in ticks, until a condition holds. */
function until(rig: Rig, holds: () => boolean): number {
  for (let passed = 0; passed <= 60_000; passed += 10) {
    if (holds()) return passed;
    rig.pass(10);
  }
  throw new Error("a minute has passed");
}

test("a stream begins with HELLO and WANT, as the sidecar's own encoder writes them", () => {
  const { rig } = connectedRig();
  const { hello } = rig.stream;
  assert.equal(hello.node, "test-node");
  const want = encodeWant({ all: false, pools: [xxh64("default/base")] });
  assert.deepEqual(rig.stream.sent, [encodeHello(hello), want]);
});

test("every stream has a number of its own", () => {
  const { rig } = connectedRig();
  for (let i = 0; i < 10; i++) {
    rig.stream.close();
    until(rig, () => rig.openStreams.length === 1);
  }
  assert.equal(new Set(rig.streams.map((stream) => stream.hello.gateway)).size, 11);
});

test("frames are acknowledged with the next tick, by one ACK for all of them", () => {
  const { rig } = connectedRig();
  const pool = new FakePool();
  rig.stream.message(...pool.start(endpoints(2)), pool.load(samples(2)));
  assert.equal(rig.stream.ack, undefined);
  rig.pass(10);
  const ack = { sequence: 2n, accepted: 5, refused: 0, reason: ACCEPTED };
  assert.deepEqual(rig.stream.ack, ack);
  assert.deepEqual(rig.stream.sent.at(-1), encodeAck(ack));
  rig.pass(500);
  assert.equal(rig.stream.sent.length, 3, "nothing new, nothing said");
});

test("a beat is acknowledged too", () => {
  const { rig } = connectedRig();
  rig.stream.message(encodeBeat());
  rig.pass(10);
  assert.deepEqual(rig.stream.ack, { sequence: 0n, accepted: 1, refused: 0, reason: ACCEPTED });
});

test("each stream counts from nought", () => {
  const { rig, pool } = servingRig(2);
  rig.stream.message(encodeHello({ gateway: 1n, node: "" }));
  rig.pass(10);
  assert.deepEqual(rig.stream.ack, { sequence: 1n, accepted: 4, refused: 1, reason: REFUSED_KIND });
  rig.stream.close();
  until(rig, () => rig.openStreams.length === 1);
  rig.stream.message(pool.roster(endpoints(2)));
  rig.pass(10);
  assert.deepEqual(rig.stream.ack, { sequence: 0n, accepted: 1, refused: 0, reason: ACCEPTED });
});

test("what one stream still owed is not said on the next", () => {
  const { rig } = connectedRig();
  rig.stream.message(encodeBeat());
  rig.stream.close();
  until(rig, () => rig.openStreams.length === 1);
  rig.pass(50);
  assert.equal(rig.stream.sent.length, 2, "HELLO and WANT");
});

test("a stream that the other end has closed is cancelled here, which lets Envoy free it", () => {
  const { rig } = connectedRig();
  const first = rig.stream;
  first.close();
  assert.equal(first.cancelled, true);
});

test("the log tells of ended streams once a minute, with the gRPC status", () => {
  const { rig } = connectedRig();
  rig.stream.close(16);
  assert.deepEqual(rig.log, [
    'warn inline-epp: the state stream to cluster "sidecar" ended with gRPC status 16; the last state serves on, ' +
      "and it is opened anew",
  ]);
  while (rig.now < 3_660_000_000n) {
    until(rig, () => rig.openStreams.length === 1);
    rig.stream.close();
  }
  assert.equal(rig.log.length, 1);
  until(rig, () => rig.openStreams.length === 1);
  rig.pass(1000);
  rig.stream.close();
  assert.equal(rig.log.length, 2);
});

test("the log tells of silence once a minute", () => {
  const { rig } = connectedRig();
  rig.pass(59_000);
  assert.equal(rig.logged(SILENT).length, 1);
  rig.pass(12_000);
  assert.equal(rig.logged(SILENT).length, 2);
});

test("the back-off doubles from 50 ms to 1 s, give or take half of it", () => {
  const { rig } = connectedRig();
  const bases = [50, 100, 200, 400, 800, 1000, 1000, 1000];
  const waits = bases.map(() => {
    const closedAt = rig.now;
    rig.stream.close();
    until(rig, () => rig.openStreams.length === 1);
    return Number(rig.stream.openedAt - closedAt) / 1000;
  });
  waits.forEach((wait, index) => {
    const base = bases[index] as number;
    assert.ok(wait >= base / 2 && wait <= base * 1.5 + 10, `after end ${index + 1}: ${wait} ms of ${base}`);
  });
});

test("the back-off is jittered, so that gateways do not come back all at once", () => {
  const waits = new Set<number>();
  const { rig } = connectedRig();
  for (let i = 0; i < 30; i++) {
    const closedAt = rig.now;
    rig.stream.close();
    until(rig, () => rig.openStreams.length === 1);
    waits.add(Number(rig.stream.openedAt - closedAt));
  }
  assert.ok(waits.size > 15, `${waits.size} different waits of 30`);
});

test("an accepted frame takes the back-off to its start", () => {
  const { rig } = connectedRig();
  for (let i = 0; i < 6; i++) {
    rig.stream.close();
    until(rig, () => rig.openStreams.length === 1);
  }
  rig.stream.message(encodeBeat());
  rig.stream.close();
  assert.ok(until(rig, () => rig.openStreams.length === 1) <= 90);
});

test("without the cluster the filter tries on, and warns once a minute", () => {
  const rig = new Rig();
  rig.reachable = false;
  rig.vm().createRoot(configuration());
  rig.pass(50_000);
  assert.ok(rig.attempts > 30 && rig.attempts < 150, `${rig.attempts} attempts in 50 s`);
  assert.equal(rig.logged(UNREACHABLE).length, 1);
  rig.pass(20_000);
  assert.equal(rig.logged(UNREACHABLE).length, 2);
  rig.reachable = true;
  rig.pass(2000);
  assert.equal(rig.openStreams.length, 1);
});

test("a stream silent for more than five seconds is opened anew", () => {
  const { rig, vm, root } = servingRig(1);
  const first = rig.stream;
  rig.pass(5000);
  assert.equal(first.cancelled, false);
  rig.pass(10);
  assert.equal(first.cancelled, true);
  assert.equal(rig.logged(SILENT).length, 1);
  rig.pass(200);
  assert.equal(rig.openStreams.length, 1);
  assert.equal(pickOnce(vm, root), "10.0.0.1:8000", "the last state serves on");
});

test("a beat a second is enough", () => {
  const { rig } = connectedRig();
  for (let second = 0; second < 30; second++) {
    rig.stream.message(encodeBeat());
    rig.pass(1000);
  }
  assert.equal(rig.streams.length, 1);
  assert.deepEqual(rig.log, []);
});

test("a refused frame is a sign of life", () => {
  const { rig } = connectedRig();
  for (let second = 0; second < 10; second++) {
    rig.stream.message(new Uint8Array(3));
    rig.pass(1000);
  }
  assert.equal(rig.streams.length, 1);
});

test("frames and ends of a stream that is no longer the filter's do nothing", () => {
  const { rig, vm, root } = servingRig(1);
  const first = rig.stream;
  rig.pass(5200);
  assert.equal(first.cancelled, true);
  const second = rig.stream;
  vm.exports.proxy_on_grpc_receive(root, 1, 32);
  vm.exports.proxy_on_grpc_close(root, 1, 14);
  assert.deepEqual(rig.openStreams, [second]);
  rig.pass(20);
  assert.equal(second.ack, undefined);
});
