import type { Policies } from "../../../sidecar/discovery/pool.ts";
import type { PlanSource } from "../../../sidecar/push/plan-source.ts";
import type { PolicySource, PoolChange, PoolSource } from "../../../sidecar/state/source.ts";
import type { Endpoint, Load, Plan, Roster, Sample } from "../../../wire/model.ts";
import { PLAIN_SETTINGS } from "../../../wire/plan-settings.ts";
import { SIGNALS } from "../replicas/signals.ts";

function endpoint(index: number): Endpoint {
  const address = `10.0.${index >> 8}.${index & 255}:8000`;
  return { address, name: `ns/pod-${index}`, zone: "", labels: {}, engine: 0, role: 0, rank: 0 };
}

/** A sample that a test need not care about. */
export function sample(change: Partial<Sample> = {}): Sample {
  return {
    ready: true,
    age: 10,
    counter: 1,
    ...SIGNALS,
    ...change,
  };
}

interface Pool {
  roster: Roster;
  samples: Sample[];
  policies: Policies;
}

/** Pools that a test changes by hand. */
export class FakeSource implements PoolSource, PolicySource {
  readonly #pools = new Map<string, Pool>();
  readonly #listeners = new Set<(change: PoolChange) => void>();
  #epoch = 100n;
  /** LOADs asked for. */
  loads = 0;

  pools(): readonly string[] {
    return [...this.#pools.keys()];
  }

  roster(pool: string): Roster | undefined {
    return this.#pools.get(pool)?.roster;
  }

  policies(pool: string): Policies | undefined {
    return this.#pools.get(pool)?.policies;
  }

  load(pool: string, sequence: bigint, sentAt: bigint): Load | undefined {
    const found = this.#pools.get(pool);
    if (found === undefined) return undefined;
    this.loads++;
    return { pool, rosterEpoch: found.roster.epoch, sequence, sentAt, freshFor: 2000, samples: found.samples };
  }

  subscribe(listener: (change: PoolChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Gives a pool that many endpoints, new or changed. */
  setRoster(pool: string, endpoints: number, change: Partial<Endpoint> = {}): void {
    const rows = Array.from({ length: endpoints }, (_, index) => ({ ...endpoint(index), ...change }));
    this.#pools.set(pool, {
      roster: { pool, epoch: this.#epoch++, endpoints: rows },
      samples: rows.map(() => sample()),
      policies: this.#pools.get(pool)?.policies ?? { objectives: [], rewrites: [] },
    });
    this.#tell({ kind: "roster", pool });
  }

  /** Gives an endpoint of a pool so many queued requests. */
  setWaiting(pool: string, index: number, waiting: number): void {
    this.#pools.get(pool)!.samples[index] = sample({ waiting });
    this.#tell({ kind: "load", pool });
  }

  /** Lets an endpoint of a pool take requests, or not. */
  setReady(pool: string, index: number, ready: boolean): void {
    this.#pools.get(pool)!.samples[index] = sample({ ready });
    this.#tell({ kind: "ready", pool });
  }

  /** Gives a pool other policies. */
  setPolicies(pool: string, policies: Policies): void {
    this.#pools.get(pool)!.policies = policies;
    this.#tell({ kind: "policies", pool });
  }

  remove(pool: string): void {
    this.#pools.delete(pool);
    this.#tell({ kind: "gone", pool });
  }

  /** Subscriptions that have not ended. */
  get listeners(): number {
    return this.#listeners.size;
  }

  #tell(change: PoolChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}

/** One plan for all pools, changed by hand. */
export class FakePlans implements PlanSource {
  #epoch = 1n;
  readonly #listeners = new Set<() => void>();

  plan(pool: string): Plan {
    const steps = [{ stage: 3, plugin: 64, name: "max-score-picker", weight: 0, parameters: [3] }];
    return { pool, epoch: this.#epoch, profiles: [{ name: "default", steps }], settings: PLAIN_SETTINGS };
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  change(): void {
    this.#epoch++;
    for (const listener of this.#listeners) listener();
  }
}
