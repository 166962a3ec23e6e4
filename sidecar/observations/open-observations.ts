// What gateways tell of requests, on its way to who wants to know.

import type { Observed } from "../../wire/model.ts";
import { Quiet } from "../observe/quiet.ts";
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
  { clock, log, metrics }: Parts,
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
  const quiet = new Quiet(clock);

  // Spans are best effort: what goes wrong with them costs no counts.
  function traceIds(batch: Observed): ReadonlyMap<number, string> | undefined {
    try {
      return spans?.(batch);
    } catch (error) {
      const unsaid = quiet.mayI("spans");
      if (unsaid !== undefined) log.error({ error, unsaid }, "no spans could be made of requests");
      return undefined;
    }
  }

  return (batch) => {
    count(batch, traceIds(batch));
    if (traffic === undefined) return;
    traffic.tell(
      batch.worker,
      batch.waiting.map((row) => ({ ...row, pool: poolNames.of(row.pool) })),
    );
    const explanations = new Map(batch.traced.map(({ record, explanation }) => [record, explanation]));
    for (const [index, record] of batch.records.entries()) {
      traffic.add(poolNames.of(record.pool), record, explanations.get(index));
    }
  };
}
