import type { Clock } from "../support/clock.ts";

/** Milliseconds for which a worker's word holds; it repeats it every 2 s, and a call may take 5 s. */
const HOLDS_MS = 10_000;

/** What all workers say of the moment, in rows: what they have running, or what waits in their queues. */
export class ToldRows<Row> {
  readonly #clock: Pick<Clock, "now">;
  readonly #workers = new Map<bigint, { readonly rows: readonly Row[]; readonly at: number }>();

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  /** Takes a worker's word, which replaces what it said before. */
  take(worker: bigint, rows: readonly Row[]): void {
    this.#expire();
    if (rows.length === 0) this.#workers.delete(worker);
    else this.#workers.set(worker, { rows, at: this.#clock.now() });
  }

  /** The rows of all workers whose word holds, each with the milliseconds since it was told. */
  all(): { row: Row; age: number }[] {
    this.#expire();
    const now = this.#clock.now();
    return [...this.#workers.values()].flatMap(({ rows, at }) => rows.map((row) => ({ row, age: now - at })));
  }

  #expire(): void {
    const now = this.#clock.now();
    for (const [worker, { at }] of this.#workers) if (now - at >= HOLDS_MS) this.#workers.delete(worker);
  }
}
