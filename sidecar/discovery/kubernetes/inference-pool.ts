// InferencePool, of both groups.

import { integer, listOf, mapping, type Place, text } from "../../support/fields.ts";
import { type Fields, keyOf, type Metadata, type ObjectReader, type ObjectRecord } from "./read-object.ts";
import { OLD_POOL_GROUP, POOL_GROUP, type PoolGroup } from "./scope.ts";

/** What is kept of a pool. */
export interface PoolRecord extends ObjectRecord {
  readonly namespace: string;
  readonly name: string;
  readonly group: PoolGroup;
  /** As the API takes it, the same text for the same labels. */
  readonly selector: string;
  /** 1 to 8, each once; a port's index is its rank. */
  readonly targetPorts: readonly number[];
}

const MAX_PORTS = 8;

/** [A label](https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/): nothing ends a selector early. */
const LABEL_KEY = /^([a-z0-9.-]+\/)?[A-Za-z0-9]([\w.-]*[A-Za-z0-9])?$/;
const LABEL_VALUE = /^([A-Za-z0-9]([\w.-]*[A-Za-z0-9])?)?$/;

const readPort = integer(1, 65535);
const readValue = text(63, 0);

const readPorts = listOf<number>((item, place) => {
  const fields = mapping(item, place);
  return fields && readPort(fields.number, place.at("number"));
});

function readLabels(value: unknown, place: Place): string | undefined {
  const fields = mapping(value, place);
  if (fields === undefined) return undefined;
  const terms = Object.entries(fields).map(([key, item]) => {
    if (!LABEL_KEY.test(key)) place.at(key).refuse("is not a label's key");
    const label = readValue(item, place.at(key)) ?? "";
    if (!LABEL_VALUE.test(label)) place.at(key).refuse(`${JSON.stringify(label)} is not a label's value`);
    return `${key}=${label}`;
  });
  // An empty selector takes every pod of the namespace, which nobody means.
  if (terms.length === 0) return place.refuse("must have at least one label");
  return terms.sort().join(",");
}

interface Spec {
  readonly selector: string | undefined;
  readonly targetPorts: readonly number[] | undefined;
}

function reader(group: PoolGroup, readSpec: (spec: Fields, place: Place) => Spec): ObjectReader<PoolRecord> {
  return (object, metadata: Metadata, place) => {
    const at = place.at("spec");
    const fields = mapping(object.spec, at);
    if (fields === undefined) return undefined;
    const { selector, targetPorts } = readSpec(fields, at);
    if (selector === undefined || targetPorts === undefined) return undefined;
    const { namespace, name, uid } = metadata;
    return { key: keyOf(metadata), uid, namespace, name, group, selector, targetPorts };
  };
}

/** InferencePool v1: `selector.matchLabels`, `targetPorts[].number`. */
export const readPool = reader(POOL_GROUP, (spec, place) => {
  const selectorAt = place.at("selector");
  const selector = mapping(spec.selector, selectorAt);
  const portsAt = place.at("targetPorts");
  const before = place.findings.problems.length;
  let targetPorts = readPorts(spec.targetPorts, portsAt);
  if (targetPorts !== undefined && place.findings.problems.length === before) {
    if (targetPorts.length < 1 || targetPorts.length > MAX_PORTS) {
      targetPorts = portsAt.refuse(`must have 1 to ${MAX_PORTS} ports, has ${targetPorts.length}`);
    } else if (new Set(targetPorts).size < targetPorts.length) {
      targetPorts = portsAt.refuse(`must not have a port twice: ${targetPorts.join(", ")}`);
    }
  }
  return { selector: selector && readLabels(selector.matchLabels, selectorAt.at("matchLabels")), targetPorts };
});

/** InferencePool v1alpha2: `selector` is a mapping of labels, `targetPortNumber` the one port. */
export const readOldPool = reader(OLD_POOL_GROUP, (spec, place) => {
  const port = readPort(spec.targetPortNumber, place.at("targetPortNumber"));
  return {
    selector: readLabels(spec.selector, place.at("selector")),
    targetPorts: port === undefined ? undefined : [port],
  };
});
