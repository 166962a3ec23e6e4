// The endpoints of pools as Envoy's clusters take them: one ClusterLoadAssignment each, by the pool's name.

import { bytes, joined, message, varint } from "../protobuf/fields.ts";
import type { PoolSource } from "../state/source.ts";
import type { Clock } from "../support/clock.ts";
import type { Resources } from "./resources.ts";
import { address, wrapped } from "./values.ts";

/** Milliseconds in which changes of a pool are collected: pods come and go in swarms. */
const WINDOW_MS = 20;
const UNHEALTHY = 2;

function endpointField(text: string, ready: boolean): Uint8Array {
  const colon = text.lastIndexOf(":");
  const host = text.slice(0, colon).replace(/^\[(.*)\]$/, "$1");
  const endpoint = message(1, message(1, address(host, Number(text.slice(colon + 1)))));
  // It stays in the cluster: what it serves goes on, and a pick of it is obeyed. Only the fallback policy avoids it.
  return ready ? message(2, endpoint) : message(2, endpoint, varint(2, UNHEALTHY));
}

/** A ClusterLoadAssignment; one without endpoints where there is no such pool, so that nobody waits for it. */
function loadAssignment(source: PoolSource, pool: string): Uint8Array {
  const endpoints = source.roster(pool)?.endpoints ?? [];
  const name = bytes(1, pool);
  if (endpoints.length === 0) return name;
  const samples = source.load(pool, 0n, 0n)?.samples;
  const fields = endpoints.map((endpoint, index) => endpointField(endpoint.address, samples?.[index]?.ready === true));
  // Policies that weigh localities leave out those without a weight.
  return joined(name, message(2, ...fields, wrapped(3, endpoints.length)));
}

/** The pools' endpoints, followed as they change. */
export class LoadAssignments implements Resources {
  readonly type = "envoy.config.endpoint.v3.ClusterLoadAssignment";
  readonly #source: PoolSource;
  /** Encoded, by pool; those that have changed are not there. */
  readonly #encoded = new Map<string, Uint8Array>();
  readonly #listeners = new Set<(name: string) => void>();
  readonly #changed = new Set<string>();
  readonly #unsubscribe: () => void;
  #cancel: (() => void) | undefined;

  constructor(source: PoolSource, clock: Clock) {
    this.#source = source;
    this.#unsubscribe = source.subscribe(({ kind, pool }) => {
      if (kind !== "roster" && kind !== "ready" && kind !== "gone") return;
      this.#changed.add(pool);
      this.#cancel ??= clock.after(WINDOW_MS, () => this.#tell());
    });
  }

  resource(pool: string): Uint8Array {
    const known = this.#encoded.get(pool);
    if (known !== undefined) return known;
    const made = loadAssignment(this.#source, pool);
    // Names come from outside: of pools that are not there nothing is kept.
    if (this.#source.roster(pool) !== undefined) this.#encoded.set(pool, made);
    return made;
  }

  subscribe(listener: (name: string) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Follows no more. */
  stop(): void {
    this.#unsubscribe();
    this.#cancel?.();
  }

  #tell(): void {
    this.#cancel = undefined;
    const changed = [...this.#changed];
    this.#changed.clear();
    for (const pool of changed) {
      const before = this.#encoded.get(pool);
      this.#encoded.delete(pool);
      if (before !== undefined && Buffer.compare(before, this.resource(pool)) === 0) continue;
      for (const listener of this.#listeners) listener(pool);
    }
  }
}
