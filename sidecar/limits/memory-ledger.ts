import type { Budget, Spend } from "../../wire/model.ts";
import type { Clock } from "../support/clock.ts";
import type { Ledger } from "./ledger.ts";

/** Budgets that are kept. What has not been spoken of for longest is forgotten first. */
const MOST = 65_536;

/** When a budget is full, of requests and of tokens, in microseconds of the clock. */
interface Kept {
  readonly requests: number;
  readonly tokens: number;
}

/** Keeps budgets for the gateways of one sidecar. */
export class MemoryLedger implements Ledger {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #budgets = new Map<bigint, Kept>();

  constructor(clock: Clock, most = MOST) {
    this.#clock = clock;
    this.#most = most;
  }

  async settle(rows: readonly Spend[]): Promise<readonly Budget[]> {
    const now = this.#clock.now() * 1000;
    return rows.map((row) => this.#settle(row, now));
  }

  #settle({ key, requests, tokens, requestDebt, tokenDebt }: Spend, now: number): Budget {
    const kept = this.#budgets.get(key) ?? { requests: now + requestDebt, tokens: now + tokenDebt };
    const debts = {
      requestDebt: Math.max(Math.max(kept.requests - now, 0) + requests, 0),
      tokenDebt: Math.max(Math.max(kept.tokens - now, 0) + tokens, 0),
    };
    // A map remembers the order of coming: what is set anew goes to its end.
    this.#budgets.delete(key);
    this.#budgets.set(key, { requests: now + debts.requestDebt, tokens: now + debts.tokenDebt });
    if (this.#budgets.size > this.#most) this.#budgets.delete(this.#budgets.keys().next().value as bigint);
    return { key, ...debts };
  }
}
