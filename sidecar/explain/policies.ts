// A pool's policies in a snapshot, both ways.

import { MODEL_NAME_MAX, TARGET_WEIGHT_MAX } from "../../wire/layout.ts";
import type { Objective, Policies, Rewrite, RewriteRule } from "../discovery/pool.ts";
import { integer, listOf, mapping, type Place, type Reader, text } from "../support/fields.ts";
import { optional } from "./plan-fields.ts";

/** The fields of a pool that readPolicies reads. */
export const POLICY_FIELDS = ["objectives", "rewrites"];

const readName = text(253);
const readModel = text(MODEL_NAME_MAX);
const readPriority = integer(-0x80000000, 0x7fffffff);
const readWeight = integer(1, TARGET_WEIGHT_MAX);

/** As JSON has them: the time of day in place of a number. */
export function printablePolicies({ objectives, rewrites }: Policies): object {
  return {
    objectives,
    rewrites: rewrites.map(({ createdAt, ...rewrite }) => ({ ...rewrite, createdAt: new Date(createdAt) })),
  };
}

const readObjective: Reader<Objective> = (value, place) => {
  const fields = mapping(value, place, ["name", "priority", "model"]);
  if (fields === undefined) return undefined;
  const read = optional(fields, place);
  const name = readName(fields.name, place.at("name"));
  const priority = read("priority", 0, readPriority);
  const model = read("model", undefined, readModel);
  return name === undefined ? undefined : { name, priority, ...(model !== undefined && { model }) };
};

const readTarget: Reader<RewriteRule["targets"][number]> = (value, place) => {
  const fields = mapping(value, place, ["model", "weight"]);
  if (fields === undefined) return undefined;
  const model = readModel(fields.model, place.at("model"));
  const weight = optional(fields, place)("weight", 1, readWeight);
  return model === undefined ? undefined : { model, weight };
};

const readRule: Reader<RewriteRule> = (value, place) => {
  const fields = mapping(value, place, ["models", "targets"]);
  if (fields === undefined) return undefined;
  const read = optional(fields, place);
  return { models: read("models", [], listOf(readModel)), targets: read("targets", [], listOf(readTarget)) };
};

const readTime: Reader<number> = (value, place) => {
  const time = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? place.expect("a time such as 2026-01-02T03:04:05Z", value) : time;
};

const readRewrite: Reader<Rewrite> = (value, place) => {
  const fields = mapping(value, place, ["name", "createdAt", "rules"]);
  if (fields === undefined) return undefined;
  const read = optional(fields, place);
  const name = readName(fields.name, place.at("name"));
  const createdAt = read("createdAt", 0, readTime);
  const rules = read("rules", [], listOf(readRule));
  return name === undefined ? undefined : { name, createdAt, rules };
};

/** Reads what printablePolicies gives. Rewrites count in the order in which they stand. */
export function readPolicies(fields: Readonly<Record<string, unknown>>, place: Place): Policies {
  const read = optional(fields, place);
  return {
    objectives: read("objectives", [], listOf(readObjective)),
    rewrites: read("rewrites", [], listOf(readRewrite)),
  };
}
