// SPENT frames to objects. As with the others, what is wrong is refused whole, by reason, and never guessed.

import { exactly, FrameRefused, header } from "./decode.ts";
import * as L from "./layout.ts";
import type { Spend } from "./model.ts";

/** Microseconds, thirty years: sums of so much are still exact enough, and every store takes them as a time to live. */
const MOST = 1e15;

function spend(view: DataView, at: number): Spend {
  const row = {
    key: view.getBigUint64(at + L.SPEND_KEY, true),
    requests: view.getFloat64(at + L.SPEND_REQUESTS, true),
    tokens: view.getFloat64(at + L.SPEND_TOKENS, true),
    requestDebt: view.getFloat64(at + L.SPEND_REQUEST_DEBT, true),
    tokenDebt: view.getFloat64(at + L.SPEND_TOKEN_DEBT, true),
  };
  const { requests, tokens, requestDebt, tokenDebt } = row;
  const isSane = [requests, tokens, requestDebt, tokenDebt].every((value) => Math.abs(value) <= MOST);
  if (!isSane || requestDebt < 0 || tokenDebt < 0) {
    throw new FrameRefused(
      L.REFUSED_VALUE,
      `${requests} and ${tokens} spent, debts of ${requestDebt} and ${tokenDebt}`,
    );
  }
  return row;
}

/**
 * Reads a SPENT that a gateway's worker sent.
 * @throws FrameRefused with the reason that goes into logs and metrics.
 */
export function decodeSpent(bytes: Uint8Array): Spend[] {
  const { view, kind } = header(bytes);
  if (kind !== L.KIND_SPENT) throw new FrameRefused(L.REFUSED_KIND, `kind ${kind} is no SPENT`);
  if (bytes.length < L.SPENT_BYTES) throw new FrameRefused(L.REFUSED_LENGTH, "SPENT is cut short");
  const count = view.getUint32(L.SPENT_ROWS, true);
  if (count > L.MAX_SPENT) throw new FrameRefused(L.REFUSED_LENGTH, `SPENT of ${count} budgets`);
  exactly(bytes, L.SPENT_BYTES + count * L.SPEND_BYTES);
  return Array.from({ length: count }, (_, index) => spend(view, L.SPENT_BYTES + index * L.SPEND_BYTES));
}
