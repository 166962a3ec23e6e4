// Everything that the page shows, once a second.

import { engineNames, roleNames } from "../explain/names.ts";
import type { InFlight } from "../explain/snapshot.ts";
import type { GatewayStatus } from "../push/gateway-context.ts";
import { endpointKey } from "../state/endpoint-key.ts";
import { isFresh } from "../state/fresh.ts";
import type { PoolSource } from "../state/source.ts";
import type { ConfigStanding } from "./config-standing.ts";
import { LATENCY_BOUNDS } from "./latencies.ts";
import { keyText } from "./recent-requests.ts";
import type { EndpointTraffic, PoolTraffic, Traffic } from "./traffic.ts";

/** An endpoint as the page shows it. */
export interface EndpointView extends EndpointTraffic {
  /** 16 hexadecimal digits, by which recent requests name it. */
  readonly key: string;
  readonly address: string;
  /** `namespace/pod`. */
  readonly name: string;
  readonly zone: string;
  readonly engine: string;
  readonly role: string;
  readonly ready: boolean;
  /** Whether its last scrape is too old to go by, or there was none. */
  readonly stale: boolean;
  /** Milliseconds since its last scrape; undefined: none yet, and what it tells is nought. */
  readonly age: number | undefined;
  readonly waiting: number;
  readonly running: number;
  /** 0..1. */
  readonly kvUsage: number;
  /** Requests that gateways have sent it and that are not over. */
  readonly inFlight: number;
  /** LoRA adapters that are loaded or waited for. */
  readonly adapters: readonly string[];
}

/** A pool as the page shows it. */
export interface PoolView {
  readonly name: string;
  readonly endpoints: readonly EndpointView[];
  readonly traffic: PoolTraffic;
}

/** A gateway that is connected. */
export interface GatewayView {
  /** Envoy's node id. */
  readonly node: string;
  /** `ip:port` that it connects from. */
  readonly peer: string;
}

/** What the page shows at one moment. */
export interface Overview {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly version: string;
  /** What is missing before the sidecar is of use; empty: it is. */
  readonly missing: readonly string[];
  readonly config: ConfigStanding;
  readonly gateways: readonly GatewayView[];
  /** Names of all pools. */
  readonly names: readonly string[];
  /** All pools, or the one that was asked for. */
  readonly pools: readonly PoolView[];
  /** Upper bounds in milliseconds of the buckets of times to the first token. */
  readonly latencyBounds: readonly number[];
}

/** Where it comes from. */
export interface OverviewSources {
  readonly version: string;
  readonly source: PoolSource;
  readonly traffic: Traffic;
  readonly missing: () => readonly string[];
  readonly config: () => ConfigStanding;
  readonly gateways: () => readonly GatewayStatus[];
  readonly inFlight: (endpoint: bigint) => InFlight;
}

/** More decimals nobody sees, and a thousand endpoints make them many bytes a second. */
const DECIMALS = 10_000;

function rounded(value: number): number {
  return Math.round(value * DECIMALS) / DECIMALS;
}

function poolView(name: string, { source, traffic, inFlight }: OverviewSources): PoolView | undefined {
  const roster = source.roster(name);
  const load = source.load(name, 0n, 0n);
  if (roster === undefined || load === undefined) return undefined;
  const endpoints = roster.endpoints.map((endpoint, index): EndpointView => {
    const key = endpointKey(endpoint);
    const { requests, share, errors, cached } = traffic.endpoint(name, key);
    const { ready, age, waiting, running, kvUsage, runningAdapters, waitingAdapters } = load.samples[index]!;
    return {
      key: keyText(key),
      address: endpoint.address,
      name: endpoint.name,
      zone: endpoint.zone,
      engine: engineNames.name(endpoint.engine),
      role: roleNames.name(endpoint.role),
      ready,
      stale: !isFresh(load.samples[index]!, load.freshFor),
      age: age && Math.round(age),
      waiting,
      running,
      kvUsage: rounded(kvUsage),
      inFlight: inFlight(key).requests,
      adapters: [...new Set([...runningAdapters, ...waitingAdapters])],
      ...{ requests: rounded(requests), share: rounded(share), errors: rounded(errors) },
      cached: cached && rounded(cached),
    };
  });
  return { name, endpoints, traffic: traffic.pool(name) };
}

function only(names: readonly string[], wanted: string): readonly string[] {
  return names.includes(wanted) ? [wanted] : names.slice(0, 1);
}

/**
 * What the page shows now.
 * @param wanted the one pool that is wanted, the first where there is none of that name; all where left out.
 */
export function makeOverview(sources: OverviewSources, wanted?: string): Overview {
  const { version, source, missing, config, gateways } = sources;
  const names = source.pools();
  return {
    at: Date.now(),
    version,
    missing: missing(),
    config: config(),
    gateways: gateways().map(({ node, peer }) => ({ node, peer })),
    names,
    pools: (wanted === undefined ? names : only(names, wanted)).flatMap((name) => poolView(name, sources) ?? []),
    latencyBounds: LATENCY_BOUNDS,
  };
}
