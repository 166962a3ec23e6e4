// Which series are exposed under which family's names.

import type { Registry } from "prom-client";
import { type Distribution, sumOf } from "../observe/distribution.ts";
import type { MetricFamily } from "../observe/metric-family.ts";
import { type Labels, type Reading, registerDistributions, registerReadings } from "../observe/read-metric.ts";
import { FIGURES, type Figure, type FigureName } from "./request-figures.ts";
import type { RequestSeries, SeriesTable } from "./request-series.ts";

const MODELS = ["inference_pool", "model_name", "target_model_name"];
const WITH_PRIORITY = [...MODELS, "priority"];

const COUNTERS: Record<MetricFamily, { prefix: string; rewrites: string; errorsByPriority: boolean }> = {
  gie: {
    prefix: "inference_objective_request",
    rewrites: "inference_extension_model_rewrite_decisions_total",
    errorsByPriority: false,
  },
  "llm-d": {
    prefix: "llm_d_epp_request",
    rewrites: "llm_d_epp_model_rewrite_decisions_total",
    errorsByPriority: true,
  },
};

type Row = readonly [Labels, Distribution];

function modelsOf({ labels: { inference_pool, model_name, target_model_name } }: RequestSeries): Labels {
  return { inference_pool, model_name, target_model_name };
}

/** Adds up what series with the same pool and models have counted by the same word. */
function added(group: readonly RequestSeries[], countsOf: (one: RequestSeries) => ReadonlyMap<string, number>) {
  const sums = new Map<string, number>();
  for (const series of group) {
    for (const [word, count] of countsOf(series)) sums.set(word, (sums.get(word) ?? 0) + count);
  }
  return sums;
}

function errorRows(table: SeriesTable, byPriority: boolean): Reading[] {
  const groups = byPriority ? table.all().map((series) => [series]) : table.groups();
  return groups.flatMap((group) => {
    const labels = byPriority ? group[0]!.labels : modelsOf(group[0]!);
    const sums = added(group, ({ errors }) => errors);
    return [...sums].map(([code, value]) => ({ labels: { ...labels, error_code: code }, value }));
  });
}

function rewriteRows(table: SeriesTable): Reading[] {
  return table.groups().flatMap((group) => {
    const { inference_pool, model_name, target_model_name: target_model } = group[0]!.labels;
    return [...added(group, ({ rewrites }) => rewrites)].map(([model_rewrite_name, value]) => {
      return { labels: { inference_pool, model_rewrite_name, model_name, target_model }, value };
    });
  });
}

function registerCounters(registry: Registry, family: MetricFamily, table: SeriesTable): void {
  const { prefix, rewrites, errorsByPriority } = COUNTERS[family];
  registerReadings(
    registry,
    "counter",
    { name: `${prefix}_total`, help: "Requests that are over.", labelNames: WITH_PRIORITY },
    () => table.all().map(({ labels, requests }) => ({ labels, value: requests })),
  );
  registerReadings(
    registry,
    "counter",
    {
      name: `${prefix}_error_total`,
      help: "Requests that ended in an error, or without an answer.",
      labelNames: [...(errorsByPriority ? WITH_PRIORITY : MODELS), "error_code"],
    },
    () => errorRows(table, errorsByPriority),
  );
  registerReadings(
    registry,
    "counter",
    {
      name: rewrites,
      help: "Requests whose model a rewrite replaced.",
      labelNames: ["inference_pool", "model_rewrite_name", "model_name", "target_model"],
    },
    () => rewriteRows(table),
  );
}

/** A figure's distributions over all priorities, and over what else tells them apart. */
function* summedRows(table: SeriesTable, figure: FigureName): Generator<Row> {
  for (const group of table.groups()) {
    const sum = sumOf(group.flatMap((series) => [...series.distributions(figure).values()]));
    if (sum !== undefined) yield [modelsOf(group[0]!), sum];
  }
}

/** Its distributions one by one. @param by the label that tells them apart beside the series' own. */
function* singleRows(table: SeriesTable, figure: FigureName, by: string | undefined): Generator<Row> {
  for (const series of table.all()) {
    for (const [apart, distribution] of series.distributions(figure)) {
      yield [by === undefined ? series.labels : { ...series.labels, [by]: apart }, distribution];
    }
  }
}

/** Makes the metrics of a table's series in these families. */
export function registerSeries(registry: Registry, families: readonly MetricFamily[], table: SeriesTable): void {
  for (const family of families) {
    registerCounters(registry, family, table);
    for (const key of Object.keys(FIGURES) as FigureName[]) {
      const { names, help, bounds, by }: Figure = FIGURES[key];
      const named = names[family];
      if (named === undefined) continue;
      // The older family knows priorities where requests wait for each other, and nowhere else.
      const isSummed = family === "gie" && by !== "outcome";
      const labelNames = isSummed ? MODELS : [...WITH_PRIORITY, ...(by === undefined ? [] : [by])];
      registerDistributions(registry, { name: named.name, help, labelNames, bounds: named.bounds ?? bounds }, () =>
        isSummed ? summedRows(table, key) : singleRows(table, key, by),
      );
    }
  }
}
