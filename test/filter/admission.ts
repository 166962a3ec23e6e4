// Admission as plans have it, and what becomes of requests under it.

import type { FilterStream } from "../../sidecar/wasm-host/stream.ts";
import * as L from "../../wire/layout.ts";
import type { PlanAdmission, PlanBand } from "../../wire/model.ts";
import { PLAIN_ADMISSION } from "../../wire/plan-settings.ts";

/** What requests may name. */
export const OBJECTIVES = {
  objectives: [
    { name: "high", priority: 10 },
    { name: "low", priority: -1 },
  ],
};

/** Flow control by requests in flight. */
export function waiting(
  most: number,
  fields: Partial<PlanAdmission> = {},
  band: Partial<PlanBand> = {},
): PlanAdmission {
  return {
    ...PLAIN_ADMISSION,
    detector: L.DETECTOR_CONCURRENCY,
    detectorParameters: [most, 1_000_000, 0, 0],
    flowControl: true,
    bands: PLAIN_ADMISSION.bands.map((each) => ({ ...each, ...band })),
    ...fields,
  };
}

/** An endpoint answers, and the request ends. */
export function serve(stream: FilterStream, upstream = "10.0.0.1:8000"): void {
  stream.onResponseHeaders(upstream, [[":status", "200"]], true);
  stream.close();
}

/** Status and reason of an answer of the filter's own. */
export const reasonOf = ({ localResponse }: FilterStream) => [
  localResponse?.status,
  localResponse?.headers["x-llm-d-request-dropped-reason"],
];

/** Small and repeatable. */
export function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 16) % sides;
  };
}
