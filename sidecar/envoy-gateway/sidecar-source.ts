// How gateways reach the sidecar.

import { isIP } from "node:net";
import { authority } from "../observe/listen-error.ts";
import { bytes, joined, message, varint } from "../protobuf/fields.ts";
import { address, any, entry, milliseconds, seconds } from "../xds/values.ts";

/** Where gateways find the port that they connect to: a name that they can resolve, or an IP address. */
export interface SidecarAddress {
  readonly host: string;
  readonly port: number;
}

/** The cluster of the filter's stream of state. */
export const STATE_CLUSTER = "inline-epp-state";

const V3 = 2;
const GRPC = 2;
/** Seconds that a gateway waits for what it asks for before it goes on without. */
const FETCH_SECONDS = 5;
/** How soon a gateway looks again for a sidecar that is away, at first and at the latest. */
const RETRY_MS = 500;
const LATEST_RETRY_SECONDS = 5;
const CHANNEL = {
  keepalive_time_ms: 10_000,
  keepalive_timeout_ms: 5_000,
  initial_reconnect_backoff_ms: RETRY_MS,
  min_reconnect_backoff_ms: RETRY_MS,
  max_reconnect_backoff_ms: 1000 * LATEST_RETRY_SECONDS,
} as const;
const STATIC = 0;
const STRICT_DNS = 1;
const HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

/** The address as gRPC takes it. */
export function sidecarTarget({ host, port }: SidecarAddress): string {
  return authority(host, port);
}

/**
 * A config.core.v3.ConfigSource: the sidecar's discovery services. By Google's gRPC client, since Envoy's own takes
 * only clusters of the bootstrap configuration for this.
 */
export function sidecarSource(target: string): Uint8Array {
  const channel = Object.entries(CHANNEL).map(([name, value]) => entry(1, `grpc.${name}`, varint(2, value)));
  const google = message(2, bytes(1, target), bytes(4, "inline_epp"), message(8, ...channel));
  // Of the stream; the channel below it has its own.
  const again = message(6, message(1, milliseconds(1, RETRY_MS), seconds(2, LATEST_RETRY_SECONDS)));
  const api = message(2, varint(1, GRPC), message(4, google, again), varint(7, 1), varint(8, V3));
  return joined(api, seconds(4, FETCH_SECONDS), varint(6, V3));
}

/** A Cluster that leads to the sidecar. */
export function stateCluster({ host, port }: SidecarAddress): Uint8Array {
  // Notices within seconds that the sidecar's machine is gone, when no packet says so.
  const pings = message(15, seconds(1, 5), seconds(2, 2));
  const http2 = any(HTTP_OPTIONS, message(3, message(2, pings)));
  const endpoint = message(2, message(1, message(1, address(host, port))));
  return joined(
    bytes(1, STATE_CLUSTER),
    varint(2, isIP(host) === 0 ? STRICT_DNS : STATIC),
    seconds(4, 1),
    entry(36, HTTP_OPTIONS, http2),
    message(33, bytes(1, STATE_CLUSTER), message(2, endpoint)),
  );
}
