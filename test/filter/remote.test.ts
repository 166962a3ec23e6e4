// What other gateways have in flight and have learned, and what this one tells of itself.

import assert from "node:assert/strict";
import { test } from "node:test";
import { FlightBoard } from "../../sidecar/push/flight-board.ts";
import { JournalMemory } from "../../sidecar/push/journal-memory.ts";
import type { FilterVm } from "../../sidecar/wasm-host/vm.ts";
import { decodeUp } from "../../wire/decode.ts";
import { encodeBeat, encodeFlight, encodeJournal } from "../../wire/encode.ts";
import type { Flight } from "../../wire/model.ts";
import { held } from "../sidecar/push/records.ts";
import { addressKey, answer, notingModule } from "./noting.ts";
import { configuration, endpoints, FakePool, samples, servingRig } from "./pools.ts";
import { pickOnce, picksOf, post, spread } from "./requests.ts";
import { Rig, sharedKeys } from "./rig.ts";

const module = await notingModule();
const [FIRST, SECOND] = ["10.0.0.1:8000", "10.0.0.2:8000"] as const;

/** A FLIGHT from the sidecar: requests by address, ten tokens each. */
function remote(requests: Readonly<Record<string, number>>): Uint8Array {
  const entries = Object.entries(requests).map(([address, count]) => {
    return { endpoint: addressKey(address), requests: count, tokens: count * 10, prefill: 0 };
  });
  return encodeFlight({ owner: 0n, entries });
}

function journal(...blocks: number[]): Uint8Array {
  return encodeJournal({ owner: 0n, first: 0n, records: blocks.map((block) => held(addressKey(FIRST), block)) });
}

/** A rig of `count` workers that have all had a request; the first holds the stream. */
function gateway(count: number, size = 2) {
  const { rig, vm, root, pool } = servingRig(size, {}, new Rig(module));
  const all = [{ vm, root }];
  while (all.length < count) {
    const next = rig.vm();
    all.push({ vm: next, root: next.createRoot(configuration()) });
  }
  for (const worker of all) pickOnce(worker.vm, worker.root);
  rig.pass(30);
  return { rig, all, pool };
}

function learned(rig: Rig): number {
  return rig.metrics.value("inline_epp_records_learned_total");
}

/** Requests by endpoint key of a FLIGHT. */
function requestsOf(flight: Flight | undefined): Record<string, number> {
  const rows = flight?.entries.map(({ endpoint, requests }) => [`${endpoint}`, requests] as const) ?? [];
  return Object.fromEntries(rows);
}

test("requests in flight at other gateways are avoided by every worker, until they end", () => {
  const { rig, all } = gateway(3);
  rig.stream.message(remote({ [FIRST]: 4, "10.9.9.9:1": 7 }));
  rig.pass(20);
  for (const { vm, root } of all) assert.deepEqual([...spread(vm, root, 20).keys()], [SECOND]);
  rig.stream.message(remote({}));
  rig.pass(20);
  for (const { vm, root } of all) assert.equal(spread(vm, root, 60).size, 2);
});

test("once the sidecar has been silent for more than 3 s, other gateways' requests count no more", () => {
  const { rig, all } = gateway(2);
  const [, { vm, root }] = all as [unknown, { vm: FilterVm; root: number }];
  rig.stream.message(remote({ [FIRST]: 4 }));
  rig.pass(2990);
  assert.deepEqual([...spread(vm, root, 20).keys()], [SECOND]);
  rig.pass(20);
  assert.equal(spread(vm, root, 60).size, 2);
});

test("a repeated FLIGHT keeps them counting", () => {
  const { rig, all } = gateway(1);
  const [{ vm, root }] = all as [{ vm: FilterVm; root: number }];
  for (let second = 0; second < 8; second++) {
    rig.stream.message(remote({ [FIRST]: 4 }));
    rig.pass(1000);
  }
  assert.deepEqual([...spread(vm, root, 20).keys()], [SECOND]);
});

test("records of other gateways are taken up by every worker, the holder too, once, and do not go up again", () => {
  const { rig } = gateway(3);
  rig.stream.message(journal(1, 2), journal(3));
  rig.pass(40);
  assert.equal(learned(rig), 9);
  rig.stream.message(journal(4));
  rig.pass(40);
  assert.equal(learned(rig), 12);
  rig.pass(1000);
  assert.equal(learned(rig), 12);
  assert.deepEqual(rig.stream.journals, []);
});

test("records come with the next stream too, also when another worker holds it", () => {
  const { rig, all } = gateway(3);
  rig.stream.message(journal(1));
  rig.pass(40);
  rig.stall(all[0]?.vm as FilterVm);
  rig.pass(2500);
  assert.equal(rig.streams.length, 2);
  rig.stream.message(...new FakePool().start(endpoints(2)), journal(2), remote({ [FIRST]: 3 }));
  rig.pass(40);
  assert.equal(learned(rig), 3 + 2, "the two that are left");
  const { vm, root } = all[2] as { vm: FilterVm; root: number };
  assert.deepEqual([...spread(vm, root, 20).keys()], [SECOND]);
});

test("what two sidecars relay of one endpoint counts once", () => {
  const { rig, all } = gateway(1);
  const [{ vm, root }] = all as [{ vm: FilterVm; root: number }];
  const first = rig.stream;
  vm.createRoot(configuration({ stateCluster: "other-sidecar" }));
  rig.pass(200);
  const second = rig.stream;
  assert.notEqual(second, first);
  first.message(remote({ [FIRST]: 3 }));
  second.message(encodeBeat(), remote({ [FIRST]: 2, [SECOND]: 1 }));
  rig.pass(20);
  // 3 and 1: two more level them.
  const streams = [post(vm, root), post(vm, root)];
  assert.deepEqual(
    streams.map((stream) => picksOf(stream)[0]),
    [SECOND, SECOND],
  );
  assert.equal(new Set([1, 2].map(() => picksOf(post(vm, root))[0])).size, 2);
});

test("damaged values under the remote keys do no harm", () => {
  const { rig, all } = gateway(2);
  const [{ vm, root }] = all as [{ vm: FilterVm; root: number }];
  for (const bytes of [0, 1, 64, 4096]) {
    for (const name of ["remote", "remote-journal"] as const) {
      rig.shared.set(sharedKeys.state(name), new Uint8Array(bytes).fill(0x55), 0);
    }
    rig.pass(30);
    assert.ok(pickOnce(vm, root));
  }
  rig.stream.message(remote({ [FIRST]: 4 }), journal(1));
  rig.pass(40);
  assert.deepEqual([...spread(vm, root, 20).keys()], [SECOND]);
  assert.equal(learned(rig), 2);
});

test("what goes up is the sum of all workers, at most every 20 ms, and once a second all the same", () => {
  const { rig, all } = gateway(3, 1);
  rig.pass(2000);
  const { stream } = rig;
  const before = stream.flights.length;
  for (const second of [1, 2, 3, 4, 5]) {
    rig.stream.message(remote({ [FIRST]: second }));
    rig.pass(1000);
  }
  assert.ok(Math.abs(stream.flights.length - before - 5) <= 1, `${stream.flights.length - before} in 5 s`);
  const held = all.flatMap(({ vm, root }) => [post(vm, root), post(vm, root)]);
  rig.pass(40);
  assert.deepEqual(requestsOf(stream.flights.at(-1)), { [`${addressKey(FIRST)}`]: 6 }, "without the remote ones");
  assert.equal(stream.flights.at(-1)?.owner, stream.hello.gateway);
  for (const each of held) each.close();
  rig.pass(40);
  assert.deepEqual(requestsOf(stream.flights.at(-1)), {});

  const quiet = stream.flights.length;
  for (let tick = 0; tick < 50; tick++) {
    const { vm, root } = all[tick % 3] as { vm: FilterVm; root: number };
    post(vm, root);
    rig.pass(10);
  }
  const told = stream.flights.length - quiet;
  assert.ok(told >= 20 && told <= 26, `${told} in 500 ms`);
});

test("a stream that is opened while requests are in flight tells of them as soon as the sidecar has spoken", () => {
  const { rig, all } = gateway(2);
  const [{ vm, root }] = all as [{ vm: FilterVm; root: number }];
  const held = post(vm, root);
  rig.pass(30);
  rig.stream.close();
  rig.pass(300);
  assert.equal(rig.stream.sent.length, 2, "HELLO and WANT");
  rig.stream.message(encodeBeat());
  rig.pass(10);
  assert.deepEqual(requestsOf(rig.stream.flights[0]), { [`${addressKey(picksOf(held)[0] ?? "")}`]: 1 });
});

test("a holder without requests of its own tells of the others, and relays their records", () => {
  const rig = new Rig(module);
  const holder = rig.vm();
  holder.createRoot(configuration());
  rig.pass(300);
  rig.stream.message(...new FakePool().start(endpoints(2)));
  const worker = rig.vm();
  const root = worker.createRoot(configuration());
  const stream = post(worker, root);
  answer(worker, stream, FIRST);
  rig.pass(40);
  assert.deepEqual(requestsOf(rig.stream.flights.at(-1)), { [`${addressKey(FIRST)}`]: 1 });
  assert.equal(rig.stream.journals.length, 1);
  assert.equal(rig.metrics.value("inline_epp_in_flight"), 1);
});

/** Two gateways and what a sidecar does between them, with no delay of its own. */
function twoGateways() {
  const sides = [gateway(2), gateway(2)] as const;
  const board = new FlightBoard();
  const memory = new JournalMemory();
  const done = [0, 0];
  const positions = [0, 0];
  /** Lets both pass 10 ms, then carries frames over. */
  const step = () => {
    sides.forEach(({ rig }, side) => {
      rig.pass(10);
      for (const frame of rig.stream.sent.slice(done[side]).map((bytes) => decodeUp(bytes))) {
        if (frame.kind === "flight") board.report(side, frame.flight, 0);
        else if (frame.kind === "journal") memory.add(side, frame.bytes, frame.records);
      }
      done[side] = rig.stream.sent.length;
    });
    sides.forEach(({ rig }, side) => {
      rig.stream.message(board.othersOf(side));
      const taken = memory.take(positions[side] ?? 0, side, 65_536);
      positions[side] = taken?.next ?? memory.next;
      if (taken?.frame) rig.stream.message(taken.frame);
    });
  };
  return { sides, step };
}

test("a request and a record on one gateway are known to all workers of another within 60 ms", () => {
  const { sides, step } = twoGateways();
  for (let i = 0; i < 10; i++) step();
  const [one, two] = sides;
  const { vm, root } = one.all[1] as { vm: FilterVm; root: number };
  const stream = post(vm, root);
  const busy = picksOf(stream)[0] as string;
  answer(vm, stream, busy);
  const before = learned(two.rig);
  for (let i = 0; i < 6; i++) step();
  assert.equal(learned(two.rig) - before, 8, "four records, two workers");
  for (const worker of two.all) assert.notEqual(pickOnce(worker.vm, worker.root), busy);
  assert.equal(learned(one.rig), 4, "on the first only the other worker");
});

test("an Envoy whose workers all crash is forgotten by the others, and its own gauge comes down", () => {
  const { rig, all } = gateway(3);
  const [keeps, crashes] = all as [{ vm: FilterVm; root: number }, { vm: FilterVm; root: number }];
  for (let i = 0; i < 4; i++) post(crashes.vm, crashes.root);
  post(keeps.vm, keeps.root);
  rig.pass(40);
  assert.equal(rig.metrics.value("inline_epp_in_flight"), 5);
  rig.stall(crashes.vm);
  rig.pass(3100);
  assert.equal(rig.metrics.value("inline_epp_in_flight"), 1);
  const flight = rig.stream.flights.at(-1);
  assert.equal(
    flight?.entries.reduce((sum, entry) => sum + entry.requests, 0),
    1,
  );
});

test("the gauge comes down also when it is the holder that crashes", () => {
  const { rig, all } = gateway(2);
  const [holder, other] = all as [{ vm: FilterVm; root: number }, { vm: FilterVm; root: number }];
  for (let i = 0; i < 4; i++) post(holder.vm, holder.root);
  const held = post(other.vm, other.root);
  rig.pass(40);
  assert.equal(rig.metrics.value("inline_epp_in_flight"), 5);
  rig.stall(holder.vm);
  rig.pass(4000);
  assert.equal(rig.metrics.value("inline_epp_in_flight"), 1);
  held.close();
  rig.pass(30);
  assert.equal(rig.metrics.value("inline_epp_in_flight"), 0);
});

test("gauges say whether the stream is open and how old the state is", () => {
  const { rig, all, pool } = gateway(2);
  const open = () => rig.metrics.value("inline_epp_state_stream_open");
  const age = () => rig.metrics.value("inline_epp_state_age_seconds");
  assert.deepEqual([open(), age()], [1, 0]);
  rig.stream.message(pool.load(samples(2)));
  rig.pass(4000);
  assert.equal(open(), 1);
  assert.ok(age() >= 2 && age() <= 4, `${age()}`);
  rig.stream.message(pool.load(samples(2)));
  rig.pass(1010);
  assert.ok(age() <= 1);
  rig.stream.close();
  rig.reachable = false;
  rig.pass(10_000);
  assert.equal(open(), 0);
  assert.ok(age() >= 9 && age() <= 12, `${age()}`);
  rig.stall(all[0]?.vm as FilterVm);
  rig.pass(10_000);
  assert.ok(age() >= 19 && age() <= 22, `the next holder goes on: ${age()}`);
  rig.reachable = true;
  rig.pass(1500);
  rig.stream.message(...new FakePool().start(endpoints(2)));
  rig.pass(10);
  assert.deepEqual([open(), age()], [1, 0]);
});

test("a sample's baseline is what was in flight when it came, though no request asked for it then", () => {
  const { rig, all, pool } = gateway(1);
  const [{ vm, root }] = all as [{ vm: FilterVm; root: number }];
  const busy = Array.from({ length: 4 }, () => post(vm, root)); // two at each
  // The scrape sees all four, and says so; then the two at the first end.
  rig.stream.message(pool.load(samples(2, { waiting: 2, counter: 2 })));
  rig.pass(10);
  for (const stream of busy) if (picksOf(stream)[0] === FIRST) stream.close();
  // By the baseline the first has none left; without it, two as the sample says, like the second.
  assert.deepEqual([picksOf(post(vm, root))[0], picksOf(post(vm, root))[0]], [FIRST, FIRST]);
});

test("a worker's first request counts what others had in flight when it reads its first sample", () => {
  const { rig, all, pool } = gateway(1);
  const [{ vm, root }] = all as [{ vm: FilterVm; root: number }];
  const streams = Array.from({ length: 8 }, () => post(vm, root));
  for (const stream of streams) if (picksOf(stream)[0] === SECOND) stream.close();
  rig.pass(20);
  rig.stream.message(pool.load([...samples(1, { waiting: 4, counter: 2 }), ...samples(1, { waiting: 6, counter: 2 })]));
  const late = rig.vm();
  const lateRoot = late.createRoot(configuration());
  assert.equal(pickOnce(late, lateRoot), FIRST);
  rig.pass(20);
  assert.equal(pickOnce(late, lateRoot), FIRST, "the sample has the four already: it is 4 to 6, not 8 to 6");
});
