import assert from "node:assert/strict";
import { test } from "node:test";
import { Balance } from "../../../sidecar/simulate/balance.ts";
import { neighboursOf, spreadOf } from "../../../sidecar/simulate/statistics.ts";

test("percentiles are by nearest rank", () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
  assert.deepEqual(spreadOf(hundred), { mean: 50.5, p50: 50, p90: 90, p99: 99 });
  assert.deepEqual(spreadOf([30, 10, 20]), { mean: 20, p50: 20, p90: 30, p99: 30 });
  assert.deepEqual(spreadOf([4]), { mean: 4, p50: 4, p90: 4, p99: 4 });
  assert.equal(spreadOf([]), null);
});

function arrivals(...pairs: (readonly [number, number])[]) {
  return pairs.map(([arrivedAt, server]) => ({ arrivedAt, server }));
}

test("neighbours are pairs at most 50 ms apart", () => {
  // 0-40 same, 0-50 other, 40-50 other, 40-90 same, 50-90 other; 0-90 is too far apart.
  assert.deepEqual(neighboursOf(arrivals([0, 1], [40, 1], [50, 2], [90, 1])), { pairs: 5, sameServer: 2 / 5 });
  assert.deepEqual(neighboursOf(arrivals([0, 1], [51, 1])), { pairs: 0, sameServer: null });
  assert.deepEqual(neighboursOf([]), { pairs: 0, sameServer: null });
});

test("neighbours: the same as by looking at every pair", () => {
  const outcomes = arrivals(...Array.from({ length: 300 }, (_, i) => [i * 7 + (i % 5) * 1.2, (i * i) % 4] as const));
  let pairs = 0;
  let same = 0;
  for (const [index, one] of outcomes.entries()) {
    for (const other of outcomes.slice(0, index)) {
      if (one.arrivedAt - other.arrivedAt > 50) continue;
      pairs++;
      if (one.server === other.server) same++;
    }
  }
  assert.deepEqual(neighboursOf(outcomes), { pairs, sameServer: same / pairs });
});

test("balance: moments and the whole are told apart", () => {
  const balance = new Balance(2);
  balance.change(0, 1, 0);
  balance.change(0, 1, 10); // one request for 10 ms
  balance.change(0, -1, 20); // two on one server for 10 ms
  balance.change(0, -1, 30); // one for 10 ms
  balance.change(1, 1, 100); // nothing for 70 ms
  balance.change(1, -1, 140); // one on the other server for 40 ms
  // Areas 40 and 40, mean 40; of the largest at each moment 10 + 20 + 10 + 40 = 80.
  assert.equal(balance.lasting, 1);
  assert.equal(balance.momentary, 2);
  assert.deepEqual([...balance.inFlight], [0, 0]);
});

test("balance: what was before the beginning does not count, what is in flight then does", () => {
  const balance = new Balance(2);
  balance.change(0, 1, 0);
  balance.advance(1000);
  balance.begin(1000);
  balance.change(1, 1, 1010);
  balance.change(0, -1, 1020);
  balance.change(1, -1, 1020);
  // Areas 20 and 10.
  assert.equal(balance.lasting, 20 / 15);
  assert.equal(balance.momentary, 20 / 15);
  assert.equal(new Balance(3).lasting, Number.NaN);
});
