// Which objects are watched for a scope, beside pods.

import type { Resource } from "../../kubernetes/resource.ts";
import { type ModelRecord, readInferenceModel } from "./inference-model.ts";
import { type PoolRecord, readOldPool, readPool } from "./inference-pool.ts";
import { Watch, type WatchContext } from "./kind-watch.ts";
import { type NodeRecord, readNode } from "./node.ts";
import { type ObjectiveRecord, readObjective } from "./objective.ts";
import { type ImportRecord, readImport } from "./pool-import.ts";
import type { ObjectReader, ObjectRecord } from "./read-object.ts";
import { MODELS, NODES, OBJECTIVES, OLD_POOLS, POOL_IMPORTS, POOLS, REWRITES } from "./resources.ts";
import { type RewriteRecord, readRewrite } from "./rewrite.ts";
import { POOL_GROUP, type Scope } from "./scope.ts";

/** What to call when objects change. */
export interface KindListeners {
  readonly pools: () => void;
  readonly policies: () => void;
  readonly zones: () => void;
}

/** Watches of a scope; where it has several namespaces, each has its own. */
export interface ClusterKinds {
  /** By namespace. In each at least one kind must be there; of pools of one name the first kind's counts. */
  readonly pools: readonly (readonly Watch<PoolRecord>[])[];
  readonly imports: readonly Watch<ImportRecord>[];
  /** By preference, as the groups of OBJECTIVES and REWRITES. */
  readonly objectives: readonly (readonly Watch<ObjectiveRecord>[])[];
  readonly rewrites: readonly (readonly Watch<RewriteRecord>[])[];
  readonly models: readonly Watch<ModelRecord>[];
  readonly nodes: readonly Watch<NodeRecord>[];
}

/** The namespaces to watch, undefined for all of them; none where the scope needs no objects but pods. */
function namespacesOf(scope: Scope): readonly (string | undefined)[] {
  if (scope.kind === "selector") return [];
  if (scope.kind === "pool") return [scope.namespace];
  return scope.kind === "all" ? [undefined] : [...new Set(scope.namespaces)];
}

/** Makes the watches, none of them started. */
export function clusterKinds(
  context: WatchContext,
  scope: Scope,
  nodeZones: boolean,
  listeners: KindListeners,
): ClusterKinds {
  const namespaces = namespacesOf(scope);
  function watch<T extends ObjectRecord>(
    resource: Resource,
    namespace: string | undefined,
    read: ObjectReader<T>,
    onChange: () => void,
    fieldSelector?: string,
  ): Watch<T> {
    const place = {
      ...(namespace !== undefined && { namespace }),
      ...(fieldSelector !== undefined && { fieldSelector }),
    };
    return new Watch(context, { selection: { resource, ...place }, read, onChange });
  }
  function inEach<T extends ObjectRecord>(resource: Resource, read: ObjectReader<T>, onChange: () => void): Watch<T>[] {
    return namespaces.map((namespace) => watch(resource, namespace, read, onChange));
  }
  function poolsIn(namespace: string | undefined): Watch<PoolRecord>[] {
    const name = scope.kind === "pool" ? `metadata.name=${scope.name}` : undefined;
    const v1 = () => watch(POOLS, namespace, readPool, listeners.pools, name);
    const old = () => watch(OLD_POOLS, namespace, readOldPool, listeners.pools, name);
    if (scope.kind !== "pool") return [v1(), old()];
    return [scope.group === POOL_GROUP ? v1() : old()];
  }
  return {
    pools: namespaces.map(poolsIn),
    imports: inEach(POOL_IMPORTS, readImport, listeners.pools),
    objectives: OBJECTIVES.map((resource) => inEach(resource, readObjective, listeners.policies)),
    rewrites: REWRITES.map((resource) => inEach(resource, readRewrite, listeners.policies)),
    models: inEach(MODELS, readInferenceModel, listeners.policies),
    nodes: nodeZones ? [watch(NODES, undefined, readNode, listeners.zones)] : [],
  };
}

/** Those that may be absent or denied. */
export function optionalWatches(kinds: ClusterKinds): readonly Watch<ObjectRecord>[] {
  const { imports, objectives, rewrites, models, nodes } = kinds;
  return [...imports, ...objectives.flat(), ...rewrites.flat(), ...models, ...nodes];
}
