import { integer } from "../../support/fields.ts";
import type { Objective } from "../pool.ts";
import { type PoolRef, readSpecOfPool } from "./pool-ref.ts";
import { keyOf, type ObjectReader, type ObjectRecord, orAbsent } from "./read-object.ts";
import { POOL_GROUP } from "./scope.ts";

/** What is kept of an objective. */
export interface ObjectiveRecord extends ObjectRecord {
  readonly ref: PoolRef;
  readonly objective: Objective;
}

const readPriority = integer(-(2 ** 31), 2 ** 31 - 1);

/** InferenceObjective v1alpha2, of either group; without a priority it is 0. */
export const readObjective: ObjectReader<ObjectiveRecord> = (object, metadata, place) => {
  const { name, namespace, uid } = metadata;
  const found = readSpecOfPool(object, namespace, POOL_GROUP, place);
  if (found === undefined) return undefined;
  const priority = orAbsent(found.spec.priority, 0, readPriority, place.at("spec").at("priority"));
  if (priority === undefined) return undefined;
  return { key: keyOf(metadata), uid, ref: found.ref, objective: { name, priority } };
};
