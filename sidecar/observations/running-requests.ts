import type { Observed, RunningRequests as Row } from "../../wire/model.ts";
import type { Clock } from "../support/clock.ts";

/** Milliseconds for which a worker's word holds; it repeats it every 2 s, and a call may take 5 s. */
const HOLDS_MS = 10_000;

/** What all workers say that they have running. */
export class RunningRequests {
  readonly #clock: Pick<Clock, "now">;
  readonly #workers = new Map<bigint, { readonly rows: readonly Row[]; readonly until: number }>();

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  /** Takes a worker's word, which replaces what it said before. */
  take({ worker, running }: Pick<Observed, "worker" | "running">): void {
    this.#expire();
    if (running.length === 0) this.#workers.delete(worker);
    else this.#workers.set(worker, { rows: running, until: this.#clock.now() + HOLDS_MS });
  }

  /** The rows of all workers whose word holds. */
  rows(): Row[] {
    this.#expire();
    return [...this.#workers.values()].flatMap(({ rows }) => rows);
  }

  #expire(): void {
    const now = this.#clock.now();
    for (const [worker, { until }] of this.#workers) if (now >= until) this.#workers.delete(worker);
  }
}
