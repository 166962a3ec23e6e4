import { nameKey } from "../../wire/name-key.ts";
import type { PoolSource } from "../state/source.ts";

/** Names of the pools that there are, by the keys that stand for them on the wire. */
export class PoolNames {
  readonly #names = new Map<bigint, string>();

  /** Follows a source's pools for the process's life. */
  constructor(source: Pick<PoolSource, "pools" | "subscribe">) {
    for (const pool of source.pools()) this.#names.set(nameKey(pool), pool);
    source.subscribe(({ kind, pool }) => {
      if (kind === "gone") this.#names.delete(nameKey(pool));
      else this.#names.set(nameKey(pool), pool);
    });
  }

  /** The name of the pool with this key; empty where there is none. */
  of(key: bigint): string {
    return this.#names.get(key) ?? "";
  }
}
