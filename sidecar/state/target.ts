import type { DiscoveredEndpoint } from "../discovery/pool.ts";
import type { ScrapeTarget } from "../scrape/scrape-target.ts";

/** Endpoints stay the same objects while they do not change, and there may be thousands of them. */
const targets = new WeakMap<DiscoveredEndpoint, ScrapeTarget>();

/**
 * What to scrape for an endpoint. The same address read in the same way is one target, so that an endpoint in several
 * pools is scraped once.
 */
export function targetOf(endpoint: DiscoveredEndpoint): ScrapeTarget {
  const known = targets.get(endpoint);
  if (known !== undefined) return known;
  const { address, engine } = endpoint.endpoint;
  const { metricsUrl } = endpoint;
  const target = { key: `${address} ${engine} ${metricsUrl}`, address, metricsUrl, engine };
  targets.set(endpoint, target);
  return target;
}
