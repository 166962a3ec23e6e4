// The clusters that Istio gives a Gateway's proxy: one for each port of each Service, and one for each InferencePool.

import { createHash } from "node:crypto";
import type { KubeObject } from "../../harness/helm.ts";
import type { Message } from "./patches.ts";

export type Cluster = Message & { name: string };

const POLICIES = "type.googleapis.com/envoy.extensions.load_balancing_policies";
const HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
const NO_LIMIT = 4294967295;
/** The port of the service that Istio makes behind a pool, for whatever target ports. */
const POOL_PORT = 54321;

/** The name of the cluster for a port of a Service. */
export function clusterOf(service: string, namespace: string, port: number): string {
  return `outbound|${port}||${service}.${namespace}.svc.cluster.local`;
}

/** The name of the cluster for an InferencePool. */
export function clusterOfPool({ metadata: { name, namespace } }: KubeObject): string {
  const hash = createHash("sha256").update(name).digest("hex").slice(0, 8);
  return clusterOf(`${name}-ip-${hash}`, namespace!, POOL_PORT);
}

function policy(name: string, type: string, config: Message = {}): Message {
  return {
    typed_extension_config: {
      name: `envoy.load_balancing_policies.${name}`,
      typed_config: { "@type": `${POLICIES}.${name}.v3.${type}`, ...config },
    },
  };
}

const inLb = (key: string): Message => ({ key: "envoy.lb", path: [{ key }] });

/** What `tls: {mode: SIMPLE, insecureSkipVerify: true}` becomes. */
const SIMPLE_TLS = {
  name: "envoy.transport_sockets.tls",
  typed_config: {
    "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
    common_tls_context: { alpn_protocols: ["h2"] },
  },
};

/** A cluster with these endpoints, which Istio would send apart. */
function cluster(name: string, addresses: readonly string[], more: Message): Cluster {
  const endpoint = (address: string): Message => {
    const [host, port] = address.split(":");
    return { endpoint: { address: { socket_address: { address: host, port_value: Number(port) } } } };
  };
  const limits = ["max_connections", "max_pending_requests", "max_requests", "max_retries"];
  return {
    name,
    type: "STATIC",
    connect_timeout: "10s",
    circuit_breakers: { thresholds: [Object.fromEntries(limits.map((limit) => [limit, NO_LIMIT]))] },
    common_lb_config: {},
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: addresses.map(endpoint) }] },
    ...more,
  };
}

/** The cluster of an InferencePool: it obeys metadata, and no header. */
export function poolCluster(pool: KubeObject, addresses: readonly string[]): Cluster {
  return cluster(clusterOfPool(pool), addresses, {
    lb_policy: "CLUSTER_PROVIDED",
    load_balancing_policy: {
      policies: [
        policy("override_host", "OverrideHost", {
          override_host_sources: [{ metadata: inLb("x-gateway-destination-endpoint") }],
          selected_host_key: inLb("x-gateway-destination-endpoint-served"),
          fallback_policy: { policies: [policy("round_robin", "RoundRobin")] },
        }),
      ],
    },
  });
}

/** The cluster of a Service. */
export function serviceCluster(name: string, addresses: readonly string[]): Cluster {
  return cluster(name, addresses, { lb_policy: "LEAST_REQUEST" });
}

/** The cluster of a Service whose port is `http2`, or `kubernetes.io/h2c`; a DestinationRule may make it secure. */
export function http2Cluster(name: string, addresses: readonly string[], secure: boolean): Cluster {
  const options = { http2_protocol_options: { max_concurrent_streams: 1073741824 } };
  return cluster(name, addresses, {
    lb_policy: "LEAST_REQUEST",
    typed_extension_protocol_options: {
      [HTTP_OPTIONS]: { "@type": `type.googleapis.com/${HTTP_OPTIONS}`, explicit_http_config: options },
    },
    ...(secure && { transport_socket: SIMPLE_TLS }),
  });
}
