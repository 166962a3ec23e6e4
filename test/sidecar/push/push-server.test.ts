import assert from "node:assert/strict";
import { test } from "node:test";
import { ListenError } from "../../../sidecar/observe/listen-error.ts";
import { startPushServer } from "../../../sidecar/push/push-server.ts";
import { HEADER_BYTES, LOAD_SENT_AT } from "../../../wire/layout.ts";
import { setUp } from "./set-up.ts";
import { eventually, poolKey, sequenceOf, waitingOf } from "./test-gateway.ts";

const FIRST = ["roster", "plan", "load", "roster", "plan", "load", "sync"];

test("a new gateway gets roster, plan and load of each pool, then sync", async (t) => {
  const { source, connect, server, log } = await setUp(t);
  source.setRoster("ns/a", 2);
  source.setRoster("ns/b", 1);
  const gateway = connect();
  const frames = await gateway.received(7);
  assert.deepEqual(gateway.kinds, FIRST);
  assert.deepEqual(
    frames.slice(0, 6).map((frame) => frame.pool),
    [poolKey("ns/a"), poolKey("ns/a"), poolKey("ns/a"), poolKey("ns/b"), poolKey("ns/b"), poolKey("ns/b")],
  );
  assert.equal(frames[2]!.epoch, frames[0]!.epoch, "the load is of the roster before it");
  assert.equal(frames[6]!.bytes.length, HEADER_BYTES);
  assert.equal(server.gateways()[0]!.node, "test-node");
  assert.equal(server.gateways()[0]!.gateway, "0000000000000007");
  assert.equal(server.gateways()[0]!.pools, 2);
  assert.equal(log.of("gateway connected").length, 1);
});

test("sync comes even where there is no pool", async (t) => {
  const { connect } = await setUp(t);
  const gateway = connect();
  await gateway.received(1);
  assert.deepEqual(gateway.kinds, ["sync"]);
});

test("the first load change goes at once, the next ones together a window later", async (t) => {
  const { source, connect, clock } = await setUp(t);
  source.setRoster("ns/a", 1);
  const gateway = connect();
  await gateway.received(4);
  clock.advance(20);
  for (let waiting = 1; waiting <= 50; waiting++) source.setWaiting("ns/a", 0, waiting);
  await gateway.received(5);
  assert.equal(waitingOf(gateway.frames[4]!, 0), 1);
  clock.advance(4.9);
  clock.advance(0.1);
  await gateway.received(6);
  assert.equal(waitingOf(gateway.frames[5]!, 0), 50);
  assert.deepEqual(gateway.kinds.slice(4), ["load", "load"]);
});

test("sequence numbers grow by one per load of a stream, across pools", async (t) => {
  const { source, connect, clock } = await setUp(t);
  source.setRoster("ns/a", 1);
  source.setRoster("ns/b", 1);
  const early = connect();
  await early.received(7);
  for (let round = 1; round <= 3; round++) {
    clock.advance(10);
    source.setWaiting("ns/a", 0, round);
    source.setWaiting("ns/b", 0, round);
  }
  await early.received(13);
  const late = connect();
  await late.received(7);
  clock.advance(10);
  source.setWaiting("ns/b", 0, 9);
  await early.received(14);
  await late.received(8);
  const sequences = (frames: typeof early.frames) => frames.filter((frame) => frame.kind === "load").map(sequenceOf);
  assert.deepEqual(sequences(early.frames), [1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n, 9n]);
  assert.deepEqual(sequences(late.frames), [1n, 2n, 3n]);
});

test("a load is encoded once for all gateways", async (t) => {
  const { source, connect, clock } = await setUp(t);
  source.setRoster("ns/a", 3);
  const gateways = [connect(), connect(), connect()];
  await Promise.all(gateways.map((gateway) => gateway.received(4)));
  clock.advance(20);
  const before = source.loads;
  source.setWaiting("ns/a", 2, 5);
  await Promise.all(gateways.map((gateway) => gateway.received(5)));
  assert.equal(source.loads, before + 1);
  for (const gateway of gateways) assert.equal(waitingOf(gateway.frames[4]!, 2), 5);
});

test("a roster change sends the roster and then its load", async (t) => {
  const { source, connect, clock } = await setUp(t);
  source.setRoster("ns/a", 1);
  const gateway = connect();
  await gateway.received(4);
  clock.advance(20);
  source.setRoster("ns/a", 2);
  const frames = await gateway.received(6);
  assert.deepEqual(gateway.kinds.slice(4), ["roster", "load"]);
  assert.equal(frames[5]!.epoch, frames[4]!.epoch);
  assert.notEqual(frames[4]!.epoch, frames[0]!.epoch);
});

test("a plan change sends plans and nothing else", async (t) => {
  const { source, plans, connect } = await setUp(t);
  source.setRoster("ns/a", 1);
  source.setRoster("ns/b", 1);
  const gateway = connect();
  await gateway.received(7);
  plans.change();
  const frames = await gateway.received(9);
  assert.deepEqual(gateway.kinds.slice(7), ["plan", "plan"]);
  assert.deepEqual(
    frames.slice(7).map((frame) => frame.pool),
    [poolKey("ns/a"), poolKey("ns/b")],
  );
});

test("a pool that goes is taken back, one that comes later is sent whole", async (t) => {
  const { source, connect, clock, server } = await setUp(t);
  source.setRoster("ns/a", 1);
  const gateway = connect();
  await gateway.received(4);
  source.remove("ns/a");
  await gateway.received(5);
  assert.equal(gateway.frames[4]!.kind, "gone");
  assert.equal(gateway.frames[4]!.pool, poolKey("ns/a"));
  assert.equal(server.gateways()[0]!.pools, 0);
  clock.advance(20);
  source.setRoster("ns/new", 1);
  await gateway.received(8);
  assert.deepEqual(gateway.kinds.slice(5), ["roster", "plan", "load"]);
  clock.advance(20);
  source.setRoster("ns/a", 1);
  await gateway.received(11);
  assert.deepEqual(gateway.kinds.slice(8), ["roster", "plan", "load"]);
});

test("in a quiet time there are a beat and a load per pool every second, with time going on", async (t) => {
  const { source, connect, clock } = await setUp(t);
  source.setRoster("ns/a", 1);
  const gateway = connect();
  await gateway.received(4);
  for (let step = 0; step < 100; step++) clock.advance(100);
  const count = (kind: string) => gateway.kinds.filter((other) => other === kind).length;
  await eventually(() => count("beat") === 10 && count("load") >= 11);
  const sentAt = gateway.frames
    .filter((frame) => frame.kind === "load")
    .map((frame) => Number(frame.bytes.readBigUInt64LE(LOAD_SENT_AT) / 1000n));
  const gaps = sentAt.slice(1).map((at, index) => at - sentAt[index]!);
  assert.ok(
    gaps.every((gap) => gap > 0 && gap <= 1000),
    `gaps of ${gaps}`,
  );
});

test("a gateway that leaves is forgotten", async (t) => {
  const { source, connect, server, observer, log } = await setUp(t);
  source.setRoster("ns/a", 1);
  const gateway = connect();
  const other = connect();
  await Promise.all([gateway.received(4), other.received(4)]);
  assert.equal(observer.connected, 2);
  gateway.close();
  await eventually(() => server.gateways().length === 1);
  assert.equal(observer.connected, 1);
  assert.equal(log.of("gateway disconnected").length, 1);
});

test("a half-closed stream is ended", async (t) => {
  const { connect, server } = await setUp(t);
  const gateway = connect();
  await gateway.received(1);
  gateway.call.end();
  assert.equal((await gateway.status).code, 0);
  assert.deepEqual(server.gateways(), []);
});

test("state that does not fit the format is counted, logged, and harms no other pool", async (t) => {
  const { source, connect, observer, log } = await setUp(t);
  source.setRoster("ns/bad", 1, { address: "" });
  source.setRoster("ns/good", 1);
  const gateway = connect();
  await gateway.received(4);
  assert.deepEqual(gateway.kinds, ["roster", "plan", "load", "sync"]);
  assert.equal(gateway.frames[0]!.pool, poolKey("ns/good"));
  assert.deepEqual(observer.refusals, ["down encode 1"]);
  assert.equal(log.of("state does not fit the wire format, not pushed")[0]!.pool, "ns/bad");
});

test("a roster too large for a frame is named with its bytes, and tried once for all gateways and changes", async (t) => {
  const { source, connect, clock, observer, log, server } = await setUp(t);
  const labels = { note: "x".repeat(4_200_000) };
  source.setRoster("ns/big", 1, { labels });
  const [one, two] = [connect(1n), connect(2n)];
  await Promise.all([one.received(1), two.received(1)]);
  for (let round = 1; round <= 5; round++) {
    clock.advance(20);
    source.setWaiting("ns/big", 0, round);
  }
  assert.deepEqual(observer.refusals, ["down encode 1"]);
  const { pool, error } = log.of("state does not fit the wire format, not pushed")[0]!;
  assert.equal(pool, "ns/big");
  // 56 of the header and counts, 48 of the endpoint, 16 of the label; its key, the pool's name and the endpoint's texts.
  const bytes = 56 + 48 + 16 + 4_200_000 + "note".length + "ns/big".length + "10.0.0.0:8000".length + "ns/pod-0".length;
  assert.equal(
    (error as Error).message,
    `the roster of pool ns/big would have ${bytes} bytes, a frame has at most 4194304`,
  );
  assert.deepEqual(one.kinds, ["sync"]);
  clock.advance(20);
  source.setRoster("ns/big", 2);
  await one.received(4);
  assert.equal(server.gateways()[1]!.pools, 1);
});

test("stopping ends the streams with OK and frees the port", async (t) => {
  const { source, connect, open, server, clock } = await setUp(t);
  source.setRoster("ns/a", 1);
  const gateway = connect();
  const stranger = open();
  await gateway.received(4);
  await stranger.opened;
  await server.stop();
  assert.equal((await gateway.status).code, 0);
  assert.equal((await stranger.status).code, 0);
  assert.equal(source.listeners, 0);
  assert.equal(clock.pending, 0);
});

test("a busy port is told by its number and its flag", async (t) => {
  const { server, source, plans, clock, log, observer } = await setUp(t);
  const listen = { host: "127.0.0.1", port: server.port, flag: "--grpc-port" };
  await assert.rejects(startPushServer({ source, plans, listen, clock, log, observer }), (error: Error) => {
    assert.ok(error instanceof ListenError);
    assert.equal(error.message, `port ${server.port} is in use; free it or choose another with --grpc-port`);
    return true;
  });
});
