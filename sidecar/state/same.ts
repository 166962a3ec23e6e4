import type { Endpoint } from "../../wire/model.ts";

function sameLabels(a: Endpoint["labels"], b: Endpoint["labels"]): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && a[key] === b[key]);
}

/** Whether two endpoints make the same row of a roster. */
function sameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return (
    a.address === b.address &&
    a.name === b.name &&
    a.zone === b.zone &&
    a.engine === b.engine &&
    a.role === b.role &&
    a.rank === b.rank &&
    sameLabels(a.labels, b.labels)
  );
}

/** Whether two lists make the same roster: the order counts, since samples follow it. */
export function sameEndpoints(a: readonly Endpoint[], b: readonly Endpoint[]): boolean {
  return a.length === b.length && a.every((endpoint, index) => sameEndpoint(endpoint, b[index] as Endpoint));
}
