// What people are told of a collection that is not well.

import { ApiError } from "./errors.ts";
import { resourceName } from "./paths.ts";
import type { Resource, Selection } from "./resource.ts";

/** What is done with objects, as RBAC names it. */
export type Verb = "list" | "watch";

function kindIn({ resource, namespace }: Selection): string {
  return `${resourceName(resource)} in ${namespace === undefined ? "all namespaces" : `namespace "${namespace}"`}`;
}

/** Objects, where they are and which of them, for instance `pods in namespace "default", app=vllm`. */
export function describe(selection: Selection): string {
  const { labelSelector, fieldSelector } = selection;
  const which = [labelSelector, fieldSelector].filter((selector) => selector !== undefined);
  return [kindIn(selection), ...which].join(", ");
}

/** The kind of role that lets objects of a namespace be read, or of all where it is left out. */
export function roleFor(namespace: string | undefined): string {
  return namespace === undefined ? "ClusterRole" : `Role in namespace "${namespace}"`;
}

/** The rules of a role that let these be read, one per API group, as YAML. */
export function rulesFor(resources: readonly Resource[]): string[] {
  return [...Map.groupBy(resources, ({ group }) => group)].map(([group, those]) => {
    const plurals = [...new Set(those.map(({ plural }) => `"${plural}"`))].join(", ");
    return `{apiGroups: ["${group}"], resources: [${plurals}], verbs: ["list", "watch"]}`;
  });
}

/** That objects may not be read, and the rule that would allow it. */
export function deniedProblem(verb: Verb, selection: Selection, error: Error): string {
  const fix = `give the sidecar's user a ${roleFor(selection.namespace)} with ${rulesFor([selection.resource])}`;
  return `may not ${verb} ${kindIn(selection)} (${error.message}): ${fix}`;
}

/** That there is no such kind. */
export function absentProblem({ resource }: Selection): string {
  const { group, version, plural } = resource;
  if (group === "") return `the API server knows no ${plural} of version ${version}`;
  return `the API server knows no ${resourceName(resource)} of version ${version}: its CustomResourceDefinition is not installed`;
}

/** That objects are not read at present. */
export function awayProblem(server: string, selection: Selection, error: Error, since: Date): string {
  const what = `cannot read ${kindIn(selection)} since ${since.toISOString()}`;
  if (!(error instanceof ApiError)) return `${what}: API server ${server}: ${error.message}`;
  const fix = error.status === 401 ? ": its credentials are not accepted" : "";
  return `${what}: API server ${server} answers ${error.status}${fix} (${error.message})`;
}
