// A plan's rate limits in a snapshot: as they are.

import { MAX_LIMITS } from "../../wire/layout.ts";
import type { PlanLimit } from "../../wire/model.ts";
import { flag, listOf, mapping, number, type Reader, text } from "../support/fields.ts";
import { optional } from "./plan-fields.ts";

const FIELDS = ["name", "models", "header", "perModel", "requests", "tokens", "per", "burst"];
const MAX_TEXT = 65_535;
const MINUTE = 60_000_000;

const readName = text(MAX_TEXT);
const some = number({ min: 0 });
const above0 = number({ over: 0 });

const readLimit: Reader<PlanLimit> = (value, place) => {
  const fields = mapping(value, place, FIELDS);
  const name = fields && readName(fields.name, place.at("name"));
  if (fields === undefined || name === undefined) return undefined;
  const read = optional(fields, place);
  const per = read("per", MINUTE, above0);
  return {
    name,
    models: read("models", [], listOf(readName)),
    header: read("header", "", text(MAX_TEXT, 0)),
    perModel: read("perModel", true, flag),
    requests: read("requests", 0, some),
    tokens: read("tokens", 0, some),
    per,
    burst: read("burst", per, above0),
  };
};

/** Reads limits; of two with one name the filter tells. */
export const readLimits: Reader<readonly PlanLimit[]> = (value, place) => {
  const limits = listOf(readLimit)(value, place);
  if (limits === undefined || limits.length <= MAX_LIMITS) return limits;
  return place.refuse(`${limits.length} limits, there may be ${MAX_LIMITS}`);
};
