import type { Rewrite } from "../discovery/pool.ts";
import type { PolicySource, PoolSource } from "../state/source.ts";

/** The targets of a rule, and whose rule it is. */
interface Decision {
  readonly rewrite: string;
  readonly targets: ReadonlySet<string>;
}

/** What a pool's rewrites say. */
interface Configured {
  /** Every model that they name. */
  readonly models: ReadonlySet<string>;
  /** By the model that is asked for. */
  readonly exact: ReadonlyMap<string, Decision>;
  /** For all other models. */
  readonly generic: Decision | undefined;
}

/** Of several rules for a model the first one counts, and the first one for all models only where there is none. */
function configured(rewrites: readonly Rewrite[]): Configured {
  const models = new Set<string>();
  const exact = new Map<string, Decision>();
  let generic: Decision | undefined;
  for (const { name, rules } of rewrites) {
    for (const rule of rules) {
      const decision = { rewrite: name, targets: new Set(rule.targets.map(({ model }) => model)) };
      for (const model of rule.models) if (!exact.has(model)) exact.set(model, decision);
      if (rule.models.length === 0) generic ??= decision;
      for (const model of [...rule.models, ...decision.targets]) models.add(model);
    }
  }
  return { models, exact, generic };
}

/** What pools' rewrites say of models: that comes from whoever configures the pool, not from clients. */
export class ConfiguredModels {
  readonly #source: PolicySource;
  readonly #pools = new Map<string, Configured>();

  /** Follows a source's pools for the process's life. */
  constructor(source: Pick<PoolSource, "pools" | "subscribe"> & PolicySource) {
    this.#source = source;
    for (const pool of source.pools()) this.#read(pool);
    source.subscribe(({ kind, pool }) => {
      if (kind === "gone") this.#pools.delete(pool);
      else if (kind === "policies" || kind === "roster") this.#read(pool);
    });
  }

  /** Whether the pool's rewrites name this model. */
  has(pool: string, model: string): boolean {
    return this.#pools.get(pool)?.models.has(model) ?? false;
  }

  /** The name of the rewrite that made one model of the other; undefined: none did. */
  rewriteOf(pool: string, model: string, target: string): string | undefined {
    const found = this.#pools.get(pool);
    const decision = found?.exact.get(model) ?? found?.generic;
    return decision?.targets.has(target) ? decision.rewrite : undefined;
  }

  #read(pool: string): void {
    const rewrites = this.#source.policies(pool)?.rewrites ?? [];
    if (rewrites.length === 0) this.#pools.delete(pool);
    else this.#pools.set(pool, configured(rewrites));
  }
}
