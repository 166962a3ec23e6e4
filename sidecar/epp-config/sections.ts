// Everything beside plugins and profiles: what the two API groups say in different places, in one form.

import { flag, integer, listOf, number, type Place, type Reader } from "../support/fields.ts";
import type { ApiGroup } from "./api-group.ts";
import { hasFlowControl, readFeatureGates } from "./feature-gates.ts";
import type { Stage } from "./plugins/plugin.ts";
import { duration, lenient, quantity, someDuration } from "./readers.ts";
import { idle, optional, pluginName, readShape, record, required, type Values } from "./shape.ts";

/** A place that names a plugin. */
export interface Reference {
  readonly name: string;
  /** What the plugin may be. */
  readonly stages: readonly Stage[];
  readonly place: Place;
}

/** Makes a reader of names that puts them on a list. */
type Refer = (...stages: Stage[]) => Reader<string>;

function dataLayerShape(refer: Refer) {
  // Producers take notifications of sources too.
  const extractor = record({ pluginRef: required(refer("extractor", "data producer")) });
  return {
    injectDefaults: idle(flag, true),
    sources: optional(
      listOf(
        record({ pluginRef: required(refer("data source", "data producer")), extractors: optional(listOf(extractor)) }),
      ),
    ),
    discovery: idle(record({ pluginRef: required(refer("endpoint discovery")) })),
    peerDiscovery: idle(record({ pluginRef: required(pluginName) })),
    crossReplicaSyncerPluginRef: idle(refer("replica syncer")),
    crossReplicaSyncInterval: idle(duration),
  };
}

function bandShape(refer: Refer) {
  return {
    priority: optional(integer(-0x80000000, 0x7fffffff)),
    maxBytes: optional(quantity),
    maxRequests: optional(quantity),
    fairnessPolicyRef: optional(refer("fairness policy")),
    orderingPolicyRef: optional(refer("ordering policy")),
  };
}

function detectorShape(refer: Refer) {
  return {
    pluginRef: optional(refer("saturation detector")),
    // The thresholds stood here before the detector was a plugin.
    queueDepthThreshold: optional(lenient(integer(0), (value) => value || 5)),
    kvCacheUtilThreshold: optional(lenient(number({ min: 0, max: 1 }), (value) => value || 0.8)),
    metricsStalenessThreshold: optional(someDuration),
  };
}

function flowControlShape(refer: Refer) {
  const band = record(bandShape(refer));
  return {
    maxBytes: optional(quantity),
    maxRequests: optional(quantity),
    defaultRequestTTL: optional(duration),
    noEndpointRequestTTL: optional(duration),
    defaultPriorityBand: optional(band),
    defaultNegativePriorityBand: optional(band),
    priorityBands: optional(listOf(band)),
    usageLimitPolicyPluginRef: optional(refer("usage limit policy")),
    saturationDetector: optional(record(detectorShape(refer))),
    enableEviction: idle(flag, false),
  };
}

function parserShape(refer: Refer) {
  return { pluginRef: required(refer("parser")) };
}

/** Where data comes from. */
export type DataLayer = Values<ReturnType<typeof dataLayerShape>>;
/** How requests of one priority wait. */
export type Band = Values<ReturnType<typeof bandShape>>;
/** How requests wait, but for the saturation detector. */
export type FlowControl = Omit<Values<ReturnType<typeof flowControlShape>>, "saturationDetector">;
/** What tells that the pool is saturated. */
export type Detector = Values<ReturnType<typeof detectorShape>>;

/** The sections of a configuration; undefined: not there. */
export interface Sections {
  readonly featureGates: readonly string[];
  readonly dataLayer: DataLayer | undefined;
  readonly flowControl: FlowControl | undefined;
  readonly saturationDetector: Detector | undefined;
  /** Names of the parsers. */
  readonly parsers: readonly string[] | undefined;
}

/** The names of the sections, in any group. */
export const SECTION_FIELDS = [
  "featureGates",
  "dataLayer",
  "data",
  "flowControl",
  "saturationDetector",
  "requestHandler",
  "parser",
] as const;

type Fields = Readonly<Record<string, unknown>>;

function given(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function readDataLayer(fields: Fields, root: Place, refer: Refer): DataLayer | undefined {
  if (given(fields.data) && given(fields.dataLayer)) {
    root.at("data").refuse("is an older name of dataLayer, and cannot stand beside it");
  }
  const field = given(fields.dataLayer) ? "dataLayer" : "data";
  return given(fields[field]) ? readShape(dataLayerShape(refer), fields[field], root.at(field)) : undefined;
}

function readParsers(fields: Fields, root: Place, refer: Refer): readonly string[] | undefined {
  const shape = parserShape(refer);
  const place = root.at("requestHandler");
  const handler = readShape({ parsers: optional(listOf(record(shape))) }, fields.requestHandler, place);
  const parser = given(fields.parser) ? readShape(shape, fields.parser, root.at("parser")) : undefined;
  const several = handler.parsers?.flatMap(({ pluginRef }) => pluginRef ?? []) ?? [];
  if (several.length > 0) {
    if (parser !== undefined) root.at("parser").warn("parser has no effect beside requestHandler.parsers");
    return several;
  }
  return parser?.pluginRef === undefined ? undefined : [parser.pluginRef];
}

function readFlowControl(
  fields: Fields,
  root: Place,
  refer: Refer,
  gates: readonly string[],
): Pick<Sections, "flowControl" | "saturationDetector"> {
  const place = root.at("flowControl");
  const { saturationDetector: inside, ...others } = readShape(flowControlShape(refer), fields.flowControl, place);
  const at = root.at("saturationDetector");
  const outside = given(fields.saturationDetector)
    ? readShape(detectorShape(refer), fields.saturationDetector, at)
    : undefined;
  if (inside !== undefined && outside !== undefined) {
    at.warn("saturationDetector has no effect beside flowControl.saturationDetector");
  }
  const anything = Object.keys(others).length > 0;
  if (anything && !hasFlowControl(gates)) {
    place.warn("flowControl has no effect without the feature gate flowControl, but for saturationDetector");
  }
  return { flowControl: anything ? others : undefined, saturationDetector: inside ?? outside };
}

/** Reads all sections beside plugins and profiles, and gathers where they name plugins. */
export function readSections(fields: Fields, root: Place): { sections: Sections; references: readonly Reference[] } {
  const references: Reference[] = [];
  const refer: Refer =
    (...stages) =>
    (value, place) => {
      const name = pluginName(value, place);
      if (name !== undefined) references.push({ name, stages, place });
      return name;
    };
  const featureGates = readFeatureGates(fields.featureGates, root.at("featureGates"));
  const sections = {
    featureGates,
    dataLayer: readDataLayer(fields, root, refer),
    parsers: readParsers(fields, root, refer),
    ...readFlowControl(fields, root, refer, featureGates),
  };
  return { sections, references };
}

/** The sections as they stand in a document of the group, but for the feature gates, which go before the plugins. */
export function printSections(sections: Sections, group: ApiGroup): object {
  const { dataLayer, flowControl, saturationDetector, parsers = [] } = sections;
  const references = parsers.map((pluginRef) => ({ pluginRef }));
  const newer = group === "llm-d.ai";
  const inside = newer && saturationDetector !== undefined ? { saturationDetector } : {};
  const control = { ...flowControl, ...inside };
  return {
    ...(dataLayer !== undefined && { dataLayer }),
    ...(Object.keys(control).length > 0 && { flowControl: control }),
    ...(!newer && saturationDetector !== undefined && { saturationDetector }),
    // The older group has room for one parser only.
    ...(newer || references.length > 1 ? { requestHandler: { parsers: references } } : { parser: references[0] }),
  };
}
