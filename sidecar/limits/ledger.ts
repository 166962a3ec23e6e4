import type { Budget, Spend } from "../../wire/model.ts";

/** Who keeps budgets of rate limits for several gateways. */
export interface Ledger {
  /**
   * Takes what was spent from the budgets, or gives it back, all of it or nothing.
   * @returns how each budget stands then, in the same order.
   * @throws Error where nobody can be asked now; gateways go on by what they know.
   */
  settle(rows: readonly Spend[]): Promise<readonly Budget[]>;
}
