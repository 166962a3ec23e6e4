// Everything that the page shows, once a second.

import { xxh64 } from "../../wire/xxh64.ts";
import { engineNames, roleNames } from "../explain/names.ts";
import type { InFlight } from "../explain/snapshot.ts";
import type { GatewayStatus } from "../push/gateway-context.ts";
import { isFresh } from "../state/fresh.ts";
import type { PoolSource } from "../state/source.ts";
import type { ConfigStanding } from "./config-standing.ts";
import { LATENCY_BOUNDS } from "./latencies.ts";
import { type EndpointTraffic, keyText, type PoolTraffic, type Traffic } from "./traffic.ts";

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
  /** Milliseconds since its last scrape; undefined: none yet. */
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

function poolView(name: string, { source, traffic, inFlight }: OverviewSources): PoolView | undefined {
  const roster = source.roster(name);
  const load = source.load(name, 0n, 0n);
  if (roster === undefined || load === undefined) return undefined;
  const endpoints = roster.endpoints.map((endpoint, index): EndpointView => {
    const { ready, age, waiting, running, kvUsage, runningAdapters, waitingAdapters } = load.samples[index]!;
    const key = xxh64(endpoint.address);
    return {
      key: keyText(key),
      address: endpoint.address,
      name: endpoint.name,
      zone: endpoint.zone,
      engine: engineNames.name(endpoint.engine),
      role: roleNames.name(endpoint.role),
      ready,
      stale: !isFresh(load.samples[index]!, load.freshFor),
      age,
      waiting,
      running,
      kvUsage,
      inFlight: inFlight(key).requests,
      adapters: [...new Set([...runningAdapters, ...waitingAdapters])],
      ...traffic.endpoint(name, key),
    };
  });
  return { name, endpoints, traffic: traffic.pool(name) };
}

/** What the page shows now. */
export function makeOverview(sources: OverviewSources): Overview {
  const { version, source, missing, config, gateways } = sources;
  const names = source.pools();
  return {
    at: Date.now(),
    version,
    missing: missing(),
    config: config(),
    gateways: gateways().map(({ node, peer }) => ({ node, peer })),
    pools: names.flatMap((name) => poolView(name, sources) ?? []),
    latencyBounds: LATENCY_BOUNDS,
  };
}
