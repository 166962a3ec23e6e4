import assert from "node:assert/strict";
import { test } from "node:test";
import { FlightBoard } from "../../../sidecar/push/flight-board.ts";
import { JournalMemory } from "../../../sidecar/push/journal-memory.ts";
import { FlightExchange } from "../../../sidecar/replicas/flight-exchange.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { Bus } from "./bus.ts";

function setUp(count: number) {
  const clock = new ManualClock();
  const bus = new Bus(clock);
  const replicas = Array.from({ length: count }, (_, index) => {
    const group = bus.join(BigInt(index + 1));
    const flights = new FlightExchange(group, clock);
    const board = new FlightBoard();
    const told = { flights: board, journals: new JournalMemory() };
    const replica = { group, board, news: 0, report };
    flights.attach({ told, flightChanged: () => replica.news++, journalCame: () => undefined });
    /** A gateway's report, as the push takes it. */
    function report(gateway: number, requests: Readonly<Record<number, number>>): void {
      const entries = Object.entries(requests).map(([endpoint, count]) => {
        return { endpoint: BigInt(endpoint), requests: count, tokens: 10 * count, prefill: count };
      });
      if (board.report(gateway, { owner: 9n, entries }, clock.now())) flights.changed();
    }
    return replica;
  });
  clock.advance(1000);
  return { clock, bus, replicas: replicas as [(typeof replicas)[0], (typeof replicas)[0], (typeof replicas)[0]] };
}

test("peers know the sum of one's own gateways at once, and never of what they said themselves", () => {
  const { clock, replicas } = setUp(3);
  const [one, two, three] = replicas;
  one.report(1, { 7: 2 });
  assert.deepEqual(two.board.total(7n), { requests: 2, tokens: 20, prefill: 2 });
  one.report(2, { 7: 1, 8: 1 });
  clock.advance(20);
  two.report(1, { 7: 4 });
  clock.advance(20);
  for (const { board } of replicas) {
    assert.equal(board.total(7n).requests, 7);
    assert.equal(board.total(8n).requests, 1);
  }
  assert.equal(three.news, 3);
});

test("many changes go out together, every 20 ms", () => {
  const { clock, bus, replicas } = setUp(2);
  const [one, two] = replicas;
  bus.messages = 0;
  for (let requests = 1; requests <= 50; requests++) one.report(1, { 7: requests });
  assert.equal(two.board.total(7n).requests, 1);
  clock.advance(20);
  assert.equal(two.board.total(7n).requests, 50);
  assert.equal(bus.messages, 2);
});

test("a sum is repeated while it is not empty, so that boards do not forget it, and an empty one is told once", () => {
  const { clock, bus, replicas } = setUp(2);
  const [one, two] = replicas;
  one.report(1, { 7: 3 });
  for (let step = 0; step < 100; step++) {
    clock.advance(100);
    assert.equal(two.board.expire(clock.now()), false);
  }
  assert.equal(two.board.total(7n).requests, 3);
  one.report(1, {});
  clock.advance(20);
  assert.equal(two.board.total(7n).requests, 0);
  bus.messages = 0;
  clock.advance(3000);
  assert.equal(bus.messages, 20, "heartbeats");
});

test("a peer that leaves, and all of them where Redis is away, have nothing in flight any more", () => {
  const { clock, bus, replicas } = setUp(3);
  const [one, two, three] = replicas;
  one.report(1, { 7: 1 });
  two.report(1, { 7: 2 });
  clock.advance(20);
  one.group.stop();
  assert.equal(three.board.total(7n).requests, 2);
  bus.frozen = true;
  clock.advance(1200);
  assert.equal(three.board.total(7n).requests, 0);
  assert.equal(two.board.total(7n).requests, 2);
});

test("a peer that joins is told what is in flight", () => {
  const { clock, bus, replicas } = setUp(2);
  const [one, two] = replicas;
  bus.detach(two.group);
  one.report(1, { 7: 5 });
  clock.advance(1500);
  assert.equal(two.board.total(7n).requests, 0);
  bus.attach(two.group);
  clock.advance(20);
  assert.equal(two.board.total(7n).requests, 5);
});
