// Objectives and rewrites of an endpoint file, with the field names of the CRDs.

import { encodePolicy } from "../../wire/encode.ts";
import { MODEL_NAME_MAX, TARGET_WEIGHT_MAX } from "../../wire/layout.ts";
import { integer, list, listOf, mapping, oneOf, type Place, type Reader, show, text } from "../support/fields.ts";
import { settleWeights, type WeightedTarget } from "./kubernetes/rewrite.ts";
import type { Objective, Policies, Rewrite, RewriteRule } from "./pool.ts";

/** The fields of a pool that readPolicies reads. */
export const POLICY_FIELDS = {
  objectives: "a list, as InferenceObjective has them; left out, none",
  rewrites: "a list, as InferenceModelRewrite has them; of two that match, the first counts; left out, none",
} as const;

const OBJECTIVE_FIELDS = {
  name: "what requests call it in their header; each once; required",
  priority: "an integer of 32 bits, higher before lower; left out 0",
} as const;
const REWRITE_FIELDS = {
  name: "what messages call it; each once; required",
  rules: "a list; required",
} as const;
const RULE_FIELDS = {
  matches: "a list; it is for requests that one of them fits; left out, for all",
  targets: "a list of models that requests get, shared out by weight; left out, the model stays",
} as const;
const MATCH_FIELDS = { model: "what is asked for; required" } as const;
const MODEL_FIELDS = {
  type: "`Exact`; left out, that",
  value: `the model's name, ${MODEL_NAME_MAX} bytes at most; required`,
} as const;
const TARGET_FIELDS = {
  modelRewrite: `the model's name, ${MODEL_NAME_MAX} bytes at most; required`,
  weight: `an integer from 1 to ${TARGET_WEIGHT_MAX}; all targets of a rule have one or none`,
} as const;

/** The mappings below these fields, by what they are. */
export const POLICY_PARTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "An entry of `objectives`": OBJECTIVE_FIELDS,
  "An entry of `rewrites`": REWRITE_FIELDS,
  "An entry of `rules`": RULE_FIELDS,
  "An entry of `matches`": MATCH_FIELDS,
  "`model` of a match": MODEL_FIELDS,
  "An entry of `targets`": TARGET_FIELDS,
};

const readName = text(253);
const readModel = text(MODEL_NAME_MAX);
const readPriority = integer(-0x80000000, 0x7fffffff);
const readWeight = integer(1, TARGET_WEIGHT_MAX);
const readType = oneOf("Exact");

/** A mapping of these fields that is read as a whole or not at all. */
function whole<T>(known: object, read: (fields: Readonly<Record<string, unknown>>, place: Place) => T) {
  return (value: unknown, place: Place): T | undefined => {
    const before = place.findings.problems.length;
    const fields = mapping(value, place, Object.keys(known));
    if (fields === undefined) return undefined;
    const found = read(fields, place);
    return place.findings.problems.length > before ? undefined : found;
  };
}

const readObjective: Reader<Objective> = whole(OBJECTIVE_FIELDS, ({ name, priority }, place) => ({
  name: readName(name, place.at("name")) ?? "",
  priority: priority === undefined ? 0 : (readPriority(priority, place.at("priority")) ?? 0),
}));

const readMatchModel: Reader<string> = whole(MODEL_FIELDS, ({ type, value }, place) => {
  if (type !== undefined) readType(type, place.at("type"));
  return readModel(value, place.at("value")) ?? "";
});

const readMatch: Reader<string> = whole(
  MATCH_FIELDS,
  ({ model }, place) => readMatchModel(model, place.at("model")) ?? "",
);

const readTarget: Reader<WeightedTarget> = whole(TARGET_FIELDS, ({ modelRewrite, weight }, place) => ({
  model: readModel(modelRewrite, place.at("modelRewrite")) ?? "",
  weight: weight === undefined ? undefined : readWeight(weight, place.at("weight")),
}));

const readRule: Reader<RewriteRule> = whole(RULE_FIELDS, ({ matches = [], targets = [] }, place) => {
  const at = place.at("targets");
  const models = listOf(readMatch)(matches, place.at("matches")) ?? [];
  return { models, targets: settleWeights(listOf(readTarget)(targets, at) ?? [], at) };
});

const readRewrite: Reader<Rewrite> = whole(REWRITE_FIELDS, ({ name, rules }, place) => ({
  name: readName(name, place.at("name")) ?? "",
  createdAt: 0,
  rules: listOf(readRule)(rules, place.at("rules")) ?? [],
}));

/** A list in which each name stands once. */
function named<T extends { readonly name: string }>(value: unknown, place: Place, read: Reader<T>): readonly T[] {
  const places = new Map<string, string>();
  return (list(value ?? [], place) ?? []).flatMap((item, index) => {
    const at = place.at(index);
    const found = read(item, at);
    if (found === undefined) return [];
    const other = places.get(found.name);
    if (other !== undefined) at.at("name").refuse(`${show(found.name)} is already ${other}`);
    places.set(found.name, other ?? at.text);
    return [found];
  });
}

/**
 * Reads what a pool's requests are subject to. The order of rewrites is that of the file: of two that match, the first
 * counts.
 */
export function readPolicies(fields: Readonly<Record<string, unknown>>, pool: string, place: Place): Policies {
  const before = place.findings.problems.length;
  const objectives = named(fields.objectives, place.at("objectives"), readObjective);
  const rewrites = named(fields.rewrites, place.at("rewrites"), readRewrite);
  if (place.findings.problems.length === before) {
    try {
      encodePolicy({ pool, epoch: 0n, objectives, rules: rewrites.flatMap(({ rules }) => rules) });
    } catch (error) {
      place.refuse(`objectives and rewrites are more than a gateway takes: ${(error as Error).message}`);
    }
  }
  return { objectives, rewrites };
}
