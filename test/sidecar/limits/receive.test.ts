// How gateways' calls are answered.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Registry } from "prom-client";
import type { Ledger } from "../../../sidecar/limits/ledger.ts";
import { countedLedger } from "../../../sidecar/limits/ledger-metrics.ts";
import { receiveSpent } from "../../../sidecar/limits/receive.ts";
import { encodeBudgets } from "../../../wire/encode-spent.ts";
import { goldenFrame } from "../../wire/golden-files.ts";
import { SPENT } from "../../wire/golden-frames.ts";

const BUDGETS = SPENT.map(({ key }) => ({ key, requestDebt: 1, tokenDebt: 2 }));
const away: Ledger = { settle: () => Promise.reject(new Error("it rains")) };
const there: Ledger = {
  async settle(rows) {
    assert.deepEqual(rows, SPENT);
    return BUDGETS;
  },
};

test("a call is answered with the budgets, or with why there are none", async () => {
  const refused: string[] = [];
  const answer = (bytes: Uint8Array, ledger: Ledger) => receiveSpent(bytes, ledger, (reason) => refused.push(reason));
  assert.deepEqual(await answer(goldenFrame("spent"), there), encodeBudgets(BUDGETS));
  assert.deepEqual(await answer(goldenFrame("spent"), away), { code: 14, details: "it rains" });
  assert.deepEqual(refused, []);
  assert.deepEqual(await answer(goldenFrame("beat"), there), { code: 3, details: "kind: kind 7 is no SPENT" });
  assert.deepEqual(refused, ["kind"]);
});

test("calls and budgets are counted, from the start", async () => {
  const registry = new Registry();
  const [good, bad] = [countedLedger(there, registry), countedLedger(away, new Registry())];
  const series = async () => (await registry.metrics()).split("\n").filter((line) => /^[a-z]/.test(line));
  assert.deepEqual(await series(), [
    'inline_epp_rate_limit_calls_total{result="answered"} 0',
    'inline_epp_rate_limit_calls_total{result="failed"} 0',
    "inline_epp_rate_limit_budgets_total 0",
  ]);
  await good.settle(SPENT);
  await assert.rejects(bad.settle(SPENT), /it rains/);
  assert.deepEqual(await series(), [
    'inline_epp_rate_limit_calls_total{result="answered"} 1',
    'inline_epp_rate_limit_calls_total{result="failed"} 0',
    "inline_epp_rate_limit_budgets_total 2",
  ]);
});
