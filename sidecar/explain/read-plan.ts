// A plan as a snapshot has it.

import { STAGE_PICKER, STAGE_SCORER } from "../../wire/layout.ts";
import type { PlanProfile, PlanSettings, PlanStep, PlanTerm } from "../../wire/model.ts";
import { PLAIN_SETTINGS } from "../../wire/plan-settings.ts";
import { integer, list, listOf, mapping, number, type Place, type Reader, text } from "../support/fields.ts";
import { readAdmission } from "./admission.ts";
import { readLimits } from "./limits.ts";
import { handlerNames, operatorNames, pluginNames, stageOf } from "./names.ts";
import { constant, optional, readParameters } from "./plan-fields.ts";
import type { SnapshotPlan } from "./snapshot.ts";

const PLAN_FIELDS = ["profiles", "settings"];
const PROFILE_FIELDS = ["name", "steps"];
const STEP_FIELDS = ["plugin", "name", "weight", "parameters", "terms", "text"];
const TERM_FIELDS = ["key", "operator", "values"];
const SETTINGS_FIELDS = Object.keys(PLAIN_SETTINGS);
const U32_MAX = 0xffffffff;
const MAX_TEXT = 65_535;

const readName = text(MAX_TEXT);
const readText = text(MAX_TEXT, 0);
const readTerm: Reader<PlanTerm> = (value, place) => {
  const fields = mapping(value, place, TERM_FIELDS);
  if (fields === undefined) return undefined;
  const key = readName(fields.key, place.at("key"));
  const operator = constant(operatorNames)(fields.operator, place.at("operator"));
  const values = optional(fields, place)("values", [], listOf(readText));
  return key === undefined || operator === undefined ? undefined : { key, operator, values };
};

const readStep: Reader<PlanStep> = (value, place) => {
  const fields = mapping(value, place, STEP_FIELDS);
  if (fields === undefined) return undefined;
  const plugin = constant(pluginNames)(fields.plugin, place.at("plugin"));
  if (plugin === undefined) return undefined;
  const type = pluginNames.name(plugin);
  const stage = stageOf(type);
  const isScorer = stage === STAGE_SCORER;
  if (!isScorer && fields.weight !== undefined) place.at("weight").refuse("only scorers have one; leave it out");
  const read = optional(fields, place);
  return {
    stage,
    plugin,
    name: read("name", type, readName),
    weight: isScorer ? read("weight", 1, number()) : 0,
    parameters: read("parameters", [], readParameters),
    terms: read("terms", [], listOf(readTerm)),
    text: read("text", "", readText),
  };
};

const readProfile: Reader<PlanProfile> = (value, place) => {
  const fields = mapping(value, place, PROFILE_FIELDS);
  if (fields === undefined) return undefined;
  const name = readName(fields.name, place.at("name"));
  const section = place.at("steps");
  const items = list(fields.steps, section);
  const steps = items && listOf(readStep)(items, section);
  if (name === undefined || steps === undefined || steps.length < (items?.length ?? 0)) return undefined;
  const isOrdered = steps.every(({ stage }, index) => index === 0 || stage >= steps[index - 1]!.stage);
  if (!isOrdered || steps.filter(({ stage }) => stage === STAGE_PICKER).length !== 1) {
    return section.refuse("must be filters, then scorers, then one picker");
  }
  return { name, steps };
};

function readSettings(value: unknown, place: Place): PlanSettings | undefined {
  const fields = mapping(value, place, SETTINGS_FIELDS);
  if (fields === undefined) return undefined;
  const read = optional(fields, place);
  const count = integer(0, U32_MAX);
  return {
    handler: read("handler", PLAIN_SETTINGS.handler, constant(handlerNames)),
    handlerParameters: read("handlerParameters", PLAIN_SETTINGS.handlerParameters, readParameters),
    blockTokens: read("blockTokens", PLAIN_SETTINGS.blockTokens, count),
    maxBlocks: read("maxBlocks", PLAIN_SETTINGS.maxBlocks, count),
    lruBlocks: read("lruBlocks", PLAIN_SETTINGS.lruBlocks, count),
    outputRatio: read("outputRatio", PLAIN_SETTINGS.outputRatio, number({ min: 0 })),
    outputMax: read("outputMax", PLAIN_SETTINGS.outputMax, count),
    admission: read("admission", PLAIN_SETTINGS.admission, readAdmission),
    limits: read("limits", PLAIN_SETTINGS.limits, readLimits),
  };
}

/** Reads a plan; what else there is to say against it, the filter says. */
export const readPlan: Reader<SnapshotPlan> = (value, place) => {
  const fields = mapping(value, place, PLAN_FIELDS);
  if (fields === undefined) return undefined;
  const profiles = listOf(readProfile)(fields.profiles, place.at("profiles"));
  const settings = optional(fields, place)("settings", PLAIN_SETTINGS, readSettings);
  return profiles === undefined ? undefined : { profiles, settings };
};
