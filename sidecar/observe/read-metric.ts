// Metrics whose figures are kept elsewhere and read when somebody asks. A prom-client Gauge that is set anew at every
// scrape looks its labels up for every sample; with a thousand endpoints that is most of what a scrape costs.

import type { Metric, Registry } from "prom-client";
import { type Distribution, type Exemplar, newer } from "./distribution.ts";

export type Labels = Readonly<Record<string, string>>;

/** One sample of a gauge or a counter. */
export interface Reading {
  readonly labels: Labels;
  readonly value: number;
}

/** What a metric is called. */
export interface MetricHead {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
}

/** A sample as prom-client's registry writes it. `metricName` where it is not the metric's own. */
export interface MetricValue {
  readonly labels: Labels;
  /** Of all samples of a histogram's series; `labels` are then the same objects for all series. */
  readonly sharedLabels?: Labels;
  readonly value: number;
  readonly metricName?: string;
  readonly exemplar?: Exemplar | undefined;
}

const NONE: Labels = {};

type Kind = "gauge" | "counter" | "histogram";

function register(registry: Registry, head: MetricHead, type: Kind, values: () => Iterable<MetricValue>): void {
  // What a registry asks of a metric, without prom-client's tables; and `values`, for who takes them one by one.
  const get = async () => ({ ...head, type, values: [...values()] });
  const metric = { ...head, type, aggregator: "sum", values, get, reset() {} };
  registry.registerMetric(metric as unknown as Metric);
}

/** Adds a gauge or a counter. @param read is called at each exposition; samples must have different labels. */
export function registerReadings(
  registry: Registry,
  type: "gauge" | "counter",
  head: MetricHead,
  read: () => Iterable<Reading>,
): void {
  register(registry, head, type, read);
}

/**
 * A bound as Go prints it, 1048576 as 1.048576e+06: series are the reference's down to this.
 * https://pkg.go.dev/strconv#FormatFloat, format g with the shortest precision.
 */
export function boundText(bound: number): string {
  if (bound === 0 || (bound >= 1e-4 && bound < 1e6)) return String(bound);
  const [digits, exponent] = bound.toExponential().split("e") as [string, string];
  return `${digits}e${exponent[0]}${exponent.slice(1).padStart(2, "0")}`;
}

/**
 * Adds a histogram.
 * @param bounds those of the distributions, or some of them.
 * @param read as for readings.
 */
export function registerDistributions(
  registry: Registry,
  { bounds, ...head }: MetricHead & { readonly bounds: readonly number[] },
  read: () => Iterable<readonly [Labels, Distribution]>,
): void {
  const [bucketName, sumName, countName] = [`${head.name}_bucket`, `${head.name}_sum`, `${head.name}_count`];
  const buckets = bounds.map((bound) => ({ bound, labels: { le: boundText(bound) } }));
  buckets.push({ bound: Number.POSITIVE_INFINITY, labels: { le: "+Inf" } });

  function values(sharedLabels: Labels, { bounds: all, counts, exemplars, count, sum }: Distribution): MetricValue[] {
    let at = 0;
    let below = 0;
    const rows: MetricValue[] = buckets.map(({ bound, labels }) => {
      let exemplar: Exemplar | undefined;
      for (; at < counts.length && (all[at] ?? Number.POSITIVE_INFINITY) <= bound; at++) {
        below += counts[at]!;
        exemplar = newer(exemplar, exemplars[at]);
      }
      return { labels, sharedLabels, value: below, metricName: bucketName, exemplar };
    });
    rows.push({ labels: NONE, sharedLabels, value: sum, metricName: sumName });
    rows.push({ labels: NONE, sharedLabels, value: count, metricName: countName });
    return rows;
  }

  register(registry, head, "histogram", function* () {
    for (const [labels, distribution] of read()) yield* values(labels, distribution);
  });
}
