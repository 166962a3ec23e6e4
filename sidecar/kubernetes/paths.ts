import type { Resource, Selection } from "./resource.ts";

/** Options of a list or a watch, as the API names them; those left undefined are left out. */
export type Query = Readonly<Record<string, string | undefined>>;

/** Path of a group and version, without those of the core group at its own place. */
function groupPath({ group, version }: Resource): string {
  return group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
}

/** Path and query of a request for the objects of a selection. */
export function pathOf({ resource, namespace, labelSelector, fieldSelector }: Selection, query: Query): string {
  const folder = namespace === undefined ? "" : `/namespaces/${encodeURIComponent(namespace)}`;
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries({ labelSelector, fieldSelector, ...query })) {
    if (value !== undefined && value !== "") parameters.set(name, value);
  }
  const tail = parameters.size === 0 ? "" : `?${parameters}`;
  return `${groupPath(resource)}${folder}/${resource.plural}${tail}`;
}

/** A resource as RBAC and kubectl name it, for instance `inferencepools.inference.networking.k8s.io`. */
export function resourceName({ group, plural }: Resource): string {
  return group === "" ? plural : `${plural}.${group}`;
}
