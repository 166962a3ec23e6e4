import { nameKey } from "../../wire/name-key.ts";
import type { PolicySource, PoolSource } from "../state/source.ts";

/** An endpoint, for people. */
export interface NamedEndpoint {
  /** `ip:port`. */
  readonly address: string;
  /** `namespace/pod`. */
  readonly name: string;
}

/** The keys that stand for endpoints and objectives on the wire, turned back into names. */
export class PoolIndex {
  readonly #source: Pick<PoolSource, "roster"> & PolicySource;
  readonly #endpoints = new Map<string, { readonly epoch: bigint; readonly byKey: Map<bigint, NamedEndpoint> }>();

  constructor(source: Pick<PoolSource, "roster"> & PolicySource) {
    this.#source = source;
  }

  /** The endpoint of a pool; undefined where it has none of that key any more. */
  endpoint(pool: string, key: bigint): NamedEndpoint | undefined {
    const roster = this.#source.roster(pool);
    if (roster === undefined) {
      this.#endpoints.delete(pool);
      return undefined;
    }
    let known = this.#endpoints.get(pool);
    if (known?.epoch !== roster.epoch) {
      known = { epoch: roster.epoch, byKey: new Map(roster.endpoints.map((one) => [nameKey(one.address), one])) };
      this.#endpoints.set(pool, known);
    }
    return known.byKey.get(key);
  }

  /** The name of a pool's objective; undefined where it has none of that key. */
  objective(pool: string, key: bigint): string | undefined {
    return this.#source.policies(pool)?.objectives.find(({ name }) => nameKey(name) === key)?.name;
  }
}
