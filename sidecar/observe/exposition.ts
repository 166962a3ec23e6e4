// A registry's metrics as text, in pieces: with a thousand models they are tens of megabytes, and neither memory nor the
// gateways, who are told of loads by the same thread, may have to wait for all of that.

import { setImmediate } from "node:timers/promises";
import type { Registry } from "prom-client";
import type { Labels, MetricValue } from "./read-metric.ts";

/** Prometheus' text 0.0.4, or OpenMetrics 1.0, which unlike that has exemplars. https://github.com/prometheus/OpenMetrics */
export type ExpositionFormat = "text" | "openmetrics";

/** Their media types. */
export const EXPOSITION_TYPES: Record<ExpositionFormat, string> = {
  text: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

/** Characters after which others get their turn. */
const PIECE = 65_536;

function escaped(text: string): string {
  return /[\\\n]/.test(text) ? text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n") : text;
}

function quoted(text: string): string {
  return `"${escaped(text).replaceAll('"', '\\"')}"`;
}

function numberText(value: number): string {
  if (Number.isFinite(value) || Number.isNaN(value)) return String(value);
  return value > 0 ? "+Inf" : "-Inf";
}

function labelsText(labels: Labels): string {
  const parts: string[] = [];
  for (const name in labels) parts.push(`${name}=${quoted(String(labels[name]))}`);
  return parts.join(",");
}

/** What a registry's metrics give, those of prom-client and ours alike. */
interface Readable {
  readonly help: string;
  readonly name: string;
  readonly type: string;
  get(): Promise<{ readonly values: readonly MetricValue[] }>;
  /** Ours alone. What is read between two pieces may be newer than what was before. */
  values?(): Iterable<MetricValue>;
}

function headText({ help, name, type }: Readable, format: ExpositionFormat): string {
  if (format === "text") return `# HELP ${name} ${escaped(help)}\n# TYPE ${name} ${type}\n`;
  const family = type === "counter" ? name.replace(/_total$/, "") : name;
  return `# TYPE ${family} ${type}\n# HELP ${family} ${escaped(help).replaceAll('"', '\\"')}\n`;
}

/** Writes samples; labels that many of them share are made text once, and bounds of buckets, too. */
class SampleWriter {
  readonly #name: string;
  readonly #format: ExpositionFormat;
  #shared: Labels | undefined;
  #sharedText = "";
  readonly #bounds = new Map<Labels, string>();

  constructor(name: string, format: ExpositionFormat) {
    this.#name = name;
    this.#format = format;
  }

  line({ labels, sharedLabels, value, metricName, exemplar }: MetricValue): string {
    if (sharedLabels !== this.#shared) {
      this.#shared = sharedLabels;
      this.#sharedText = sharedLabels === undefined ? "" : labelsText(sharedLabels);
    }
    const own = sharedLabels === undefined ? this.#own(labels) : this.#bound(labels);
    const both = own === "" || this.#sharedText === "" ? own + this.#sharedText : `${own},${this.#sharedText}`;
    const sample = `${metricName ?? this.#name}${both === "" ? "" : `{${both}}`} ${numberText(value)}`;
    if (this.#format === "text" || !exemplar) return `${sample}\n`;
    const { labelSet, value: seen, timestamp } = exemplar;
    return `${sample} # {${labelsText(labelSet)}} ${numberText(seen)} ${timestamp}\n`;
  }

  #bound(labels: Labels): string {
    let text = this.#bounds.get(labels);
    if (text === undefined) {
      text = this.#own(labels);
      this.#bounds.set(labels, text);
    }
    return text;
  }

  // OpenMetrics has bounds as floats: 1.0, not 1.
  #own(labels: Labels): string {
    const { le } = labels;
    if (this.#format === "text" || le === undefined || !/^\d+$/.test(String(le))) return labelsText(labels);
    return labelsText({ ...labels, le: `${le}.0` });
  }
}

/**
 * A registry's metrics; each is read when its turn comes. Every counter's name has to end in `_total`, as OpenMetrics has
 * it. prom-client writes either format, too, but takes `_total` off the names for good when it writes that one.
 */
export async function* exposition(registry: Registry, format: ExpositionFormat): AsyncGenerator<string, void> {
  let piece = "";
  for (const metric of registry.getMetricsAsArray() as unknown as readonly Readable[]) {
    const writer = new SampleWriter(metric.name, format);
    piece += headText(metric, format);
    for (const value of metric.values?.() ?? (await metric.get()).values) {
      piece += writer.line(value);
      if (piece.length < PIECE) continue;
      yield piece;
      piece = "";
      await setImmediate();
    }
  }
  yield format === "text" ? piece : `${piece}# EOF\n`;
}
