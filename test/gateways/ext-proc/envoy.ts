// An Envoy without wasm: the sidecar picks for it by ext_proc.

import type { TestContext } from "node:test";
import type { EnvoyOptions } from "../../harness/envoy.ts";
import {
  connectionManager,
  type EnvoyConfig,
  type HttpFilter,
  listenerOf,
  setEndpoints,
} from "../../harness/envoy-config.ts";
import { type Stack, type StackOptions, startStack } from "../../harness/stack.ts";

/** A processing mode of Envoy's ext_proc filter; what is left out is as Envoy has it. */
export type ProcessingMode = Readonly<Record<string, string>>;

/** The modes that gateways use. */
export const MODES = {
  duplex: {
    request_body_mode: "FULL_DUPLEX_STREAMED",
    response_body_mode: "FULL_DUPLEX_STREAMED",
    request_trailer_mode: "SEND",
    response_trailer_mode: "SEND",
  },
  buffered: { request_body_mode: "BUFFERED", response_body_mode: "STREAMED" },
  wholly: { request_body_mode: "BUFFERED", response_body_mode: "BUFFERED" },
  streamed: { request_body_mode: "STREAMED", response_body_mode: "STREAMED" },
  headers: { request_body_mode: "NONE", response_body_mode: "NONE" },
} satisfies Record<string, ProcessingMode>;

export type ModeName = keyof typeof MODES;

const CLUSTER = "ext-proc";
const OWN = ["inline-epp", "envoy.filters.http.buffer", "envoy.filters.http.header_mutation"];

/** How Envoy reaches the sidecar, and what it tells it. */
export type ExtProcOptions = {
  mode: ProcessingMode;
  /** Over TLS, as gateways speak to reference pickers, unless told. */
  plaintext?: boolean;
  /** Filters in front of the ext_proc filter. */
  before?: readonly HttpFilter[];
  /** More fields of the ext_proc filter. */
  more?: Readonly<Record<string, unknown>>;
};

function extProcFilter({ mode, more }: ExtProcOptions): HttpFilter {
  return {
    name: "envoy.filters.http.ext_proc",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor",
      grpc_service: { envoy_grpc: { cluster_name: CLUSTER } },
      processing_mode: { request_header_mode: "SEND", response_header_mode: "SEND", ...mode },
      message_timeout: "5s",
      metadata_options: {
        forwarding_namespaces: { untyped: ["envoy.lb.subset_hint", "envoy.lb"] },
        receiving_namespaces: { untyped: ["envoy.lb"] },
      },
      ...more,
    },
  };
}

/** Turns the configuration of an Envoy with the filter into one that asks by ext_proc. */
export function askByExtProc(config: EnvoyConfig, statePort: number, options: ExtProcOptions): void {
  const manager = connectionManager(listenerOf(config));
  const others = manager.http_filters.filter(({ name }) => !OWN.includes(name));
  manager.http_filters = [...(options.before ?? []), extProcFilter(options), ...others];
  const clusters = config.static_resources.clusters;
  const state = clusters.find(({ name }) => name === "inline-epp-state")!;
  const cluster = structuredClone(state);
  cluster.name = CLUSTER;
  cluster.load_assignment.cluster_name = CLUSTER;
  if (!options.plaintext) {
    cluster.transport_socket = {
      name: "envoy.transport_sockets.tls",
      typed_config: { "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext" },
    };
  }
  clusters[clusters.indexOf(state)] = cluster;
  setEndpoints(config, CLUSTER, [`127.0.0.1:${statePort}`]);
}

/** A stack in which Envoy asks by ext_proc. */
export async function startExtProcStack(
  t: TestContext | undefined,
  options: StackOptions & { extProc: ExtProcOptions },
): Promise<Stack> {
  const { extProc, envoy = {}, ...rest } = options;
  const edited: EnvoyOptions = {
    ...envoy,
    poolsWanted: 0,
    edit: (config, around) => {
      askByExtProc(config, around.statePort, extProc);
      envoy.edit?.(config, around);
    },
  };
  return startStack({ ...rest, envoy: edited }, t);
}
