// The HTTP filters of a Gateway's listener, as Istio generates them. Those that only its own proxy has are left out:
// metadata exchange, ALPN and statistics, none of which changes a Gateway's requests.

import { type KubeObject, ofKind, only } from "../../harness/helm.ts";
import type { GatewayConfig, Message } from "./patches.ts";

const FILTERS = "type.googleapis.com/envoy.extensions.filters.http";
const WASM = `${FILTERS}.wasm.v3.Wasm`;

/** The wasm filter's name in the listener, and its configuration, which comes by discovery. */
export type Extension = { readonly name: string; readonly config: Message };

/** What becomes of the WasmPlugin, or of the TrafficExtension, when the agent has fetched the module into a file. */
export function extensionOf(objects: readonly KubeObject[], module: string): Extension {
  const [plugin] = ofKind(objects, "WasmPlugin");
  const { metadata, spec } = plugin ?? only(objects, "TrafficExtension");
  const wasm = plugin === undefined ? spec.wasm : spec;
  const resource = `${metadata.namespace}.${metadata.name}`;
  return {
    name: `extensions.istio.io/trafficextension/${resource}`,
    config: {
      "@type": WASM,
      // No vm_id, and no allow_on_headers_stop_iteration: there is no way to set them.
      config: {
        name: resource,
        root_id: wasm.pluginName,
        failure_policy: wasm.failStrategy === "FAIL_CLOSE" ? "FAIL_CLOSED" : wasm.failStrategy,
        configuration: {
          "@type": "type.googleapis.com/google.protobuf.StringValue",
          value: JSON.stringify(wasm.pluginConfig),
        },
        vm_config: { runtime: "envoy.wasm.runtime.v8", code: { local: { filename: module } } },
      },
    },
  };
}

/** The agent's answer where the module cannot be fetched: a filter that lets everybody pass, or nobody. */
export function standIn(config: Message): Message {
  const open = (config.config as Message).failure_policy === "FAIL_OPEN";
  const rules = open
    ? { rules_stat_prefix: "wasm-default-allow" }
    : { rules: {}, rules_stat_prefix: "wasm-default-deny" };
  return { "@type": `${FILTERS}.rbac.v3.RBAC`, ...rules };
}

/** The file in which Envoy finds a discovered filter. */
export function extensionFile({ name, config }: Extension): string {
  const resource = { "@type": "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig", name };
  return JSON.stringify({ resources: [{ ...resource, typed_config: config }] });
}

function builtIn(name: string, type: string, config: Message = {}): Message & { name: string } {
  return {
    name: `envoy.filters.http.${name}`,
    typed_config: { "@type": `${FILTERS}.${name}.v3.${type}`, ...config },
  };
}

/** A wasm filter that Envoy finds in a file. */
export function discoveredFilter(name: string, path: string): GatewayConfig["httpFilters"][number] {
  return {
    name,
    config_discovery: {
      config_source: { path_config_source: { path }, resource_api_version: "V3", initial_fetch_timeout: "0s" },
      type_urls: [WASM, `${FILTERS}.rbac.v3.RBAC`],
    },
  };
}

/** The listener's own filters. A Gateway with a route to an InferencePool has one for endpoint pickers by ext_proc. */
export function filtersOf(hasPool: boolean): GatewayConfig["httpFilters"] {
  const picker = builtIn("ext_proc", "ExternalProcessor", {
    grpc_service: { envoy_grpc: { cluster_name: "dummy" }, timeout: "10s" },
    failure_mode_allow: true,
    processing_mode: { request_header_mode: "SKIP", response_header_mode: "SKIP" },
    message_timeout: "1000s",
    metadata_options: {
      receiving_namespaces: { untyped: ["envoy.lb"] },
      forwarding_namespaces: { untyped: ["envoy.lb"] },
    },
  });
  return [
    ...(hasPool ? [picker] : []),
    builtIn("grpc_stats", "FilterConfig"),
    builtIn("fault", "HTTPFault"),
    builtIn("cors", "Cors"),
    builtIn("router", "Router"),
  ];
}

/** A route's own configuration of ext_proc: who picks the endpoints of its InferencePool. */
export function pickerOf(cluster: string, failOpen: boolean): Message {
  return {
    "envoy.filters.http.ext_proc": {
      "@type": `${FILTERS}.ext_proc.v3.ExtProcPerRoute`,
      overrides: {
        failure_mode_allow: failOpen,
        grpc_service: { envoy_grpc: { cluster_name: cluster } },
        processing_mode: {
          request_header_mode: "SEND",
          request_body_mode: "FULL_DUPLEX_STREAMED",
          request_trailer_mode: "SEND",
          response_header_mode: "SEND",
          response_body_mode: "FULL_DUPLEX_STREAMED",
          response_trailer_mode: "SEND",
        },
      },
    },
  };
}
