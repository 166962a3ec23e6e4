import { Counter, Gauge, type Registry } from "prom-client";
import { OUTCOMES, type ScrapeReport } from "../scrape/report.ts";

const QUANTILES = [0.5, 0.99, 1];

/**
 * Adds what scraping tells of itself, read from its report when scraped: a thousand endpoints are scraped 20,000
 * times a second, and nothing is counted twice.
 */
export function registerScrapeMetrics(registry: Registry, report: ScrapeReport): void {
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
    help: "Time that the last good scrape of an endpoint took, in seconds: quantiles over the endpoints.",
    labelNames: ["quantile"],
    registers: [registry],
    collect() {
      this.reset();
      const durations = [...report.targets()].flatMap(({ lastDuration }) => lastDuration ?? []).sort((a, b) => a - b);
      for (const quantile of QUANTILES) {
        const duration = durations[Math.ceil(quantile * durations.length) - 1];
        if (duration !== undefined) this.set({ quantile }, duration / 1000);
      }
    },
  });
}
