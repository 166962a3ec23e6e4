// What is known of pools and endpoints, put together from where they are found and what is scraped.

import { ENGINE_VLLM } from "../../wire/layout.ts";
import type { Discovery } from "../discovery/pool.ts";
import { registerEndpointMetrics } from "../observe/endpoint-metrics.ts";
import { registerPoolMetrics } from "../observe/pool-metrics.ts";
import { registerScrapeMetrics } from "../observe/scrape-metrics.ts";
import { TargetNews } from "../observe/target-news.ts";
import type { Parts } from "../parts.ts";
import type { Replicas } from "../replicas/replicas.ts";
import { engineMetrics } from "../scrape/engines.ts";
import type { ServeSettings } from "../serve-settings.ts";
import { createScrapedState, type ScrapedState } from "./scraped-state.ts";

/**
 * Makes the state, with its metrics and its news; nothing is looked for before it is started.
 * @param replicas share the scraping where there are any.
 */
export function openState(
  settings: ServeSettings,
  discovery: Discovery,
  replicas: Replicas | undefined,
  { clock, log, metrics: { registry, families } }: Parts,
): ScrapedState {
  const { vllmMetrics } = settings;
  const news = new TargetNews(clock, log);
  const state = createScrapedState({
    discovery,
    clock,
    interval: settings.refreshMetricsInterval,
    metricsStalenessThreshold: settings.metricsStalenessThreshold,
    ...(settings.scrapeTimeout !== undefined && { timeout: settings.scrapeTimeout }),
    verifyTls: settings.verifyMetricsTls,
    ...(vllmMetrics && { metricsOf: (engine) => (engine === ENGINE_VLLM ? vllmMetrics : engineMetrics(engine)) }),
    ...(replicas !== undefined && { makeScraper: replicas.makeScraper }),
    onTargetChange: (change) => news.changed(change),
  });
  registerEndpointMetrics(registry, state.source, clock);
  registerPoolMetrics(registry, families, state.source, clock);
  registerScrapeMetrics(registry, families, state.scrapes);
  return {
    ...state,
    async stop() {
      await state.stop();
      news.stop();
    },
  };
}
