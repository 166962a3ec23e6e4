import { limited } from "./explanation.ts";
import { unconsidered } from "./judge.ts";
import type { Report } from "./text-report.ts";

/** A decision for programs: the filter's explanation, notes on it, what became of the request, and who was not considered. */
export function jsonReport({ pool, answer, endpoints, notes }: Report): string {
  const { explanation, destinations, prefill, encode, dataParallel, refusal } = answer;
  const report = {
    ...limited(explanation, endpoints),
    notes,
    notConsidered: unconsidered(pool, explanation.profiles[0]),
    decision:
      refusal === undefined
        ? {
            destinations,
            prefill: prefill ?? null,
            encode,
            dataParallel: dataParallel ?? null,
          }
        : { status: refusal.status, body: refusal.body },
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}
