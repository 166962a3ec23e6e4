import { integer, list, listOf, mapping, oneOf, type Place, text } from "../../support/fields.ts";
import type { Rewrite, RewriteRule } from "../pool.ts";
import { type PoolRef, readSpecOfPool } from "./pool-ref.ts";
import { keyOf, type ObjectReader, type ObjectRecord, orAbsent } from "./read-object.ts";
import { POOL_GROUP } from "./scope.ts";

/** What is kept of a rewrite. */
export interface RewriteRecord extends ObjectRecord {
  readonly ref: PoolRef;
  readonly rewrite: Rewrite;
}

/** A model's name, and what is told of it where it is too long. */
export const readModel = text(256);
export const MAX_WEIGHT = 1_000_000;

export interface WeightedTarget {
  readonly model: string;
  readonly weight: number | undefined;
}

/**
 * Weights as the API means them: one each where there are none. Where only some have one, the others get nothing, as
 * in the reference; it is told.
 */
export function settleWeights(targets: readonly WeightedTarget[], place: Place): RewriteRule["targets"] {
  const weighted = targets.filter(({ weight }) => weight !== undefined);
  if (weighted.length === 0) return targets.map(({ model }) => ({ model, weight: 1 }));
  if (weighted.length < targets.length) {
    place.warn("some have a weight and some have not: those without get no requests");
  }
  return weighted.flatMap(({ model, weight }) => (weight === undefined || weight === 0 ? [] : [{ model, weight }]));
}

const readType = oneOf("Exact");
const readWeight = integer(1, MAX_WEIGHT);

const readMatches = listOf<string>((item, place) => {
  const at = place.at("model");
  const match = mapping(item, place);
  const fields = match && mapping(match.model, at);
  if (fields === undefined) return undefined;
  const type = orAbsent(fields.type, "Exact", readType, at.at("type"));
  const value = readModel(fields.value, at.at("value"));
  return type && value;
});

const readTargets = listOf<WeightedTarget>((item, place) => {
  const fields = mapping(item, place);
  if (fields === undefined) return undefined;
  const model = readModel(fields.modelRewrite, place.at("modelRewrite"));
  return model === undefined
    ? undefined
    : { model, weight: orAbsent(fields.weight, undefined, readWeight, place.at("weight")) };
});

function readRule(item: unknown, place: Place): RewriteRule | undefined {
  const fields = mapping(item, place);
  if (fields === undefined) return undefined;
  const models = readMatches(fields.matches ?? [], place.at("matches"));
  const targets = readTargets(fields.targets ?? [], place.at("targets"));
  if (models === undefined || targets === undefined) return undefined;
  return { models, targets: settleWeights(targets, place.at("targets")) };
}

/** InferenceModelRewrite v1alpha2, of either group. */
export const readRewrite: ObjectReader<RewriteRecord> = (object, metadata, place) => {
  const { name, namespace, uid, createdAt } = metadata;
  const found = readSpecOfPool(object, namespace, POOL_GROUP, place);
  if (found === undefined) return undefined;
  const at = place.at("spec").at("rules");
  const items = list(found.spec.rules, at);
  if (items === undefined) return undefined;
  const rules = items.flatMap((item, index) => readRule(item, at.at(index)) ?? []);
  return { key: keyOf(metadata), uid, ref: found.ref, rewrite: { name, createdAt, rules } };
};
