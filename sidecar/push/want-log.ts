import type { Log } from "../observe/log.ts";
import { Quiet } from "../observe/quiet.ts";
import type { Clock } from "../support/clock.ts";
import { IN_FULL, type Wants } from "./wants.ts";

/** Names in one line of the log. */
const NAMES_MAX = 10;

/** Says what one gateway wants: aloud at first, then quietly, and aloud where it wants what is not there. */
export class WantLog {
  readonly #log: Log;
  readonly #quiet: Quiet;
  #said = false;
  #missing = 0;

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#quiet = new Quiet(clock);
  }

  /** The gateway of those fields wants this of those pools. */
  wants(gateway: Readonly<Record<string, string>>, wants: Wants, pools: readonly string[]): void {
    const named = pools.filter((pool) => wants.degree(pool) === IN_FULL);
    const fields = { ...gateway, all: wants.all, count: wants.count, pools: named.slice(0, NAMES_MAX) };
    this.#log[this.#said ? "debug" : "info"](fields, "gateway wants pools");
    this.#said = true;
    const missing = wants.count - named.length;
    if (missing > this.#missing && this.#quiet.mayI("missing") !== undefined) {
      this.#log.warn({ ...gateway, missing }, "gateway wants pools that there are not, by names that are not told");
    }
    this.#missing = missing;
  }
}
