import assert from "node:assert/strict";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import { encodeHello } from "../../../wire/encode.ts";
import { HEADER_VERSION, REFUSED_EPOCH } from "../../../wire/layout.ts";
import { setUp } from "./set-up.ts";
import { eventually } from "./test-gateway.ts";

const REFUSED_LINE = "frame from gateway refused";

test("garbage is counted by reason and logged once a minute, and the stream stays", async (t) => {
  const { source, connect, observer, log, clock } = await setUp(t);
  source.setRoster("ns/a", 1);
  const gateway = connect();
  await gateway.received(4);
  gateway.call.write(Buffer.from("no frame at all, but longer than a header"));
  gateway.call.write(Buffer.from("short"));
  gateway.call.write(Buffer.alloc(0));
  await eventually(() => observer.refusals.length === 3);
  assert.deepEqual(observer.refusals, ["up magic 1", "up truncated 1", "up truncated 1"]);
  assert.equal(log.of(REFUSED_LINE).length, 2);
  clock.advance(61_000);
  gateway.call.write(Buffer.from("short"));
  await eventually(() => log.of(REFUSED_LINE).length === 3);
  assert.equal(log.of(REFUSED_LINE)[2]!.unsaid, 1, "what was not logged is counted");
  clock.advance(100);
  source.setWaiting("ns/a", 0, 3);
  await eventually(() => gateway.kinds.at(-1) === "load");
});

test("a stream without HELLO is closed after 10 s with the reason", async (t) => {
  const { open, clock, observer } = await setUp(t);
  const silent = open();
  await silent.opened;
  clock.advance(5000);
  const wrong = open();
  await wrong.opened;
  const frame = Buffer.from(encodeHello({ gateway: 1n, node: "n" }));
  frame.writeUInt16LE(99, HEADER_VERSION);
  wrong.call.write(frame);
  await eventually(() => observer.refusals.length === 1);
  clock.advance(5000);
  const first = await silent.status;
  assert.equal(first.code, status.INVALID_ARGUMENT);
  assert.equal(first.details, "no HELLO within 10 s; no frame came");
  clock.advance(5000);
  const second = await wrong.status;
  assert.equal(second.code, status.INVALID_ARGUMENT);
  assert.match(second.details, /^no HELLO within 10 s; the last frame was refused: version \(wire version 99, /);
});

test("a HELLO after a bad frame is taken", async (t) => {
  const { open, clock } = await setUp(t);
  const gateway = open();
  gateway.call.write(Buffer.from("short"));
  gateway.hello();
  gateway.want([]);
  await gateway.received(1);
  clock.advance(20_000);
  await eventually(() => gateway.kinds.includes("beat"));
});

test("a second HELLO, and an ACK or WANT before the first, are refused by kind", async (t) => {
  const { open, observer } = await setUp(t);
  const gateway = open();
  gateway.ack({});
  gateway.want(["ns/a"]);
  gateway.hello();
  gateway.hello();
  await eventually(() => observer.refusals.length === 3);
  assert.deepEqual(observer.refusals, ["up kind 1", "up kind 1", "up kind 1"]);
});

test("an ACK tells what was accepted and refused, and how long it took", async (t) => {
  const { source, connect, clock, observer, server, log } = await setUp(t);
  source.setRoster("ns/a", 1);
  const gateway = connect();
  await gateway.received(4);
  clock.advance(20);
  gateway.ack({ sequence: 1n, accepted: 3, refused: 1, reason: REFUSED_EPOCH });
  await eventually(() => observer.latencies.length === 1);
  assert.deepEqual(observer.latencies, [0.02]);
  assert.deepEqual(observer.refusals, ["down epoch 1"]);
  const { accepted, refused, reason, acknowledged, latency, sequence } = server.gateways()[0]!;
  assert.deepEqual(
    { accepted, refused, reason, acknowledged, latency, sequence },
    { accepted: 3, refused: 1, reason: "epoch", acknowledged: 1n, latency: 20, sequence: 1n },
  );
  assert.equal(log.of("gateway refused frames").length, 1);
  gateway.ack({ sequence: 1n, accepted: 4, refused: 3, reason: 4_000_000 });
  await eventually(() => observer.refusals.length === 2);
  assert.equal(observer.refusals[1], "down unknown 2", "only known reasons become labels");
  assert.equal(observer.latencies.length, 1, "the same LOAD is not confirmed twice");
});

test("an ACK of what was never sent is refused", async (t) => {
  const { source, connect, observer } = await setUp(t);
  source.setRoster("ns/a", 1);
  const gateway = connect();
  await gateway.received(4);
  gateway.ack({ sequence: 2n });
  await eventually(() => observer.refusals.length === 1);
  assert.deepEqual(observer.refusals, ["up value 1"]);
});
