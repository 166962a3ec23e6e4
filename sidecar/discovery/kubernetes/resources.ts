// The kinds of objects that discovery reads.

import type { Resource } from "../../kubernetes/resource.ts";
import { OLD_POOL_GROUP, POOL_GROUP } from "./scope.ts";

/** Group of objectives and rewrites beside the older one, which is the older pools' group. */
const NEW_POLICY_GROUP = "llm-d.ai";

export const PODS: Resource = { group: "", version: "v1", plural: "pods", kind: "Pod" };

export const NODES: Resource = { group: "", version: "v1", plural: "nodes", kind: "Node" };

export const POOLS: Resource = {
  group: POOL_GROUP,
  version: "v1",
  plural: "inferencepools",
  kind: "InferencePool",
};

export const OLD_POOLS: Resource = {
  group: OLD_POOL_GROUP,
  version: "v1alpha2",
  plural: "inferencepools",
  kind: "InferencePool",
};

export const POOL_IMPORTS: Resource = {
  group: OLD_POOL_GROUP,
  version: "v1alpha1",
  plural: "inferencepoolimports",
  kind: "InferencePoolImport",
};

/** By preference: where both groups have an object of one name, the first one's counts. */
export const OBJECTIVES: readonly [Resource, Resource] = [
  { group: NEW_POLICY_GROUP, version: "v1alpha2", plural: "inferenceobjectives", kind: "InferenceObjective" },
  { group: OLD_POOL_GROUP, version: "v1alpha2", plural: "inferenceobjectives", kind: "InferenceObjective" },
];

/** By preference, as OBJECTIVES. */
export const REWRITES: readonly [Resource, Resource] = [
  { group: NEW_POLICY_GROUP, version: "v1alpha2", plural: "inferencemodelrewrites", kind: "InferenceModelRewrite" },
  { group: OLD_POOL_GROUP, version: "v1alpha2", plural: "inferencemodelrewrites", kind: "InferenceModelRewrite" },
];

export const MODELS: Resource = {
  group: OLD_POOL_GROUP,
  version: "v1alpha2",
  plural: "inferencemodels",
  kind: "InferenceModel",
};
