// Everything beside plugins and profiles: what the two API groups say in different places, in one form.

import { MAX_BANDS } from "../../wire/layout.ts";
import { counting, flag, integer, listOf, number, type Place, type Reader, taking } from "../support/fields.ts";
import { BAND_BYTES, BAND_REQUESTS, DETECTOR, FAIRNESS, ORDERING, TTL, USAGE_LIMIT } from "./admission-defaults.ts";
import type { ApiGroup } from "./api-group.ts";
import { hasFlowControl, readFeatureGates } from "./feature-gates.ts";
import type { Stage } from "./plugins/plugin.ts";
import { duration, lenient, quantity, someDuration } from "./readers.ts";
import { idle, optional, pluginName, readShape, record, required, type Shape, type Values } from "./shape.ts";

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
  const extractor = record({ pluginRef: required("who reads", refer("extractor", "data producer")) });
  const source = record({
    pluginRef: required("who asks", refer("data source", "data producer")),
    extractors: optional("who reads the answers", listOf(extractor)),
  });
  return {
    injectDefaults: idle("the sources that are usual are there without being listed", flag, true),
    sources: optional("where data of endpoints comes from; the built-in scrape is always there", listOf(source)),
    discovery: idle(
      "where endpoints come from; here the flags of `serve` say it",
      record({ pluginRef: required("who finds them", refer("endpoint discovery")) }),
    ),
    peerDiscovery: idle(
      "where other replicas are; here `serve --redis` says it",
      record({ pluginRef: required("who finds them", pluginName) }),
    ),
    crossReplicaSyncerPluginRef: idle(
      "who tells replicas of each other; here `serve --redis`",
      refer("replica syncer"),
    ),
    crossReplicaSyncInterval: idle("how often", duration),
  };
}

function bandShape(refer: Refer) {
  return {
    priority: optional("of the requests, in priorityBands; left out: 0", integer(-0x80000000, 0x7fffffff)),
    maxBytes: optional(`of bodies that may wait in it; left out or 0: ${BAND_BYTES}`, counting("bytes", quantity)),
    maxRequests: optional(`that may wait in it; left out or 0: ${BAND_REQUESTS}`, counting("requests", quantity)),
    fairnessPolicyRef: optional(`how flows share; left out: ${FAIRNESS}`, refer("fairness policy")),
    orderingPolicyRef: optional(
      `in which order requests of a flow go; left out: ${ORDERING}`,
      refer("ordering policy"),
    ),
  };
}

function detectorShape(refer: Refer) {
  return {
    pluginRef: optional(`who tells; left out: ${DETECTOR}`, refer("saturation detector")),
    // The thresholds stood here before the detector was a plugin.
    queueDepthThreshold: optional(
      "older place of the detector's parameter, and goes before it",
      counting(
        "requests",
        lenient(integer(0), (value) => value || 5, "; 0 counts as 5"),
      ),
    ),
    kvCacheUtilThreshold: optional(
      "likewise",
      lenient(number({ min: 0, max: 1 }), (value) => value || 0.8, "; 0 counts as 0.8"),
    ),
    metricsStalenessThreshold: optional("likewise", someDuration),
  };
}

function flowControlShape(refer: Refer) {
  const band = record(bandShape(refer));
  return {
    maxBytes: optional("of bodies that may wait over all bands; left out or 0: no limit", counting("bytes", quantity)),
    maxRequests: optional("that may wait over all bands; left out or 0: no limit", counting("requests", quantity)),
    defaultRequestTTL: optional(`how long a request waits; left out: ${TTL}; 0s: without end`, duration),
    noEndpointRequestTTL: optional(
      "the same while no endpoint takes requests; left out: as defaultRequestTTL",
      duration,
    ),
    defaultPriorityBand: optional("for priorities without one of their own", band),
    defaultNegativePriorityBand: optional("the same below 0; left out: as defaultPriorityBand", band),
    priorityBands: optional(`bands of single priorities; ${MAX_BANDS - 2} at most`, listOf(band)),
    usageLimitPolicyPluginRef: optional(
      `from which saturation on requests wait; left out: ${USAGE_LIMIT}`,
      refer("usage limit policy"),
    ),
    saturationDetector: optional("what tells that the pool is full", record(detectorShape(refer))),
    enableEviction: idle("running requests may be ended for others", flag, false),
  };
}

function handlerShape(refer: Refer) {
  return {
    parsers: optional(
      "all that may be needed; those of the APIs here are always at work",
      listOf(record(parserShape(refer))),
    ),
  };
}

function parserShape(refer: Refer) {
  return { pluginRef: required("who reads bodies", refer("parser")) };
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

/** The sections of any group by their names, and what each is for. */
export const SECTION_FIELDS = {
  featureGates: "what is switched on, each with `=true` or `=false`, or as it is, which means true",
  dataLayer: "where data of endpoints comes from",
  data: "older name of dataLayer",
  flowControl:
    "how requests wait while the pool is saturated; but for saturationDetector only with the gate flowControl",
  saturationDetector: "what tells that the pool is saturated; flowControl.saturationDetector goes before it",
  requestHandler: "who reads bodies",
  parser: "older place of requestHandler.parsers, for one",
} as const;

/** What takes names of plugins of some stages. */
function named(stages: readonly Stage[]): string {
  const first = stages[0] ?? "";
  return `the name of ${/^[aeiou]/.test(first) ? "an" : "a"} ${stages.join(" or ")}`;
}

/** What the sections are made of, each by its name. */
export function sectionShapes(): Readonly<Record<string, Shape>> {
  const refer: Refer = (...stages) => taking(named(stages), pluginName);
  return {
    dataLayer: dataLayerShape(refer),
    flowControl: flowControlShape(refer),
    saturationDetector: detectorShape(refer),
    requestHandler: handlerShape(refer),
    parser: parserShape(refer),
  };
}

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
  const place = root.at("requestHandler");
  const handler = readShape(handlerShape(refer), fields.requestHandler, place);
  const parser = given(fields.parser) ? readShape(parserShape(refer), fields.parser, root.at("parser")) : undefined;
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
  const refer: Refer = (...stages) =>
    taking(named(stages), (value, place) => {
      const name = pluginName(value, place);
      if (name !== undefined) references.push({ name, stages, place });
      return name;
    });
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
