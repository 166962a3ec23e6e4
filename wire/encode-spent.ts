// SPENT and BUDGETS frames from objects. The filter builds its own SPENT, so that one serves tests and tools.

import { check, finite, frame } from "./encode-frame.ts";
import * as L from "./layout.ts";
import type { Budget, Spend } from "./model.ts";

/** SPENT frame. */
export function encodeSpent(rows: readonly Spend[]): Uint8Array {
  check("rows of a SPENT", rows.length, L.MAX_SPENT);
  const { bytes, view } = frame(L.KIND_SPENT, L.SPENT_BYTES + rows.length * L.SPEND_BYTES);
  view.setUint32(L.SPENT_ROWS, rows.length, true);
  for (const [index, row] of rows.entries()) {
    const at = L.SPENT_BYTES + index * L.SPEND_BYTES;
    view.setBigUint64(at + L.SPEND_KEY, row.key, true);
    view.setFloat64(at + L.SPEND_REQUESTS, finite("requests spent", row.requests), true);
    view.setFloat64(at + L.SPEND_TOKENS, finite("tokens spent", row.tokens), true);
    view.setFloat64(at + L.SPEND_REQUEST_DEBT, finite("debt of requests", row.requestDebt), true);
    view.setFloat64(at + L.SPEND_TOKEN_DEBT, finite("debt of tokens", row.tokenDebt), true);
  }
  return bytes;
}

/** BUDGETS frame. */
export function encodeBudgets(rows: readonly Budget[]): Uint8Array {
  check("rows of a BUDGETS", rows.length, L.MAX_SPENT);
  const { bytes, view } = frame(L.KIND_BUDGETS, L.BUDGETS_BYTES + rows.length * L.BUDGET_BYTES);
  view.setUint32(L.BUDGETS_ROWS, rows.length, true);
  for (const [index, row] of rows.entries()) {
    const at = L.BUDGETS_BYTES + index * L.BUDGET_BYTES;
    view.setBigUint64(at + L.BUDGET_KEY, row.key, true);
    view.setFloat64(at + L.BUDGET_REQUEST_DEBT, finite("debt of requests", row.requestDebt), true);
    view.setFloat64(at + L.BUDGET_TOKEN_DEBT, finite("debt of tokens", row.tokenDebt), true);
  }
  return bytes;
}
