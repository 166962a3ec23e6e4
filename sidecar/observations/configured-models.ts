import type { PolicySource, PoolSource } from "../state/source.ts";

/** Models that a pool's rewrites name: those come from whoever configures the pool, not from clients. */
export class ConfiguredModels {
  readonly #source: PolicySource;
  readonly #models = new Map<string, ReadonlySet<string>>();

  /** Follows a source's pools for the process's life. */
  constructor(source: Pick<PoolSource, "pools" | "subscribe"> & PolicySource) {
    this.#source = source;
    for (const pool of source.pools()) this.#read(pool);
    source.subscribe(({ kind, pool }) => {
      if (kind === "gone") this.#models.delete(pool);
      else if (kind === "policies" || kind === "roster") this.#read(pool);
    });
  }

  /** Whether the pool's rewrites name this model. */
  has(pool: string, model: string): boolean {
    return this.#models.get(pool)?.has(model) ?? false;
  }

  #read(pool: string): void {
    const rules = this.#source.policies(pool)?.rewrites.flatMap((rewrite) => rewrite.rules) ?? [];
    const models = rules.flatMap(({ models, targets }) => [...models, ...targets.map(({ model }) => model)]);
    if (models.length === 0) this.#models.delete(pool);
    else this.#models.set(pool, new Set(models));
  }
}
