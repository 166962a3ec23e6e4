import type { DiscoveredEndpoint, DiscoveredPool, Discovery } from "./pool.ts";

/** Where endpoints have their metrics; what is left out stays as it was discovered. */
export interface MetricsPlace {
  readonly scheme?: "http" | "https";
  /** With its query, where it has one. */
  readonly path?: string;
  readonly port?: number;
}

function placed(metricsUrl: string, { scheme, path, port }: MetricsPlace): string {
  const url = new URL(metricsUrl);
  // As text: a URL forgets a port that its scheme has anyway, and would keep forgetting it under another scheme.
  const at = port ?? (url.port || (url.protocol === "https:" ? 443 : 80));
  return new URL(path ?? url.pathname + url.search, `${scheme ?? url.protocol.slice(0, -1)}://${url.hostname}:${at}`)
    .href;
}

/** A discovery whose endpoints have their metrics elsewhere than it says. Pools that stay the same objects do so here. */
export class MetricsElsewhere implements Discovery {
  readonly #discovery: Discovery;
  readonly #place: MetricsPlace;
  readonly #pools = new WeakMap<DiscoveredPool, DiscoveredPool>();
  readonly #endpoints = new WeakMap<DiscoveredEndpoint, DiscoveredEndpoint>();

  constructor(discovery: Discovery, place: MetricsPlace) {
    this.#discovery = discovery;
    this.#place = place;
  }

  start(listener: (pools: readonly DiscoveredPool[]) => void): Promise<void> {
    return this.#discovery.start((pools) => listener(pools.map((pool) => this.#pool(pool))));
  }

  stop(): Promise<void> {
    return this.#discovery.stop();
  }

  #pool(pool: DiscoveredPool): DiscoveredPool {
    const known = this.#pools.get(pool);
    if (known !== undefined) return known;
    const made = { ...pool, endpoints: pool.endpoints.map((endpoint) => this.#endpoint(endpoint)) };
    this.#pools.set(pool, made);
    return made;
  }

  #endpoint(endpoint: DiscoveredEndpoint): DiscoveredEndpoint {
    const known = this.#endpoints.get(endpoint);
    if (known !== undefined) return known;
    const made = { ...endpoint, metricsUrl: placed(endpoint.metricsUrl, this.#place) };
    this.#endpoints.set(endpoint, made);
    return made;
  }
}
