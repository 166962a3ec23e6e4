import assert from "node:assert/strict";
import { test } from "node:test";
import { FlightBoard } from "../../../sidecar/push/flight-board.ts";
import { decodeUp } from "../../../wire/decode.ts";
import type { FlightEntry } from "../../../wire/model.ts";

function entry(endpoint: number, requests: number, tokens = 0, prefill = 0): FlightEntry {
  return { endpoint: BigInt(endpoint), requests, tokens, prefill };
}

function board() {
  const subject = new FlightBoard();
  return {
    subject,
    report: (gateway: number, entries: FlightEntry[], now = 0) => subject.report(gateway, { owner: 9n, entries }, now),
    othersOf(gateway: number): readonly FlightEntry[] {
      const frame = decodeUp(subject.othersOf(gateway));
      assert.ok(frame.kind === "flight");
      assert.equal(frame.flight.owner, 0n);
      return frame.flight.entries.toSorted((a, b) => Number(a.endpoint - b.endpoint));
    },
  };
}

test("a gateway is told the sum of all others, never its own", () => {
  const { report, othersOf } = board();
  report(1, [entry(1, 2, 200, 20), entry(2, 1, 100, 10)]);
  report(2, [entry(2, 4, 400, 40)]);
  report(3, [entry(2, 8, 800, 80), entry(3, 1, 1, 1)]);
  assert.deepEqual(othersOf(1), [entry(2, 12, 1200, 120), entry(3, 1, 1, 1)]);
  assert.deepEqual(othersOf(2), [entry(1, 2, 200, 20), entry(2, 9, 900, 90), entry(3, 1, 1, 1)]);
  assert.deepEqual(othersOf(4), [entry(1, 2, 200, 20), entry(2, 13, 1300, 130), entry(3, 1, 1, 1)]);
});

test("the total of an endpoint is that of all gateways", () => {
  const { subject, report } = board();
  report(1, [entry(1, 2, 200, 20), entry(2, 1, 100, 10)]);
  report(2, [entry(2, 4, 400, 40)]);
  assert.deepEqual(subject.total(2n), { requests: 5, tokens: 500, prefill: 50 });
  assert.deepEqual(subject.total(3n), { requests: 0, tokens: 0, prefill: 0 });
  subject.remove(2);
  assert.deepEqual(subject.total(2n), { requests: 1, tokens: 100, prefill: 10 });
});

test("a report replaces the one before, and says whether it is news", () => {
  const { report, othersOf } = board();
  assert.equal(report(1, []), false, "nothing in flight, as if it were not there");
  assert.equal(report(1, [entry(1, 2), entry(2, 1)]), true);
  assert.equal(report(1, [entry(2, 1), entry(1, 2)]), false, "the order is no news");
  assert.equal(report(1, [entry(1, 2), entry(2, 1, 5)]), true);
  assert.equal(report(1, [entry(1, 2)]), true);
  assert.deepEqual(othersOf(2), [entry(1, 2)]);
  assert.equal(report(1, []), true);
  assert.deepEqual(othersOf(2), []);
});

test("a gateway that left or was silent for more than 3 s counts no more", () => {
  const { subject, report, othersOf } = board();
  report(1, [entry(1, 1)], 0);
  report(2, [entry(1, 2)], 1000);
  report(3, [], 0);
  assert.equal(subject.expire(3000), false);
  assert.equal(subject.expire(3001), true);
  assert.deepEqual(othersOf(9), [entry(1, 2)]);
  assert.equal(subject.remove(2), true);
  assert.equal(subject.remove(2), false);
  assert.deepEqual(othersOf(9), []);
  assert.equal(report(1, [entry(1, 1)], 5000), true, "it may come back");
});

test("sums end at what a field holds, and come back from there", () => {
  const { report, othersOf } = board();
  const most = 2 ** 32 - 1;
  report(1, [entry(1, most, most, most)]);
  report(2, [entry(1, most, 1, 0)]);
  assert.deepEqual(othersOf(3), [entry(1, most, most, most)]);
  assert.deepEqual(othersOf(1), [entry(1, most, 1, 0)]);
});

test("one's own is the sum of gateways, without what peers have told", () => {
  const { subject, report, othersOf } = board();
  report(1, [entry(1, 2, 200, 20)]);
  report(2, [entry(1, 1, 100, 10), entry(2, 1)]);
  report(-1, [entry(1, 8, 800, 80)]);
  report(-2, [entry(3, 4)]);
  const own = decodeUp(subject.own());
  assert.ok(own.kind === "flight");
  assert.deepEqual(own.flight, { owner: 0n, entries: [entry(1, 3, 300, 30), entry(2, 1)] });
  assert.deepEqual(othersOf(1), [entry(1, 9, 900, 90), entry(2, 1), entry(3, 4)], "a peer is one more gateway");
});

test("an endpoint that a report names twice has both", () => {
  const { report, othersOf } = board();
  report(1, [entry(1, 1), entry(1, 2)]);
  assert.deepEqual(othersOf(2), [entry(1, 3)]);
});

test("sums of many gateways over many reports equal those of a plain recount", () => {
  const { subject, report, othersOf } = board();
  let state = 7;
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const model = new Map<number, FlightEntry[]>();
  for (let round = 0; round < 400; round++) {
    const gateway = 1 + random(5);
    if (random(10) === 0) {
      subject.remove(gateway);
      model.delete(gateway);
    } else {
      const entries = [1, 2, 3, 4, 5, 6].filter(() => random(2) === 0).map((id) => entry(id, 1 + random(4), random(9)));
      report(gateway, entries);
      model.set(gateway, entries);
    }
    const asking = 1 + random(5);
    const expected = [1, 2, 3, 4, 5, 6].flatMap((id) => {
      const parts = [...model].flatMap(([from, entries]) => (from === asking ? [] : entries));
      const mine = parts.filter(({ endpoint }) => endpoint === BigInt(id));
      const requests = mine.reduce((sum, part) => sum + part.requests, 0);
      return requests > 0
        ? [
            entry(
              id,
              requests,
              mine.reduce((sum, part) => sum + part.tokens, 0),
            ),
          ]
        : [];
    });
    assert.deepEqual(othersOf(asking), expected);
  }
});
