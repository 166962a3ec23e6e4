// Envoy configurations of the arms, all made from envoy/envoy.yaml, so that what is measured is what users run.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { ROOT } from "../../scripts/stack/command.ts";

/** Addresses of an arm. */
export interface GatewayPorts {
  readonly listener: number;
  readonly admin: number;
  readonly state: number;
  readonly endpoints: readonly number[];
}

/** `plain`: round robin, none of our filters. `inline`: as shipped. */
export type Arm = "plain" | "inline";

/** `ext-proc`: the sidecar decides, by ext_proc. */
export type AnyArm = Arm | "ext-proc";

// The parts of Envoy's configuration that are touched; the rest passes through as it stands.
interface Filter {
  name: string;
  typed_config?: unknown;
}
interface Manager {
  http_filters: Filter[];
  access_log?: unknown;
}
interface Cluster {
  name: string;
  lb_policy?: string;
  load_balancing_policy?: unknown;
  load_assignment: { endpoints: { lb_endpoints: unknown[] }[] };
}
interface Bootstrap {
  admin: { address: unknown };
  static_resources: {
    listeners: { address: unknown; filter_chains: { filters: { typed_config: Manager }[] }[] }[];
    clusters: Cluster[];
  };
}

const address = (port: number) => ({ socket_address: { address: "127.0.0.1", port_value: port } });

/** The configuration of one arm. Access logs are off in both: they would cost the same and only blur the figures. */
export function gatewayConfig(arm: AnyArm, ports: GatewayPorts): unknown {
  const config = parse(readFileSync(join(ROOT, "envoy/envoy.yaml"), "utf8")) as Bootstrap;
  config.admin.address = address(ports.admin);
  const listener = required(config.static_resources.listeners[0], "a listener");
  listener.address = address(ports.listener);
  const manager = required(listener.filter_chains[0]?.filters[0], "a connection manager").typed_config;
  delete manager.access_log;
  const models = cluster(config, "model-servers");
  setEndpoints(models, ports.endpoints);
  setEndpoints(cluster(config, "inline-epp-state"), [ports.state]);
  if (arm === "plain") {
    manager.http_filters = manager.http_filters.filter((filter) => filter.name === "envoy.filters.http.router");
    delete models.load_balancing_policy;
    models.lb_policy = "ROUND_ROBIN";
  }
  if (arm === "ext-proc") {
    const router = manager.http_filters.filter((filter) => filter.name === "envoy.filters.http.router");
    manager.http_filters = [extProcFilter("inline-epp-state"), ...router];
  }
  return config;
}

// As the gateways of the Inference Extension configure it.
function extProcFilter(cluster: string): Filter {
  return {
    name: "envoy.filters.http.ext_proc",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor",
      grpc_service: { envoy_grpc: { cluster_name: cluster } },
      processing_mode: {
        request_header_mode: "SEND",
        response_header_mode: "SEND",
        request_body_mode: "FULL_DUPLEX_STREAMED",
        response_body_mode: "FULL_DUPLEX_STREAMED",
        request_trailer_mode: "SEND",
        response_trailer_mode: "SEND",
      },
      message_timeout: "1s",
    },
  };
}

function cluster(config: Bootstrap, name: string): Cluster {
  return required(
    config.static_resources.clusters.find((candidate) => candidate.name === name),
    `cluster ${name}`,
  );
}

function setEndpoints(target: Cluster, ports: readonly number[]): void {
  const first = required(target.load_assignment.endpoints[0], `endpoints of ${target.name}`);
  first.lb_endpoints = ports.map((port) => ({ endpoint: { address: address(port) } }));
}

function required<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`envoy/envoy.yaml has no ${what} where the bench expects it`);
  return value;
}
