// A plan's admission in a snapshot, both ways.

import { BAND_EXACT, MAX_BANDS } from "../../wire/layout.ts";
import type { PlanAdmission, PlanBand } from "../../wire/model.ts";
import { PLAIN_ADMISSION, PLAIN_BAND } from "../../wire/plan-settings.ts";
import { flag, integer, listOf, mapping, number, type Reader } from "../support/fields.ts";
import { bandNames, detectorNames, fairnessNames, orderNames } from "./names.ts";
import { constant, optional, readParameters } from "./plan-fields.ts";

const ADMISSION_FIELDS = Object.keys(PLAIN_ADMISSION);
const BAND_FIELDS = Object.keys(PLAIN_BAND);
const U32_MAX = 0xffffffff;
const I32_MAX = 0x7fffffff;

const count = integer(0, U32_MAX);
const priority = integer(-I32_MAX - 1, I32_MAX);
const above0 = number({ over: 0 });

function bytes(min: number): Reader<bigint> {
  const read = integer(min);
  return (value, place) => {
    const found = read(value, place);
    return found === undefined ? undefined : BigInt(found);
  };
}

/** As JSON has it: names instead of numbers. */
export function printableAdmission(admission: PlanAdmission): object {
  const { detector, queueBytes, bands } = admission;
  return {
    ...admission,
    detector: detectorNames.name(detector),
    queueBytes: Number(queueBytes),
    bands: bands.map((band) => ({
      ...band,
      kind: bandNames.name(band.kind),
      maxBytes: Number(band.maxBytes),
      fairness: fairnessNames.name(band.fairness),
      order: orderNames.name(band.order),
    })),
  };
}

const readBand: Reader<PlanBand> = (value, place) => {
  const fields = mapping(value, place, BAND_FIELDS);
  if (fields === undefined) return undefined;
  const read = optional(fields, place);
  const kind = read("kind", BAND_EXACT, constant(bandNames));
  return {
    kind,
    priority: read("priority", 0, kind === BAND_EXACT ? priority : integer(0, 0)),
    maxBytes: read("maxBytes", PLAIN_BAND.maxBytes, bytes(1)),
    maxRequests: read("maxRequests", PLAIN_BAND.maxRequests, integer(1, U32_MAX)),
    fairness: read("fairness", PLAIN_BAND.fairness, constant(fairnessNames)),
    order: read("order", PLAIN_BAND.order, constant(orderNames)),
    halfLife: read("halfLife", PLAIN_BAND.halfLife, above0),
  };
};

const readBands: Reader<readonly PlanBand[]> = (value, place) => {
  const bands = listOf(readBand)(value, place);
  if (bands === undefined || bands.length <= MAX_BANDS) return bands;
  return place.refuse(`${bands.length} bands, there may be ${MAX_BANDS}`);
};

/** Reads what printableAdmission gives; what is left out is as in PLAIN_ADMISSION. */
export const readAdmission: Reader<PlanAdmission> = (value, place) => {
  const fields = mapping(value, place, ADMISSION_FIELDS);
  if (fields === undefined) return undefined;
  const read = optional(fields, place);
  return {
    detector: read("detector", PLAIN_ADMISSION.detector, constant(detectorNames)),
    detectorParameters: read("detectorParameters", PLAIN_ADMISSION.detectorParameters, readParameters),
    usageLimit: read("usageLimit", PLAIN_ADMISSION.usageLimit, above0),
    flowControl: read("flowControl", PLAIN_ADMISSION.flowControl, flag),
    queueBytes: read("queueBytes", PLAIN_ADMISSION.queueBytes, bytes(0)),
    queueRequests: read("queueRequests", PLAIN_ADMISSION.queueRequests, count),
    ttl: read("ttl", PLAIN_ADMISSION.ttl, count),
    noEndpointTtl: read("noEndpointTtl", PLAIN_ADMISSION.noEndpointTtl, count),
    bands: read("bands", PLAIN_ADMISSION.bands, readBands),
  };
};
