import { integer, listOf, mapping, oneOf } from "../../support/fields.ts";
import type { Objective, Rewrite } from "../pool.ts";
import { type PoolRef, readSpecOfPool } from "./pool-ref.ts";
import { keyOf, type ObjectReader, type ObjectRecord, orAbsent } from "./read-object.ts";
import { MAX_WEIGHT, readModel, settleWeights, type WeightedTarget } from "./rewrite.ts";
import { OLD_POOL_GROUP } from "./scope.ts";

/** What is kept of an InferenceModel: what an InferenceObjective and an InferenceModelRewrite say in its stead today. */
export interface ModelRecord extends ObjectRecord {
  readonly ref: PoolRef;
  readonly name: string;
  /** Among those of one pool only the oldest of a model's name counts. */
  readonly model: string;
  readonly createdAt: number;
  /** Undefined where it has no criticality. */
  readonly objective: Objective | undefined;
  /** Undefined where the model is served under its own name. */
  readonly rewrite: Rewrite | undefined;
}

/**
 * Priorities of what the kind called criticality. Below 0 is shed, as Sheddable was; Standard is what requests without
 * any have; 10 and -10 are the numbers that InferenceObjective's own documentation uses for more and less.
 */
const PRIORITIES = { Critical: 10, Standard: 0, Sheddable: -10 } as const;

const readCriticality = oneOf("Critical", "Standard", "Sheddable");
/** 0 takes a target out. */
const readWeight = integer(0, MAX_WEIGHT);

const readTargets = listOf<WeightedTarget>((item, place) => {
  const fields = mapping(item, place);
  if (fields === undefined) return undefined;
  const model = readModel(fields.name, place.at("name"));
  if (model === undefined) return undefined;
  return { model, weight: orAbsent(fields.weight, undefined, readWeight, place.at("weight")) };
});

/** InferenceModel v1alpha2, which InferenceObjective and InferenceModelRewrite have replaced. */
export const readInferenceModel: ObjectReader<ModelRecord> = (object, metadata, place) => {
  const { name, namespace, uid, createdAt } = metadata;
  const found = readSpecOfPool(object, namespace, OLD_POOL_GROUP, place);
  if (found === undefined) return undefined;
  const { spec, ref } = found;
  const at = place.at("spec");
  const model = readModel(spec.modelName, at.at("modelName"));
  const criticality = orAbsent(spec.criticality, undefined, readCriticality, at.at("criticality"));
  const listed = readTargets(spec.targetModels ?? [], at.at("targetModels"));
  if (model === undefined || listed === undefined) return undefined;
  const targets = settleWeights(listed, at.at("targetModels"));
  if (listed.length > 0 && targets.length === 0) {
    at.at("targetModels").warn("all weights are 0, which reserves the name; requests for it keep their model here");
  }
  const rules = [{ models: [model], targets }];
  return {
    key: keyOf(metadata),
    uid,
    ref,
    name,
    model,
    createdAt,
    objective: criticality && { name, model, priority: PRIORITIES[criticality] },
    rewrite: targets.length === 0 ? undefined : { name, createdAt, rules },
  };
};
