import type { Log } from "../observe/log.ts";
import type { Clock } from "../support/clock.ts";
import type { DiscoveredPool } from "./pool.ts";
import { tellGone, tellPool } from "./pool-difference.ts";

/** Milliseconds from one line about a pool to the next; what happens meanwhile is summed up in that. */
const WINDOW_MS = 1000;

interface Told {
  /** As told last; undefined: that it is gone. */
  readonly pool: DiscoveredPool | undefined;
  readonly at: number;
}

/** Tells of pools that may change at any time: of each once a second at most. */
export class PoolNews {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #source: object;
  readonly #told = new Map<string, Told>();
  /** Names of pools of which there may be something to tell when their second is over. */
  readonly #waiting = new Set<string>();
  #pools: ReadonlyMap<string, DiscoveredPool> | undefined;
  #cancel: (() => void) | undefined;

  /** @param source fields that say where the pools come from. */
  constructor(clock: Clock, log: Log, source: object) {
    this.#clock = clock;
    this.#log = log;
    this.#source = source;
  }

  /** These are the pools now, each name once. Those that are the same object as before have not changed. */
  applied(pools: readonly DiscoveredPool[]): void {
    const isFirst = this.#pools === undefined;
    this.#pools = new Map(pools.map((pool) => [pool.name, pool]));
    for (const { name } of pools) this.#look(name, isFirst);
    for (const name of this.#told.keys()) {
      if (!this.#pools.has(name)) this.#look(name, false);
    }
  }

  /** Nothing more is told. */
  stop(): void {
    this.#cancel?.();
  }

  #look(name: string, isFirst: boolean): void {
    const told = this.#told.get(name);
    const pool = this.#pools?.get(name);
    if (told !== undefined && told.pool === pool && pool !== undefined) return;
    const now = this.#clock.now();
    if (told !== undefined && now < told.at + WINDOW_MS) {
      this.#wait(name);
      return;
    }
    if (pool !== undefined) {
      tellPool(this.#log, this.#source, told?.pool, pool, isFirst);
      this.#told.set(name, { pool, at: now });
    } else if (told?.pool !== undefined) {
      tellGone(this.#log, this.#source, name);
      this.#told.set(name, { pool, at: now });
      this.#wait(name);
    } else {
      this.#told.delete(name);
    }
  }

  #wait(name: string): void {
    this.#waiting.add(name);
    this.#cancel ??= this.#clock.after(WINDOW_MS, () => {
      this.#cancel = undefined;
      const names = [...this.#waiting];
      this.#waiting.clear();
      for (const one of names) this.#look(one, false);
    });
  }
}
