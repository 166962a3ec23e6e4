import assert from "node:assert/strict";
import { test } from "node:test";
import type { Group } from "../../../sidecar/replicas/group.ts";
import { encodeScrapes, encodeSign } from "../../../sidecar/replicas/messages.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { Bus } from "./bus.ts";

function setUp(count: number) {
  const clock = new ManualClock();
  const bus = new Bus(clock);
  const groups = Array.from({ length: count }, (_, index) => bus.join(BigInt(index + 1)));
  return { clock, bus, groups: groups as [Group, Group, Group] };
}

const peersOf = (groups: readonly Group[]): number[] => groups.map(({ peers }) => peers);

test("replicas know each other with the first words, and beat every 300 ms", () => {
  const { clock, bus, groups } = setUp(3);
  assert.deepEqual(peersOf(groups), [2, 2, 2]);
  bus.messages = 0;
  clock.advance(3000);
  assert.equal(bus.messages, 30);
  assert.deepEqual(peersOf(groups), [2, 2, 2]);
});

test("one that says goodbye is gone at once, one that dies within 1.1 s", () => {
  const { clock, bus, groups } = setUp(3);
  const [one, two, three] = groups;
  const left: bigint[] = [];
  one.listen({ left: ({ id }) => left.push(id) });
  three.stop();
  assert.deepEqual([left, one.peers, two.peers], [[3n], 1, 1]);
  bus.kill(two);
  clock.advance(800);
  assert.deepEqual(left, [3n]);
  clock.advance(300);
  assert.deepEqual([left, one.peers, one.connected], [[3n, 2n], 0, true]);
});

test("one whose heartbeats do not come back is alone within 1.1 s, and then gives the connection up", () => {
  const { clock, bus, groups } = setUp(2);
  const [one] = groups;
  const heard: boolean[] = [];
  one.listen({ connected: (connected) => heard.push(connected) });
  bus.frozen = true;
  clock.advance(800);
  assert.deepEqual([one.connected, one.peers], [true, 1]);
  clock.advance(300);
  assert.deepEqual([one.connected, one.peers, bus.dead], [false, 0, 0]);
  clock.advance(1000);
  assert.equal(bus.dead, 2);
  bus.frozen = false;
  for (const group of groups) bus.attach(group);
  clock.advance(300);
  assert.deepEqual(peersOf(groups), [1, 1]);
  assert.deepEqual(heard, [false, true]);
});

test("one that hears others but not itself is alone: it cannot be heard", () => {
  const clock = new ManualClock();
  const bus = new Bus(clock);
  const deaf = bus.join(1n);
  deaf.detach();
  deaf.attach({ send: () => true, dead: () => undefined });
  bus.join(2n);
  clock.advance(900);
  assert.deepEqual([deaf.connected, deaf.peers], [false, 0]);
});

test("a process that was stopped does not take that for the silence of others", () => {
  const { clock, bus, groups } = setUp(2);
  const [one] = groups;
  bus.frozen = true;
  clock.advance(600);
  bus.frozen = false;
  // What a process sees that slept: one look, and then what has come meanwhile.
  const left: bigint[] = [];
  one.listen({ left: ({ id }) => left.push(id) });
  clock.advance(300);
  assert.deepEqual(left, []);
});

test("what lay about for more than a second is refused as late, also one's own heartbeat", () => {
  const { clock, bus, groups } = setUp(2);
  const [one] = groups;
  clock.advance(600);
  const sentAt = clock.now();
  const late = encodeScrapes([], { from: 2n, sentAt });
  const echo = encodeSign("heartbeat", { from: 1n, sentAt });
  bus.frozen = true;
  clock.advance(1200);
  assert.equal(one.connected, false);
  one.receive(echo);
  assert.equal(one.connected, false);
  one.receive(late);
  assert.deepEqual([one.counts.refused.late, one.peers], [1, 0]);
  one.receive(encodeSign("heartbeat", { from: 1n, sentAt: clock.now() - 900 }));
  assert.equal(one.connected, true);
});

test("a delay is told with the message", () => {
  const { clock, groups } = setUp(2);
  const [one] = groups;
  const delays: number[] = [];
  one.listen({ scrapes: (_, __, delay) => delays.push(delay) });
  for (const delay of [0, 40, 0]) one.receive(encodeScrapes([], { from: 2n, sentAt: clock.now() - delay }));
  assert.deepEqual(delays, [0, 40, 0]);
});

test("garbage and other versions are counted and change nothing", () => {
  const { groups } = setUp(2);
  const [one] = groups;
  const other = encodeSign("heartbeat", { from: 9n, sentAt: 0 });
  other[4] = 77;
  one.receive(other);
  one.receive(Buffer.from("hello, this is somebody else's channel"));
  one.receive(Buffer.alloc(0));
  assert.deepEqual([one.counts.refused.version, one.counts.refused.magic, one.counts.refused.truncated], [1, 1, 1]);
  assert.equal(one.peers, 1);
});

test("nothing but heartbeats goes out where nobody listens", () => {
  const { groups, bus } = setUp(1);
  const [one] = groups;
  bus.messages = 0;
  assert.equal(
    one.send("scrapes", (head) => encodeScrapes([], head)),
    false,
  );
  assert.equal(bus.messages, 0);
  assert.equal(one.counts.dropped.scrapes, 0);
});

test("what the transport has no room for is counted", () => {
  const { groups } = setUp(2);
  const [one] = groups;
  one.attach({ send: () => false, dead: () => undefined });
  assert.equal(
    one.send("scrapes", (head) => encodeScrapes([], head)),
    false,
  );
  assert.equal(one.counts.dropped.scrapes, 1);
});
