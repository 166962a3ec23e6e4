// Which gateway is told of which pools, by what it says that it wants.

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { LOAD_BYTES, MAX_POOLS, SAMPLE_FLAGS } from "../../../wire/layout.ts";
import { held } from "./records.ts";
import { setUp } from "./set-up.ts";
import { eventually, poolKey, type Seen, type TestGateway, waitingOf } from "./test-gateway.ts";

const POOL = ["roster", "plan", "load"];

/** A server with pools a, b and c of one endpoint each. */
async function threePools(t: TestContext) {
  const rig = await setUp(t);
  for (const pool of ["ns/a", "ns/b", "ns/c"]) rig.source.setRoster(pool, 1);
  return rig;
}

/** Frames as `kind pool`, with the pool's last letter. */
function told(frames: readonly Seen[]): string[] {
  const letters = new Map(["a", "b", "c", "d"].map((letter) => [poolKey(`ns/${letter}`), letter]));
  return frames.map(({ kind, pool }) => `${kind} ${letters.get(pool) ?? ""}`.trim());
}

/** All that a gateway has been told, once what was sent before this call is there. */
async function settled(gateway: TestGateway, clock: { advance(milliseconds: number): void }): Promise<string[]> {
  const before = gateway.kinds.filter((kind) => kind === "beat").length;
  clock.advance(1000);
  await eventually(() => gateway.kinds.filter((kind) => kind === "beat").length > before);
  return told(gateway.frames);
}

test("before the first WANT nothing is sent but beats, and no state is encoded", async (t) => {
  const { source, open, clock, server, observer } = await threePools(t);
  const gateway = open();
  gateway.hello();
  await eventually(() => server.gateways().length === 1);
  source.setWaiting("ns/a", 0, 1);
  source.setRoster("ns/b", 2);
  clock.advance(3000);
  await gateway.received(3);
  assert.deepEqual(gateway.kinds, ["beat", "beat", "beat"]);
  assert.equal(source.loads, 0);
  assert.equal(server.gateways()[0]!.wants, undefined);
  gateway.want(["ns/b"]);
  await gateway.received(7);
  assert.deepEqual(told(gateway.frames).slice(3), ["roster b", "plan b", "load b", "sync"]);
  assert.deepEqual(observer.refusals, []);
});

test("a gateway is told of the pools it names, of every change of them, and of no others", async (t) => {
  const { source, plans, connect, clock, server } = await threePools(t);
  const gateway = connect(7n, ["ns/b"]);
  await gateway.received(4);
  assert.deepEqual(told(gateway.frames), ["roster b", "plan b", "load b", "sync"]);
  assert.equal(server.gateways()[0]!.wants, 1);
  assert.equal(server.gateways()[0]!.pools, 1);
  clock.advance(20);
  const loads = source.loads;
  source.setWaiting("ns/a", 0, 1);
  source.setRoster("ns/c", 2);
  source.remove("ns/a");
  assert.equal(source.loads, loads, "what nobody wants is not encoded");
  source.setWaiting("ns/b", 0, 3);
  await gateway.received(5);
  assert.deepEqual(told(gateway.frames).slice(4), ["load b"]);
  assert.equal(waitingOf(gateway.frames[4]!, 0), 3);
  plans.change();
  await gateway.received(6);
  assert.deepEqual(told(gateway.frames).slice(5), ["plan b"]);
});

test("a pool that nobody wants is not refreshed", async (t) => {
  const { connect, clock } = await threePools(t);
  const gateway = connect(7n, ["ns/a"]);
  await gateway.received(4);
  for (let step = 0; step < 30; step++) clock.advance(100);
  const frames = await settled(gateway, clock);
  assert.ok(frames.filter((frame) => frame === "load a").length >= 4);
  assert.deepEqual(new Set(frames), new Set(["roster a", "plan a", "load a", "sync", "beat"]));
});

test("a WANT replaces the one before: more is sent, what is wanted no longer is taken back, then sync", async (t) => {
  const { source, connect, clock, server } = await threePools(t);
  const gateway = connect(7n, ["ns/a", "ns/b"]);
  await gateway.received(7);
  gateway.want(["ns/b", "ns/c"]);
  await gateway.received(12);
  assert.deepEqual(told(gateway.frames).slice(7), ["roster c", "plan c", "load c", "gone a", "sync"]);
  assert.equal(server.gateways()[0]!.pools, 2);
  source.setWaiting("ns/a", 0, 1);
  gateway.want(["ns/b", "ns/c"]);
  await gateway.received(13);
  assert.deepEqual(told(gateway.frames).slice(12), ["sync"]);
  gateway.want([]);
  await gateway.received(16);
  assert.deepEqual(told(gateway.frames).slice(13), ["gone b", "gone c", "sync"]);
  clock.advance(20);
  source.setWaiting("ns/b", 0, 1);
  gateway.want(["ns/a"]);
  await gateway.received(20);
  assert.deepEqual(told(gateway.frames).slice(16), ["roster a", "plan a", "load a", "sync"]);
  assert.equal(waitingOf(gateway.frames[18]!, 0), 1);
});

test("with all, the named come first, and the others get a load with each roster and no further ones", async (t) => {
  const { source, connect, clock, server } = await threePools(t);
  const gateway = connect(7n, []);
  await gateway.received(1);
  gateway.want(["ns/c"], true);
  await gateway.received(11);
  assert.deepEqual(
    told(gateway.frames).slice(1),
    ["c", "a", "b"].flatMap((pool) => POOL.map((kind) => `${kind} ${pool}`)).concat("sync"),
  );
  assert.equal(server.gateways()[0]!.wants, "all");
  clock.advance(20);
  source.setWaiting("ns/a", 0, 1);
  source.setWaiting("ns/c", 0, 2);
  source.setRoster("ns/b", 3);
  await gateway.received(14);
  assert.deepEqual(told(gateway.frames).slice(11), ["load c", "roster b", "load b"]);
  assert.equal(gateway.frames[13]!.epoch, gateway.frames[12]!.epoch);
  assert.equal(gateway.frames[13]!.bytes.length, 72 + 3 * 40);
  clock.advance(500);
  const frames = await settled(gateway, clock);
  assert.deepEqual(new Set(frames.slice(14)), new Set(["load c", "beat"]));
});

test("with all, the others are told when an endpoint takes requests or no longer does", async (t) => {
  const { source, connect, clock } = await threePools(t);
  const gateway = connect(7n, []);
  gateway.want(["ns/c"], true);
  await gateway.received(11);
  clock.advance(20);
  source.setWaiting("ns/a", 0, 1);
  source.setReady("ns/a", 0, false);
  await gateway.received(12);
  const [load] = gateway.frames.slice(11);
  assert.deepEqual(told([load!]), ["load a"]);
  assert.equal(new DataView(load!.bytes.buffer, load!.bytes.byteOffset).getUint32(LOAD_BYTES + SAMPLE_FLAGS, true), 0);
  clock.advance(20);
  source.setWaiting("ns/a", 0, 2);
  const frames = await settled(gateway, clock);
  assert.deepEqual(new Set(frames.slice(12)), new Set(["load c", "beat"]));
});

test("a pool that becomes named gets a load at once and then each; one named no longer keeps what it has", async (t) => {
  const { source, connect, clock } = await threePools(t);
  const gateway = connect(7n, []);
  gateway.want([], true);
  await gateway.received(11);
  clock.advance(20);
  source.setWaiting("ns/a", 0, 4);
  gateway.want(["ns/a"], true);
  await gateway.received(13);
  assert.deepEqual(told(gateway.frames).slice(11), ["load a", "sync"]);
  assert.equal(waitingOf(gateway.frames[11]!, 0), 4);
  clock.advance(20);
  source.setWaiting("ns/a", 0, 5);
  await gateway.received(14);
  assert.equal(waitingOf(gateway.frames[13]!, 0), 5);
  gateway.want([], true);
  await gateway.received(15);
  clock.advance(20);
  source.setWaiting("ns/a", 0, 6);
  const frames = await settled(gateway, clock);
  assert.deepEqual(frames.slice(14), ["sync", "beat"]);
});

test("a pool that is wanted and not there is sent when it comes, and taken back when it goes", async (t) => {
  const { source, connect, clock } = await threePools(t);
  const named = connect(1n, ["ns/d"]);
  const all = connect(2n, []);
  const neither = connect(3n, ["ns/a"]);
  await named.received(1);
  all.want([], true);
  await all.received(11);
  await neither.received(4);
  source.setRoster("ns/d", 1);
  await named.received(4);
  await all.received(14);
  clock.advance(20);
  source.setWaiting("ns/d", 0, 1);
  await named.received(5);
  source.remove("ns/d");
  await named.received(6);
  await all.received(15);
  assert.deepEqual(told(named.frames), ["sync", "roster d", "plan d", "load d", "load d", "gone d"]);
  assert.deepEqual(told(all.frames).slice(11), ["roster d", "plan d", "load d", "gone d"]);
  assert.deepEqual(told(neither.frames), ["roster a", "plan a", "load a", "sync"]);
});

test("each gateway has its own wants, and a load that one wants is encoded once", async (t) => {
  const { source, connect, clock } = await threePools(t);
  const [one, two, three] = [connect(1n, ["ns/a"]), connect(2n, ["ns/a", "ns/b"]), connect(3n, ["ns/c"])];
  await Promise.all([one.received(4), two.received(7), three.received(4)]);
  clock.advance(20);
  const loads = source.loads;
  source.setWaiting("ns/a", 0, 1);
  source.setWaiting("ns/b", 0, 1);
  await Promise.all([one.received(5), two.received(9)]);
  assert.equal(source.loads, loads + 2);
  const heard = await Promise.all([one, two, three].map((gateway) => settled(gateway, clock)));
  const pools = heard.map((frames) => new Set(frames.filter((frame) => frame.startsWith("load"))));
  assert.deepEqual(pools, [new Set(["load a"]), new Set(["load a", "load b"]), new Set(["load c"])]);
});

test("what a pool costs ends with the last gateway that wants it", async (t) => {
  const { source, connect, clock, server } = await threePools(t);
  const one = connect(1n, ["ns/a"]);
  const two = connect(2n, ["ns/a"]);
  await Promise.all([one.received(4), two.received(4)]);
  clock.advance(20);
  one.close();
  await eventually(() => server.gateways().length === 1);
  const loads = source.loads;
  source.setWaiting("ns/a", 0, 1);
  assert.equal(source.loads, loads + 1);
  await two.received(5);
  two.want([]);
  await two.received(7);
  clock.advance(2000);
  source.setWaiting("ns/a", 0, 2);
  assert.equal(source.loads, loads + 1);
});

test("loads that are not wanted are not counted as skipped, however slowly a gateway reads", async (t) => {
  const { source, connect, clock, observer } = await setUp(t);
  source.setRoster("ns/big", 4000);
  const quick = connect(1n, ["ns/big"]);
  const slow = connect(2n, []);
  slow.want([], true);
  await Promise.all([quick.received(4), slow.received(5)]);
  slow.call.pause();
  for (let round = 1; round <= 20; round++) {
    clock.advance(50);
    source.setWaiting("ns/big", 0, round);
    await eventually(() => quick.frames.some((frame) => frame.kind === "load" && waitingOf(frame, 0) === round));
  }
  assert.equal(observer.skips, 0);
  slow.call.resume();
  assert.deepEqual(new Set((await settled(slow, clock)).slice(5)), new Set(["beat"]));
});

test("a pool that is named finds room among those that are wanted only to begin with", async (t) => {
  const { source, connect, server } = await setUp(t);
  const names = Array.from({ length: MAX_POOLS + 2 }, (_, index) => `ns/p${String(index).padStart(4, "0")}`);
  for (const name of names) source.setRoster(name, 1);
  const gateway = connect(7n, []);
  gateway.want([], true);
  await gateway.received(MAX_POOLS * 3 + 2);
  assert.equal(server.gateways()[0]!.pools, MAX_POOLS);
  gateway.want([names.at(-1)!], true);
  const frames = (await gateway.received(MAX_POOLS * 3 + 7)).slice(MAX_POOLS * 3 + 2);
  assert.deepEqual(
    frames.map(({ kind }) => kind),
    ["gone", "roster", "plan", "load", "sync"],
  );
  assert.equal(frames[0]!.pool, poolKey(names[0]!));
  assert.equal(frames[1]!.pool, poolKey(names.at(-1)!));
  assert.equal(server.gateways()[0]!.pools, MAX_POOLS);
});

test("records that a gateway has are not sent again when it wants other pools", async (t) => {
  const { connect, clock } = await threePools(t);
  const gateway = connect(7n, ["ns/a"]);
  await gateway.received(4);
  const other = connect(8n, ["ns/a"]);
  await other.received(4);
  other.journal([held(1n, 1)]);
  await eventually(() => gateway.journals.length === 1);
  gateway.want(["ns/b"]);
  await eventually(() => told(gateway.frames).includes("gone a"));
  await settled(gateway, clock);
  assert.equal(gateway.journals.length, 1);
});

test("what is wanted is logged: the first time aloud, then quietly, missing pools with a warning", async (t) => {
  const { source, connect, log } = await setUp(t);
  const names = Array.from({ length: 12 }, (_, index) => `ns/p${index}`);
  for (const name of names) source.setRoster(name, 1);
  const gateway = connect(7n, [...names, "ns/x", "ns/y"]);
  await gateway.received(37);
  gateway.want(["ns/p1", "ns/x"], true);
  await gateway.received(38);
  const lines = log.lines.filter(({ message }) => message === "gateway wants pools");
  const { gateway: number, node, count, all, pools } = lines[0]!.fields;
  assert.deepEqual([lines[0]!.level, number, node, count, all], ["info", "0000000000000007", "test-node", 14, false]);
  assert.deepEqual(pools, names.slice(0, 10));
  assert.equal(lines[1]!.level, "debug");
  assert.deepEqual([lines[1]!.fields.count, lines[1]!.fields.all, lines[1]!.fields.pools], [2, true, ["ns/p1"]]);
  const warnings = log.lines.filter(({ level }) => level === "warn");
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!.message, /^gateway wants pools that there are not/);
  assert.equal(warnings[0]!.fields.missing, 2);
});

test("a gateway that does not say what it wants for 10 s is warned of, once, and keeps its stream", async (t) => {
  const { source, open, clock, log, server } = await setUp(t);
  source.setRoster("ns/a", 1);
  const gateway = open();
  gateway.hello();
  await eventually(() => server.gateways().length === 1);
  const warned = () => log.of("no WANT within 10 s of HELLO; the gateway is told of no pool");
  clock.advance(9999);
  assert.equal(warned().length, 0);
  clock.advance(1);
  assert.equal(warned()[0]!.node, "test-node");
  clock.advance(60_000);
  assert.equal(warned().length, 1);
  gateway.want(["ns/a"]);
  await eventually(() => gateway.kinds.includes("sync"));
});

test("of a flood of WANTs the last one counts, and only some of the others are acted upon", async (t) => {
  const { connect, clock, log, server } = await threePools(t);
  const gateway = connect(7n, []);
  await gateway.received(1);
  for (let i = 0; i < 500; i++) gateway.want(i % 2 === 0 ? ["ns/a"] : ["ns/b"]);
  gateway.want(["ns/c"]);
  gateway.ack({ accepted: 1 });
  await eventually(() => server.gateways()[0]!.accepted === 1);
  const served = () => log.of("gateway wants pools").length;
  assert.equal(served(), 11, "one at once, and ten ahead of time");
  assert.equal(server.gateways()[0]!.wants, 1);
  clock.advance(100);
  assert.equal(served(), 12, "the last one, once");
  const frames = await settled(gateway, clock);
  assert.ok(frames.includes("load c"));
  for (const pool of ["a", "b"])
    assert.ok(frames.lastIndexOf(`gone ${pool}`) > frames.lastIndexOf(`load ${pool}`), pool);
  assert.equal(server.gateways()[0]!.pools, 1);
});
