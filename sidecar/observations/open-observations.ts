// What gateways tell of finished requests, on its way to who wants to know.

import type { Observed } from "../../wire/model.ts";
import type { Traffic } from "../page/traffic.ts";
import type { Parts } from "../parts.ts";
import type { PlanSource } from "../push/plan-source.ts";
import type { PolicySource, PoolSource } from "../state/source.ts";
import type { Tracing } from "../tracing/open-tracing.ts";
import { ConfiguredModels } from "./configured-models.ts";
import { PoolNames } from "./pool-names.ts";
import { registerRequestMetrics } from "./request-metrics.ts";

/**
 * Makes the metrics of requests; what it returns takes what a gateway tells.
 * @param plans say whether requests wait.
 * @param traffic the page's, where there is a page.
 * @param tracing where requests are traced.
 */
export function openObservations(
  source: PoolSource & PolicySource,
  plans: Pick<PlanSource, "plan">,
  traffic: Traffic | undefined,
  tracing: Tracing | undefined,
  { clock, metrics }: Parts,
): (batch: Observed) => void {
  const poolNames = new PoolNames(source);
  const configured = new ConfiguredModels(source);
  const count = registerRequestMetrics(metrics.registry, {
    poolName: (key) => poolNames.of(key),
    isConfigured: (pool, model) => configured.has(pool, model),
    rewriteOf: (pool, model, target) => configured.rewriteOf(pool, model, target),
    hasFlowControl: (pool) => plans.plan(pool).settings.admission.flowControl,
    endpoints: () => source.pools().flatMap((pool) => source.roster(pool)?.endpoints ?? []),
    families: metrics.families,
    clock,
  });
  const spans = tracing?.follow(source, (key) => poolNames.of(key));
  return (batch) => {
    count(batch, spans?.(batch));
    if (traffic === undefined) return;
    const explanations = new Map(batch.traced.map(({ record, explanation }) => [record, explanation]));
    for (const [index, record] of batch.records.entries()) {
      traffic.add(poolNames.of(record.pool), record, explanations.get(index));
    }
  };
}
