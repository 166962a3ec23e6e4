// What detectors, policies and the flowControl section come to: a plan's admission.

import { BAND_DEFAULT, BAND_EXACT, BAND_NEGATIVE } from "../../wire/layout.ts";
import type { PlanAdmission, PlanBand } from "../../wire/model.ts";
import { PLAIN_ADMISSION, PLAIN_BAND } from "../../wire/plan-settings.ts";
import { parseDuration } from "../support/duration.ts";
import type { Place } from "../support/fields.ts";
import { BAND_BYTES, BAND_REQUESTS, DETECTOR, FAIRNESS, ORDERING, TTL, USAGE_LIMIT } from "./admission-defaults.ts";
import { hasFlowControl } from "./feature-gates.ts";
import type { DeclaredPlugins } from "./read-plugins.ts";
import { quantityValue } from "./readers.ts";
import type { Band, FlowControl, Sections } from "./sections.ts";

/** The policies that are there without being declared. */
export const DEFAULT_POLICIES: readonly string[] = [ORDERING, FAIRNESS, USAGE_LIMIT];

const U32_MAX = 0xffffffff;
const THRESHOLDS = ["queueDepthThreshold", "kvCacheUtilThreshold", "metricsStalenessThreshold"] as const;

type Written = string | number | undefined;

/** 0 counts as left out. */
function some(written: Written, fallback: string | number): string | number {
  return written === undefined || quantityValue(written) === 0 ? fallback : written;
}

function completeBand({ maxBytes, maxRequests, fairnessPolicyRef, orderingPolicyRef, ...rest }: Band): Band {
  return {
    ...rest,
    maxBytes: some(maxBytes, BAND_BYTES),
    maxRequests: some(maxRequests, BAND_REQUESTS),
    fairnessPolicyRef: fairnessPolicyRef ?? FAIRNESS,
    orderingPolicyRef: orderingPolicyRef ?? ORDERING,
  };
}

/** The section with every default filled in. */
export function completeFlowControl(given: FlowControl): FlowControl {
  const defaultRequestTTL = given.defaultRequestTTL ?? TTL;
  const defaultPriorityBand = completeBand(given.defaultPriorityBand ?? {});
  const negative = given.defaultNegativePriorityBand;
  return {
    ...given,
    maxBytes: given.maxBytes ?? 0,
    maxRequests: given.maxRequests ?? 0,
    defaultRequestTTL,
    noEndpointRequestTTL: given.noEndpointRequestTTL ?? defaultRequestTTL,
    defaultPriorityBand,
    defaultNegativePriorityBand: completeBand(negative ?? defaultPriorityBand),
    priorityBands: (given.priorityBands ?? []).map((band) => completeBand({ ...band, priority: band.priority ?? 0 })),
    usageLimitPolicyPluginRef: given.usageLimitPolicyPluginRef ?? USAGE_LIMIT,
  };
}

function requests(written: string | number): number {
  return Math.min(quantityValue(written), U32_MAX);
}

/** Milliseconds; 0 says that there is no limit, so that anything else is at least 1. */
function milliseconds(written: string): number {
  const found = parseDuration(written) ?? 0;
  return found === 0 ? 0 : Math.min(Math.max(Math.round(found), 1), U32_MAX);
}

function policies(band: Band, declared: DeclaredPlugins): Pick<PlanBand, "fairness" | "order" | "halfLife"> {
  const fairness = declared.named(band.fairnessPolicyRef ?? FAIRNESS);
  const ordering = declared.named(band.orderingPolicyRef ?? ORDERING);
  const { fairness: plain, halfLife } = PLAIN_BAND;
  return {
    ...(fairness?.descriptor.share?.(fairness.parameters) ?? { fairness: plain, halfLife }),
    order: ordering?.descriptor.order ?? PLAIN_BAND.order,
  };
}

function settleBand(kind: number, band: Band, declared: DeclaredPlugins): PlanBand {
  return {
    kind,
    priority: kind === BAND_EXACT ? (band.priority ?? 0) : 0,
    maxBytes: BigInt(quantityValue(some(band.maxBytes, BAND_BYTES))),
    maxRequests: requests(some(band.maxRequests, BAND_REQUESTS)),
    ...policies(band, declared),
  };
}

function settleBands(flowControl: FlowControl, declared: DeclaredPlugins, place: Place): readonly PlanBand[] {
  const { priorityBands = [], defaultPriorityBand = {}, defaultNegativePriorityBand } = flowControl;
  const seen = new Map<number, number>();
  for (const [index, { priority = 0 }] of priorityBands.entries()) {
    const other = seen.get(priority);
    const at = place.at("priorityBands").at(index);
    if (other !== undefined) at.refuse(`priority ${priority} is already that of priorityBands[${other}]`);
    seen.set(priority, other ?? index);
  }
  return [
    ...priorityBands.map((band) => settleBand(BAND_EXACT, band, declared)),
    settleBand(BAND_DEFAULT, defaultPriorityBand, declared),
    settleBand(BAND_NEGATIVE, defaultNegativePriorityBand ?? defaultPriorityBand, declared),
  ];
}

/** The thresholds that stand in the section, as they did before detectors were plugins, go before the plugin's own. */
function settleDetector(
  { saturationDetector = {} }: Sections,
  declared: DeclaredPlugins,
  place: Place,
): Pick<PlanAdmission, "detector" | "detectorParameters"> {
  const plain = { detector: PLAIN_ADMISSION.detector, detectorParameters: PLAIN_ADMISSION.detectorParameters };
  const { pluginRef = DETECTOR, ...thresholds } = saturationDetector;
  const found = declared.named(pluginRef);
  if (found?.descriptor.detect === undefined) return plain;
  const takes = found.descriptor.type === DETECTOR;
  for (const name of THRESHOLDS) {
    if (takes || thresholds[name] === undefined) continue;
    place.warn(`${name} of saturationDetector has no effect beside a ${found.descriptor.type}`);
  }
  return found.descriptor.detect(takes ? { ...found.parameters, ...thresholds } : found.parameters);
}

/** The admission of the plan. @param sections with their defaults. */
export function settleAdmission(sections: Sections, declared: DeclaredPlugins, root: Place): PlanAdmission {
  const { flowControl = {} } = sections;
  const detector = settleDetector(sections, declared, root);
  const bands = settleBands(flowControl, declared, root.at("flowControl"));
  if (!hasFlowControl(sections.featureGates)) return { ...PLAIN_ADMISSION, ...detector };
  const limit = declared.named(flowControl.usageLimitPolicyPluginRef ?? USAGE_LIMIT);
  return {
    ...detector,
    flowControl: true,
    usageLimit: limit?.descriptor.limit?.(limit.parameters) ?? PLAIN_ADMISSION.usageLimit,
    queueBytes: BigInt(quantityValue(flowControl.maxBytes ?? 0)),
    queueRequests: requests(flowControl.maxRequests ?? 0),
    ttl: milliseconds(flowControl.defaultRequestTTL ?? TTL),
    noEndpointTtl: milliseconds(flowControl.noEndpointRequestTTL ?? flowControl.defaultRequestTTL ?? TTL),
    bands,
  };
}
