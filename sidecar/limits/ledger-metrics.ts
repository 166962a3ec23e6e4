import { Counter, type Registry } from "prom-client";
import type { Ledger } from "./ledger.ts";

/** The same ledger, counted. */
export function countedLedger(ledger: Ledger, registry: Registry): Ledger {
  const registers = [registry];
  const calls = new Counter({
    name: "inline_epp_rate_limit_calls_total",
    help: "Calls of gateways that tell what clients have spent, by whether they could be told how budgets stand.",
    labelNames: ["result"],
    registers,
  });
  const budgets = new Counter({
    name: "inline_epp_rate_limit_budgets_total",
    help: "Budgets that gateways have been told of.",
    registers,
  });
  for (const result of ["answered", "failed"]) calls.inc({ result }, 0);
  return {
    async settle(rows) {
      try {
        const settled = await ledger.settle(rows);
        calls.inc({ result: "answered" });
        budgets.inc(rows.length);
        return settled;
      } catch (error) {
        calls.inc({ result: "failed" });
        throw error;
      }
    },
  };
}
