import { list, mapping, type Place, show } from "../../support/fields.ts";
import type { LabelSet, LabelSets } from "./label-sets.ts";
import { type Fields, keyOf, type ObjectReader, type ObjectRecord, optional } from "./read-object.ts";

/** What is kept of a pod. */
export interface PodRecord extends ObjectRecord {
  /** Empty until it has one. */
  readonly ip: string;
  /** Its Ready condition is true. */
  readonly ready: boolean;
  /** It has been told to end. */
  readonly terminating: boolean;
  /** `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`. */
  readonly phase: string;
  readonly labels: LabelSet;
  /** Milliseconds of the wall clock. */
  readonly createdAt: number;
  /** Empty until it has one, and where nobody asks for nodes. */
  readonly node: string;
  /** Those of the pool's ports that it serves, separated by commas; undefined: all. */
  readonly activePorts: string | undefined;
}

/** Annotations that name the ports which a pod serves; the first one present counts. */
const ACTIVE_PORTS = ["llm-d.ai/active-ports", "inference.networking.k8s.io/active-ports"] as const;

function textOf(fields: Fields, name: string, place: Place): string {
  const value = fields[name];
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value;
  place.at(name).refuse(`must be a string, is ${show(value)}`);
  return "";
}

function isReady(status: Fields, place: Place): boolean {
  const at = place.at("conditions");
  const conditions = list(status.conditions ?? [], at) ?? [];
  const ready = conditions.find((condition) => (condition as Fields | null)?.type === "Ready");
  return (ready as Fields | undefined)?.status === "True";
}

function ipOf(status: Fields, place: Place): string {
  const ip = textOf(status, "podIP", place);
  if (ip !== "") return ip;
  const at = place.at("podIPs");
  const [first] = list(status.podIPs ?? [], at) ?? [];
  return first === undefined ? "" : textOf(mapping(first, at.at(0)) ?? {}, "ip", at.at(0));
}

function readLabels(labels: Fields, place: Place, sets: LabelSets): LabelSet | undefined {
  for (const [key, value] of Object.entries(labels)) {
    if (typeof value !== "string") return place.at(key).refuse(`must be a string, is ${show(value)}`);
  }
  return sets.of(labels as Readonly<Record<string, string>>);
}

/** How pods are read. @param nodes whether to keep which node they are on. */
export function podReader(sets: LabelSets, nodes: boolean): ObjectReader<PodRecord> {
  return (object, metadata, place) => {
    const labelsAt = place.at("metadata").at("labels");
    const labels = readLabels(metadata.labels, labelsAt, sets);
    const status = optional(object, "status", place);
    const statusAt = place.at("status");
    const spec = nodes ? optional(object, "spec", place) : {};
    const active = ACTIVE_PORTS.find((name) => typeof metadata.annotations[name] === "string");
    const ip = ipOf(status, statusAt);
    const ready = isReady(status, statusAt);
    const phase = textOf(status, "phase", statusAt);
    const node = textOf(spec, "nodeName", place.at("spec"));
    if (labels === undefined) return undefined;
    for (const [label, problem] of labels.problems) labelsAt.at(label).warn(problem);
    return {
      key: keyOf(metadata),
      uid: metadata.uid,
      ip,
      ready,
      terminating: metadata.deleting,
      phase,
      labels,
      createdAt: metadata.createdAt,
      node,
      activePorts: active && (metadata.annotations[active] as string),
    };
  };
}

/** Whether two records say the same of a pod. */
export function samePod(a: PodRecord, b: PodRecord): boolean {
  return (
    a.key === b.key &&
    a.uid === b.uid &&
    a.ip === b.ip &&
    a.ready === b.ready &&
    a.terminating === b.terminating &&
    a.phase === b.phase &&
    a.labels === b.labels &&
    a.createdAt === b.createdAt &&
    a.node === b.node &&
    a.activePorts === b.activePorts
  );
}
