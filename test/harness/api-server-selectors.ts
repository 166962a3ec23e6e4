// Label and field selectors as an API server takes them.

import type { KubernetesObject } from "./api-server-store.ts";

type Requirement = (values: (key: string) => string | undefined) => boolean;

/** Cuts at commas outside of parentheses. */
function requirements(text: string): string[] {
  return text
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

function requirement(text: string): Requirement {
  const set = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(text);
  if (set !== null) {
    const [, key, operator, list] = set;
    const wanted = new Set(list!.split(",").map((value) => value.trim()));
    return (values) => wanted.has(values(key!) ?? "\0") === (operator === "in");
  }
  const equality = /^([^\s=!]+)\s*(==|=|!=)\s*(\S*)$/.exec(text);
  if (equality !== null) {
    const [, key, operator, value] = equality;
    return (values) => (values(key!) === value) === (operator !== "!=");
  }
  const existence = /^(!?)\s*([^\s=!()]+)$/.exec(text);
  if (existence === null) throw new SelectorError(`unable to parse requirement: ${text}`);
  const [, negated, key] = existence;
  return (values) => (values(key!) !== undefined) === (negated === "");
}

/** A selector that means nothing. */
export class SelectorError extends Error {}

function labelOf(object: KubernetesObject, key: string): string | undefined {
  return object.metadata.labels?.[key];
}

/** A field by its dotted path; as in the API, one that is not there is empty. */
function fieldOf(object: KubernetesObject, path: string): string {
  let value: unknown = object;
  for (const name of path.split(".")) value = (value as Record<string, unknown> | undefined)?.[name];
  return value === undefined ? "" : String(value);
}

/** Whether objects are meant by both selectors; empty ones mean all. @throws SelectorError. */
export function compileSelectors(labels: string, fields: string): (object: KubernetesObject) => boolean {
  const byLabel = requirements(labels).map(requirement);
  const byField = requirements(fields).map(requirement);
  return (object) =>
    byLabel.every((holds) => holds((key) => labelOf(object, key))) &&
    byField.every((holds) => holds((path) => fieldOf(object, path)));
}
