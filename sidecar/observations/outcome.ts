import type { Observation } from "../../wire/model.ts";

/**
 * What flow control made of a request, in the reference's words; undefined where it had no say. The gateway's 429 to a
 * request that did not wait may be a full queue's, a rate limit's or a filter's, so it has no outcome here.
 * @param flowControl whether requests of its pool wait at all.
 */
export function outcomeOf({ status, local, endpoint, queued }: Observation, flowControl: boolean): string | undefined {
  if (endpoint !== 0n || (status !== 0 && !local)) return flowControl || queued > 0 ? "Dispatched" : undefined;
  if (queued === 0) return undefined;
  if (status === 0) return "EvictedContextCancelled";
  if (status === 429) return "EvictedTTL";
  return status === 503 ? "EvictedNoEndpoints" : "EvictedOther";
}
