import type { Answer } from "./explain.ts";
import { limited } from "./explanation.ts";
import { unconsidered } from "./judge.ts";
import type { Report } from "./text-report.ts";

function decision({ destinations, prefill, encode, dataParallel, refusal, waits }: Answer): object {
  if (refusal !== undefined) return { status: refusal.status, body: refusal.body };
  if (waits) return { waits };
  return { destinations, prefill: prefill ?? null, encode, dataParallel: dataParallel ?? null };
}

/**
 * A decision for programs: what the pool's policies make of the request, the filter's explanation where endpoints were
 * looked at, notes on it, who was not considered, and what became of the request.
 */
export function jsonReport({ pool, answer, endpoints, notes }: Report): string {
  const { explanation, model, target, priority } = answer;
  const report = {
    pool: pool.name,
    model: model ?? null,
    targetModel: target ?? null,
    priority,
    ...(explanation && limited(explanation, endpoints)),
    notes,
    notConsidered: explanation === undefined ? [] : unconsidered(pool, explanation.profiles[0]),
    decision: decision(answer),
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}
