import { nameKey } from "../../wire/name-key.ts";
import { endpointKey } from "../state/endpoint-key.ts";
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

  /** Follows a source's pools for the process's life. */
  constructor(source: Pick<PoolSource, "roster" | "subscribe"> & PolicySource) {
    this.#source = source;
    source.subscribe(({ kind, pool }) => {
      if (kind === "gone") this.#endpoints.delete(pool);
    });
  }

  /** The endpoint of a pool; undefined where it has none of that key any more. */
  endpoint(pool: string, key: bigint): NamedEndpoint | undefined {
    const roster = this.#source.roster(pool);
    if (roster === undefined) return undefined;
    let known = this.#endpoints.get(pool);
    if (known?.epoch !== roster.epoch) {
      known = { epoch: roster.epoch, byKey: new Map(roster.endpoints.map((one) => [endpointKey(one), one])) };
      this.#endpoints.set(pool, known);
    }
    return known.byKey.get(key);
  }

  /** The name of a pool's objective; undefined where it has none of that key. */
  objective(pool: string, key: bigint): string | undefined {
    return this.#source.policies(pool)?.objectives.find(({ name }) => nameKey(name) === key)?.name;
  }
}
