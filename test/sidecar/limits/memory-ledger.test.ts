// How a sidecar without Redis keeps budgets for its gateways.

import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryLedger } from "../../../sidecar/limits/memory-ledger.ts";
import type { Spend } from "../../../wire/model.ts";
import { ManualClock } from "../support/manual-clock.ts";

const SECOND = 1_000_000;

function spend(key: bigint, requests: number, fields: Partial<Spend> = {}): Spend {
  return { key, requests, tokens: 0, requestDebt: 0, tokenDebt: 0, ...fields };
}

async function debtOf(ledger: MemoryLedger, row: Spend): Promise<[number, number]> {
  const [budget] = await ledger.settle([row]);
  assert.equal(budget!.key, row.key);
  return [budget!.requestDebt, budget!.tokenDebt];
}

test("debts of all gateways add up, and shrink by the second", async () => {
  const clock = new ManualClock();
  const ledger = new MemoryLedger(clock);
  assert.deepEqual(await debtOf(ledger, spend(1n, 3 * SECOND, { tokens: 10 * SECOND })), [3 * SECOND, 10 * SECOND]);
  assert.deepEqual(await debtOf(ledger, spend(1n, 2 * SECOND)), [5 * SECOND, 10 * SECOND]);
  assert.deepEqual(await debtOf(ledger, spend(2n, SECOND)), [SECOND, 0], "another budget");
  clock.advance(4000);
  assert.deepEqual(await debtOf(ledger, spend(1n, 0)), [SECOND, 6 * SECOND]);
  clock.advance(4000);
  assert.deepEqual(await debtOf(ledger, spend(1n, 2 * SECOND)), [2 * SECOND, 2 * SECOND], "a full one stays full");
});

test("what is given back is worth nothing beyond a full budget", async () => {
  const ledger = new MemoryLedger(new ManualClock());
  await ledger.settle([spend(1n, 3 * SECOND)]);
  assert.deepEqual(await debtOf(ledger, spend(1n, -SECOND)), [2 * SECOND, 0]);
  assert.deepEqual(await debtOf(ledger, spend(1n, -9 * SECOND)), [0, 0]);
  assert.deepEqual(await debtOf(ledger, spend(1n, SECOND)), [SECOND, 0]);
});

test("of a budget that it does not know, the gateway's word counts, once", async () => {
  const ledger = new MemoryLedger(new ManualClock());
  const row = spend(1n, SECOND, { requestDebt: 30 * SECOND, tokenDebt: 7 });
  assert.deepEqual(await debtOf(ledger, row), [31 * SECOND, 7]);
  assert.deepEqual(await debtOf(ledger, row), [32 * SECOND, 7]);
});

test("it keeps so many budgets; the one not spoken of for longest goes", async () => {
  const ledger = new MemoryLedger(new ManualClock(), 2);
  for (const key of [1n, 2n, 1n, 3n]) await ledger.settle([spend(key, SECOND)]);
  assert.deepEqual(await debtOf(ledger, spend(1n, 0)), [2 * SECOND, 0]);
  assert.deepEqual(await debtOf(ledger, spend(2n, 0)), [0, 0]);
});
