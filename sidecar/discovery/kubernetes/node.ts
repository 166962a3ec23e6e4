import { keyOf, type ObjectReader, type ObjectRecord } from "./read-object.ts";

/** [Label](https://kubernetes.io/docs/reference/labels-annotations-taints/) of nodes and, by some, of pods. */
export const ZONE_LABEL = "topology.kubernetes.io/zone";

/** What is kept of a node. */
export interface NodeRecord extends ObjectRecord {
  readonly name: string;
  readonly zone: string;
}

/** Nodes that say in which zone they are; of others there is nothing to keep. */
export const readNode: ObjectReader<NodeRecord> = (_, metadata) => {
  const { name, uid, labels } = metadata;
  const zone = labels[ZONE_LABEL];
  return typeof zone === "string" && zone !== "" ? { key: keyOf(metadata), uid, name, zone } : undefined;
};
