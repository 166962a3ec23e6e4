// What objectives, rewrites and models together say of each pool.

import { sameItems } from "../../support/same.ts";
import type { Objective, Policies, Rewrite } from "../pool.ts";
import type { ModelRecord } from "./inference-model.ts";
import { NOT_USED, type ObjectWarnings } from "./object-warnings.ts";
import type { ObjectiveRecord } from "./objective.ts";
import type { PoolRef } from "./pool-ref.ts";
import type { RewriteRecord } from "./rewrite.ts";

/** All that has been read. Lists of lists are by preference: of one name, what an earlier list has counts. */
export interface PolicyRecords {
  readonly objectives: readonly Iterable<ObjectiveRecord>[];
  readonly rewrites: readonly Iterable<RewriteRecord>[];
  readonly models: Iterable<ModelRecord>;
}

export const NO_POLICIES: Policies = { objectives: [], rewrites: [] };

interface Gathered {
  readonly objectives: Map<string, Objective>;
  readonly rewrites: Map<string, Rewrite>;
  readonly models: ModelRecord[];
}

/** A pool's place in the result of policiesByPool. */
export function policyKey({ group, pool }: PoolRef): string {
  return `${group}/${pool}`;
}

function byAge(a: Rewrite | ModelRecord, b: Rewrite | ModelRecord): number {
  return a.createdAt - b.createdAt || (a.name < b.name ? -1 : Number(a.name > b.name));
}

/** Adds what the models say where nothing newer says otherwise. */
function settle({ objectives, rewrites, models }: Gathered, warnings: ObjectWarnings): Policies {
  const found = [...objectives.values()];
  const rules = [...rewrites.values()];
  const owners = new Map<string, string>();
  for (const { key, name, model, objective, rewrite } of models.sort(byAge)) {
    const owner = owners.get(model);
    if (owner !== undefined) {
      const problem = `spec.modelName: ${JSON.stringify(model)} is already that of the older ${owner}`;
      warnings.tell(`InferenceModel ${key}`, [problem], NOT_USED);
      continue;
    }
    owners.set(model, key);
    if (rewrite !== undefined) rules.push(rewrite);
    if (objective === undefined) continue;
    if (objectives.has(name)) {
      const problem = `spec.criticality: InferenceObjective ${key} has the same name and counts`;
      warnings.tell(`InferenceModel ${key}`, [problem], NOT_USED);
    } else {
      found.push(objective);
    }
  }
  found.sort((a, b) => (a.name < b.name ? -1 : 1));
  return { objectives: found, rewrites: rules.sort(byAge) };
}

/**
 * Puts together what is said of each pool, by policyKey.
 * @param before the last result: policies that are the same stay the same objects.
 */
export function policiesByPool(
  records: PolicyRecords,
  warnings: ObjectWarnings,
  before: ReadonlyMap<string, Policies>,
): Map<string, Policies> {
  const gathered = new Map<string, Gathered>();
  const of = (ref: PoolRef): Gathered => {
    const key = policyKey(ref);
    const known = gathered.get(key);
    if (known !== undefined) return known;
    const made: Gathered = { objectives: new Map(), rewrites: new Map(), models: [] };
    gathered.set(key, made);
    return made;
  };
  function add<T extends { name: string }>(kind: string, key: string, item: T, items: Map<string, T>): void {
    if (!items.has(item.name)) items.set(item.name, item);
    else warnings.tell(`${kind} ${key}`, ["there is one of the same name in the newer group, which counts"], NOT_USED);
  }
  for (const group of records.objectives) {
    for (const { key, ref, objective } of group) add("InferenceObjective", key, objective, of(ref).objectives);
  }
  for (const group of records.rewrites) {
    for (const { key, ref, rewrite } of group) add("InferenceModelRewrite", key, rewrite, of(ref).rewrites);
  }
  for (const model of records.models) of(model.ref).models.push(model);
  return new Map(
    [...gathered].map(([key, one]) => {
      const next = settle(one, warnings);
      const last = before.get(key);
      return [key, last !== undefined && samePolicies(last, next) ? last : next];
    }),
  );
}

/** Whether two pools' policies are of the same objects. */
export function samePolicies(a: Policies, b: Policies): boolean {
  return a === b || (sameItems(a.objectives, b.objectives) && sameItems(a.rewrites, b.rewrites));
}
