import type { Endpoint } from "../../wire/model.ts";
import { sameTexts } from "../support/same.ts";

/** Whether two endpoints make the same row of a roster. */
export function sameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return (
    a === b ||
    (a.address === b.address &&
      a.name === b.name &&
      a.zone === b.zone &&
      a.engine === b.engine &&
      a.role === b.role &&
      a.rank === b.rank &&
      sameTexts(a.labels, b.labels))
  );
}
