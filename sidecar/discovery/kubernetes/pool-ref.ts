import { mapping, type Place } from "../../support/fields.ts";
import { type Fields, keyOf, optional, orAbsent, readName } from "./read-object.ts";
import { OLD_POOL_GROUP, POOL_GROUP, type PoolGroup } from "./scope.ts";

/** The pool that an object is about. */
export interface PoolRef {
  readonly group: PoolGroup;
  /** `namespace/name`: a reference stays in its namespace. */
  readonly pool: string;
}

function isPoolGroup(group: string): group is PoolGroup {
  return group === POOL_GROUP || group === OLD_POOL_GROUP;
}

/**
 * Reads `spec.poolRef`.
 * @param defaultGroup what an object of this kind means by a reference without a group.
 * @returns undefined where it refers to no InferencePool, which is no problem of anybody's here, or is wrong.
 */
function readPoolRef(spec: Fields, namespace: string, defaultGroup: PoolGroup, place: Place): PoolRef | undefined {
  const at = place.at("poolRef");
  const fields = mapping(spec.poolRef, at);
  if (fields === undefined) return undefined;
  const name = readName(fields.name, at.at("name"));
  const read = (field: string, absent: string): string | undefined =>
    fields[field] === "" ? absent : orAbsent(fields[field], absent, readName, at.at(field));
  const group = read("group", defaultGroup);
  const kind = read("kind", "InferencePool");
  if (name === undefined || group === undefined || kind !== "InferencePool" || !isPoolGroup(group)) return undefined;
  return { group, pool: keyOf({ namespace, name }) };
}

/** An object's spec and the pool that it is about. */
export function readSpecOfPool(
  object: Fields,
  namespace: string,
  defaultGroup: PoolGroup,
  place: Place,
): { spec: Fields; ref: PoolRef } | undefined {
  const spec = optional(object, "spec", place);
  const ref = readPoolRef(spec, namespace, defaultGroup, place.at("spec"));
  return ref && { spec, ref };
}
