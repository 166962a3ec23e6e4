// What becomes of the cluster that Envoy Gateway makes for an InferencePool: its endpoints come from the sidecar, and
// the load balancer goes where the filter's header says.

import {
  bytes,
  contentsOf,
  edited,
  extended,
  has,
  joined,
  message,
  messageIn,
  textIn,
  varint,
  without,
} from "../protobuf/fields.ts";
import { FILTER } from "../xds/filter-configs.ts";
import { any, entry, extension, seconds, struct, wrapped } from "../xds/values.ts";
import type { PoolReference } from "./pool-reference.ts";
import { sidecarSource } from "./sidecar-source.ts";

/** Fields of config.cluster.v3.Cluster. */
const TYPE = 2;
const EDS_CLUSTER_CONFIG = 3;
const CIRCUIT_BREAKERS = 10;
const METADATA = 25;
const PROTOCOL_OPTIONS = 36;
const CLUSTER_TYPE = 38;
const LOAD_BALANCING_POLICY = 41;

const EDS = 3;
const HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
/** Policies by the names that stand in their types, with the rest of these. */
const TYPES = { override_host: "OverrideHost", least_request: "LeastRequest" } as const;
/** The header with the filter's pick. */
const DESTINATION = "x-gateway-destination-endpoint";
/** Seconds after which an idle connection is closed: before Python's servers do, which is after 5. */
const IDLE_SECONDS = 4;
/** Answers take many seconds: Envoy's 1024 are soon reached. */
const MOST_AT_ONCE = 65_536;

function policy(name: keyof typeof TYPES, content: Uint8Array): Uint8Array {
  const type = `envoy.extensions.load_balancing_policies.${name}.v3.${TYPES[name]}`;
  return message(1, message(4, extension(`envoy.load_balancing_policies.${name}`, type, content)));
}

/** @param fallback a LoadBalancingPolicy, for requests without a pick. */
function overrideHost(fallback: Uint8Array): Uint8Array {
  const content = joined(message(1, bytes(1, DESTINATION)), message(3, fallback));
  return message(LOAD_BALANCING_POLICY, policy("override_host", content));
}

function httpOptions(http2: boolean): Uint8Array {
  const explicit = message(3, message(http2 ? 2 : 1));
  const common = message(1, seconds(1, IDLE_SECONDS));
  return entry(PROTOCOL_OPTIONS, HTTP_OPTIONS, any(HTTP_OPTIONS, http2 ? explicit : joined(common, explicit)));
}

/** The limits stand in front of what a policy sets. Only those of the default priority are there. */
function withLimits(cluster: Uint8Array): Uint8Array {
  const limits = [2, 3, 4].map((number) => wrapped(number, MOST_AT_ONCE));
  if (!has(cluster, CIRCUIT_BREAKERS)) return joined(cluster, message(CIRCUIT_BREAKERS, message(1, ...limits)));
  return edited(cluster, CIRCUIT_BREAKERS, (all) => edited(all, 1, (thresholds) => joined(...limits, thresholds)));
}

/**
 * A Cluster as it has to be for a pool.
 * @param target where gateways reach the sidecar, `host:port`.
 */
export function poolCluster(
  cluster: Uint8Array,
  { name, http2, failureMode }: PoolReference,
  target: string,
): Uint8Array {
  const kept = without(cluster, TYPE, CLUSTER_TYPE, EDS_CLUSTER_CONFIG, LOAD_BALANCING_POLICY);
  const fallback = messageIn(cluster, LOAD_BALANCING_POLICY) ?? policy("least_request", joined());
  return joined(
    extended(
      withLimits(kept),
      METADATA,
      entry(1, FILTER, struct({ pool: name, ...(failureMode !== undefined && { failureMode }) })),
    ),
    varint(TYPE, EDS),
    message(EDS_CLUSTER_CONFIG, message(1, sidecarSource(target)), bytes(2, name)),
    overrideHost(fallback),
    ...(has(cluster, PROTOCOL_OPTIONS) ? [] : [httpOptions(http2)]),
  );
}

/** Whether it is one that poolCluster has made. */
export function isPoolCluster(cluster: Uint8Array): boolean {
  const metadata = messageIn(cluster, METADATA);
  if (metadata === undefined) return false;
  return contentsOf(metadata, 1).some((filter) => textIn(filter, 1) === FILTER);
}
