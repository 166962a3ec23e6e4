// How full a pool is, by the detector of its plan: 1 and above means that it takes no more. A gateway's workers go by
// the same figures (assembly/admission/saturation.ts), but by what they have sent on since the last sample as well.

import { DETECTOR_CONCURRENCY } from "../../wire/layout.ts";
import type { Endpoint, Load, PlanAdmission, Sample } from "../../wire/model.ts";

/** What endpoints have in flight. */
export interface InFlightAt {
  readonly requests: number;
  readonly tokens: number;
}

const MODE_REQUESTS = 0;
const MODE_TOKENS = 1;

function utilization({ age, waiting, kvUsage }: Sample, freshFor: number, parameters: readonly number[]): number {
  const [queueDepth = 1, kvThreshold = 1, stale = 0] = parameters;
  // A gateway is not told of ages below freshFor.
  if (age === undefined || age > Math.max(stale, freshFor)) return 1;
  return Math.max(waiting / queueDepth, kvUsage / kvThreshold);
}

function concurrency({ requests, tokens }: InFlightAt, parameters: readonly number[]): number {
  const [maxRequests = 1, maxTokens = 1, , mode = MODE_REQUESTS] = parameters;
  if (mode === MODE_REQUESTS) return requests / maxRequests;
  return mode === MODE_TOKENS ? tokens / maxTokens : Math.max(requests / maxRequests, tokens / maxTokens);
}

/** Mean over the ready endpoints of a pool; 1 where there is none. @param inFlight of an endpoint. */
export function saturation(
  { detector, detectorParameters }: PlanAdmission,
  { samples, freshFor }: Load,
  endpoints: readonly Endpoint[],
  inFlight: (endpoint: Endpoint) => InFlightAt,
): number {
  let ready = 0;
  let sum = 0;
  for (const [index, sample] of samples.entries()) {
    const endpoint = endpoints[index];
    if (!sample.ready || endpoint === undefined) continue;
    ready++;
    sum +=
      detector === DETECTOR_CONCURRENCY
        ? concurrency(inFlight(endpoint), detectorParameters)
        : utilization(sample, freshFor, detectorParameters);
  }
  return ready === 0 ? 1 : sum / ready;
}
