import type { Log } from "../../observe/log.ts";
import type { Quiet } from "../../observe/quiet.ts";
import { some } from "../../support/some.ts";
import type { DiscoveredPool, Policies } from "../pool.ts";
import type { ClusterKinds } from "./cluster-kinds.ts";
import type { PoolRecord } from "./inference-pool.ts";
import type { ObjectWarnings } from "./object-warnings.ts";
import type { PodWatch, PodWatches } from "./pod-watches.ts";
import { NO_POLICIES, policiesByPool, policyKey } from "./policies.ts";
import type { ImportRecord } from "./pool-import.ts";
import { choosePools } from "./pool-records.ts";
import { OLD_POOL_GROUP, POOL_GROUP, type PoolGroup, type Scope } from "./scope.ts";
import { ServedPool } from "./served-pool.ts";

export interface ClusterPoolsOptions {
  readonly scope: Scope;
  readonly kinds: ClusterKinds;
  readonly pods: PodWatches;
  readonly log: Log;
  readonly quiet: Quiet;
  readonly warnings: ObjectWarnings;
}

function importText({ key, clusters }: ImportRecord): string {
  return `${key} (${clusters.length === 0 ? "of no cluster yet" : `of ${clusters.join(", ")}`})`;
}

/** The pool of a scope that has no pool objects. */
function poolOf(scope: Scope): readonly (readonly [string, PoolRecord])[] {
  if (scope.kind !== "selector") return [];
  const { namespace, name, selector, targetPorts } = scope;
  const key = `${namespace}/${name}`;
  return [[key, { key, uid: "", namespace, name, group: POOL_GROUP, selector, targetPorts }]];
}

/** The pools of a cluster as its objects describe them now; only what has changed is looked at again. */
export class ClusterPools {
  readonly #options: ClusterPoolsOptions;
  /** By name, in the order of names. */
  #records: ReadonlyMap<string, PoolRecord>;
  #served: ReadonlyMap<string, ServedPool> = new Map();
  #policies: ReadonlyMap<string, Policies> = new Map();
  #zones: ReadonlyMap<string, string> = new Map();
  /** Imports of which no pool has the name. */
  #elsewhere: ReadonlySet<string> = new Set();
  readonly #changedPods = new Set<PodWatch>();
  #poolsChanged = true;
  #policiesChanged = true;
  #zonesChanged = true;

  constructor(options: ClusterPoolsOptions) {
    this.#options = options;
    this.#records = new Map(poolOf(options.scope));
  }

  /** Pools, and imports of pools, are other ones. */
  poolsChanged(): void {
    this.#poolsChanged = true;
  }

  policiesChanged(): void {
    this.#policiesChanged = true;
  }

  zonesChanged(): void {
    this.#zonesChanged = true;
  }

  podsChanged(watch: PodWatch): void {
    this.#changedPods.add(watch);
  }

  /** Every pool whose endpoints are known, in the order of names. What has not changed is the same object as before. */
  versions(): DiscoveredPool[] {
    return [...this.#served.values()].flatMap(({ version }) => version ?? []);
  }

  /** Takes over what has changed. @returns whether the versions are other ones now. */
  refresh(): boolean {
    const { kinds } = this.#options;
    let changed = false;
    if (this.#policiesChanged) this.#readPolicies();
    if (this.#poolsChanged) changed = this.#choose();
    if (this.#policiesChanged || this.#poolsChanged) this.#tellWithoutEffect();
    if (this.#zonesChanged) {
      const nodes = kinds.nodes.flatMap(({ records }) => [...records.values()]);
      this.#zones = new Map(nodes.map(({ name, zone }) => [name, zone]));
    }
    const zoneOf = (node: string): string => this.#zones.get(node) ?? "";
    const surroundings = { changed: this.#changedPods, zonesChanged: this.#zonesChanged, zoneOf };
    for (const [name, pool] of this.#served) {
      const { group } = this.#records.get(name) as PoolRecord;
      const policies = this.#policies.get(policyKey({ group, pool: name })) ?? NO_POLICIES;
      if (pool.refresh({ ...surroundings, policies })) changed = true;
    }
    this.#poolsChanged = false;
    this.#policiesChanged = false;
    this.#zonesChanged = false;
    this.#changedPods.clear();
    return changed;
  }

  #readPolicies(): void {
    const { kinds, warnings } = this.#options;
    const all = <T>(watches: readonly { readonly records: ReadonlyMap<string, T> }[]): T[] =>
      watches.flatMap(({ records }) => [...records.values()]);
    const records = {
      objectives: kinds.objectives.map(all),
      rewrites: kinds.rewrites.map(all),
      models: all(kinds.models),
    };
    this.#policies = policiesByPool(records, warnings, this.#policies);
  }

  /** Follows the pools that there are. @returns whether one that had a version is gone. */
  #choose(): boolean {
    const { scope, kinds, pods, log, quiet, warnings } = this.#options;
    if (scope.kind !== "selector") this.#records = choosePools(kinds.pools, warnings, log, quiet);
    const before = this.#served;
    const next = new Map<string, ServedPool>();
    for (const [name, record] of this.#records) {
      const pool = before.get(name) ?? new ServedPool(name, { watches: pods, log, quiet });
      pool.follow(record);
      next.set(name, pool);
    }
    this.#served = next;
    let lost = false;
    for (const [name, pool] of before) {
      if (next.has(name)) continue;
      pool.end();
      lost ||= pool.version !== undefined;
    }
    return lost;
  }

  /** Objects that refer to a pool here, but not by its group, and imports of pools that are not here. */
  #tellWithoutEffect(): void {
    const { kinds, warnings, log } = this.#options;
    if (!kinds.pools.flat().every(({ settled }) => settled)) return;
    for (const [name, { group }] of this.#records) {
      const other: PoolGroup = group === POOL_GROUP ? OLD_POOL_GROUP : POOL_GROUP;
      if (!this.#policies.has(policyKey({ group: other, pool: name }))) continue;
      const problem = `is of group ${group}: objects whose spec.poolRef is of group ${other} have no effect on it`;
      warnings.tell(`InferencePool ${name}`, [problem], "pool is referred to by another group");
    }
    const imports = kinds.imports.flatMap(({ records }) => [...records.values()]);
    const elsewhere = imports.filter(({ key }) => !this.#records.has(key));
    const news = elsewhere.filter(({ key }) => !this.#elsewhere.has(key));
    this.#elsewhere = new Set(elsewhere.map(({ key }) => key));
    if (news.length === 0) return;
    // Their endpoints are reached through those clusters' gateways.
    log.info(
      { imports: some(news.map(importText)) },
      "pools of other clusters, with none of their name here, are not served",
    );
  }
}
