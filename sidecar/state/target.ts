import type { DiscoveredEndpoint } from "../discovery/pool.ts";
import type { ScrapeTarget } from "../scrape/scraper.ts";

/**
 * What to scrape for an endpoint. The same address read in the same way is one target, so that an endpoint in several
 * pools is scraped once.
 */
export function targetOf({ endpoint, metricsUrl }: DiscoveredEndpoint): ScrapeTarget {
  const { address, engine } = endpoint;
  return { key: `${address} ${engine} ${metricsUrl}`, address, metricsUrl, engine };
}
