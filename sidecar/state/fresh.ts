import type { Sample } from "../../wire/model.ts";

/** Whether an endpoint has been scraped, and not too long ago to go by. @param freshFor milliseconds, of the Load. */
export function isFresh({ age }: Sample, freshFor: number): boolean {
  return age !== undefined && age <= freshFor;
}
