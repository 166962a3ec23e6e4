import type { Plan } from "../../wire/model.ts";

/** Where the push reads plans from. */
export interface PlanSource {
  /** The present plan of a pool. Its epoch changes exactly when what it says changes. */
  plan(pool: string): Plan;
  /** Calls back synchronously when plans have changed; returns the call that ends the subscription. */
  subscribe(listener: () => void): () => void;
}
