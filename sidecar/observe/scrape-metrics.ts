import { Counter, Gauge, type Registry } from "prom-client";
import { OUTCOMES, type ScrapeReport } from "../scrape/report.ts";
import type { MetricFamily } from "./metric-family.ts";
import { registerReadings } from "./read-metric.ts";

/** Shares of the endpoints; the label `quantile` is for summaries only. */
const SHARES = [0.5, 0.99, 1];

/**
 * Adds what scraping tells of itself, read from its report when scraped: a thousand endpoints are scraped 20,000
 * times a second, and nothing is counted twice.
 */
export function registerScrapeMetrics(
  registry: Registry,
  families: readonly MetricFamily[],
  report: ScrapeReport,
): void {
  if (families.includes("llm-d")) registerErrors(registry, report);
  new Counter({
    name: "inline_epp_scrapes_total",
    help: "Scrapes of endpoints, by how they ended.",
    labelNames: ["result"],
    registers: [registry],
    collect() {
      this.reset();
      const totals = report.totals();
      for (const result of OUTCOMES) this.inc({ result }, totals[result]);
    },
  });
  new Gauge({
    name: "inline_epp_scrape_targets",
    help: "Endpoints by who scrapes them: this replica, or a peer that passes on what it sees.",
    labelNames: ["by"],
    registers: [registry],
    collect() {
      const counts = { self: 0, peer: 0 };
      for (const { by } of report.targets()) counts[by]++;
      for (const by of ["self", "peer"] as const) this.set({ by }, counts[by]);
    },
  });
  new Gauge({
    name: "inline_epp_scrape_seconds",
    help: "Time that the last good scrape took at most, in seconds, at this share of the endpoints.",
    labelNames: ["share"],
    registers: [registry],
    collect() {
      this.reset();
      const durations = [...report.targets()].flatMap(({ lastDuration }) => lastDuration ?? []).sort((a, b) => a - b);
      for (const share of SHARES) {
        const duration = durations[Math.ceil(share * durations.length) - 1];
        if (duration !== undefined) this.set({ share }, duration / 1000);
      }
    },
  });
}

/** llm-d-router's counters of scrapes that gave nothing, with the names of its own plugins. */
function registerErrors(registry: Registry, report: ScrapeReport): void {
  const source = { source_type: "metrics-data-source" };
  registerReadings(
    registry,
    "counter",
    {
      name: "llm_d_epp_datalayer_poll_errors_total",
      help: "Scrapes of endpoints without an exposition.",
      labelNames: ["source_type"],
    },
    () => {
      const { timeout, too_large, status, connect } = report.totals();
      return [{ labels: source, value: timeout + too_large + status + connect }];
    },
  );
  registerReadings(
    registry,
    "counter",
    {
      name: "llm_d_epp_datalayer_extract_errors_total",
      help: "Scrapes of endpoints whose exposition lacks the engine's metrics.",
      labelNames: ["source_type", "extractor_type"],
    },
    () => [{ labels: { ...source, extractor_type: "core-metrics-extractor" }, value: report.totals().unusable }],
  );
}
