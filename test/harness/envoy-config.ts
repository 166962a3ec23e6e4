import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { ROOT } from "../../scripts/stack/command.ts";

// Envoy's configuration as far as tests change it; the rest is there, untyped.
type Rest = { [field: string]: unknown };
export type Address = { socket_address: { address: string; port_value: number } };
export type HttpFilter = { name: string; typed_config: Rest };
export type Listener = Rest & {
  name: string;
  address: Address;
  filter_chains: { filters: { typed_config: Rest }[] }[];
};
export type Cluster = Rest & {
  name: string;
  load_assignment: Rest & { endpoints: { lb_endpoints: { endpoint: { address: Address } }[] }[] };
};
export type EnvoyConfig = Rest & {
  node: { id: string; cluster: string };
  admin: { address: Address };
  static_resources: { listeners: Listener[]; clusters: Cluster[] };
};
/** The wasm filter's own part of a listener. */
export type WasmConfig = Rest & {
  failure_policy: string;
  allow_on_headers_stop_iteration: boolean;
  vm_config: Rest & { vm_id: string; code: { local: { filename: string } } };
  configuration: { value: string };
};

/** Settings of the filter; null leaves one out. */
export type PluginSettings = Readonly<Record<string, string | Readonly<Record<string, string>> | null>>;

/** envoy/envoy.yaml, parsed anew. */
export function readEnvoyConfig(): EnvoyConfig {
  return parse(readFileSync(join(ROOT, "envoy", "envoy.yaml"), "utf8"));
}

function socket(address: string): Address {
  const colon = address.lastIndexOf(":");
  return { socket_address: { address: address.slice(0, colon), port_value: Number(address.slice(colon + 1)) } };
}

/** The one listener of a configuration. */
export function listenerOf(config: EnvoyConfig): Listener {
  return config.static_resources.listeners[0]!;
}

/** The HTTP connection manager of a listener. */
export function connectionManager(listener: Listener): Rest & { http_filters: HttpFilter[] } {
  return listener.filter_chains[0]!.filters[0]!.typed_config as Rest & { http_filters: HttpFilter[] };
}

/** The wasm filter of a listener. */
export function wasmConfig(listener: Listener): WasmConfig {
  const filter = connectionManager(listener).http_filters.find(({ name }) => name === "inline-epp")!;
  return filter.typed_config.config as WasmConfig;
}

/** Changes settings of the filter in a listener. */
export function setPlugin(listener: Listener, settings: PluginSettings): void {
  const wasm = wasmConfig(listener);
  const before = JSON.parse(wasm.configuration.value) as PluginSettings;
  const after = Object.entries({ ...before, ...settings }).filter(([, value]) => value !== null);
  wasm.configuration.value = JSON.stringify(Object.fromEntries(after));
}

/** Makes the filter hold requests itself: with the flag that this needs, and without the filters that did it. */
export function holdSelf(listener: Listener): void {
  setPlugin(listener, { hold: "self" });
  wasmConfig(listener).allow_on_headers_stop_iteration = true;
  const manager = connectionManager(listener);
  const without = ["envoy.filters.http.buffer", "envoy.filters.http.header_mutation"];
  manager.http_filters = manager.http_filters.filter(({ name }) => !without.includes(name));
}

/** Takes all filters but the router away: the cluster's own policy balances. */
export function balancePlainly(config: EnvoyConfig, policy: "ROUND_ROBIN" | "LEAST_REQUEST"): void {
  const manager = connectionManager(listenerOf(config));
  manager.http_filters = manager.http_filters.filter(({ name }) => name === "envoy.filters.http.router");
  const cluster = config.static_resources.clusters.find(({ name }) => name === "model-servers")!;
  delete cluster.load_balancing_policy;
  cluster.lb_policy = policy;
}

/** Puts other endpoints ("127.0.0.1:8001") into a cluster. */
export function setEndpoints(config: EnvoyConfig, cluster: string, addresses: readonly string[]): void {
  const found = config.static_resources.clusters.find(({ name }) => name === cluster)!;
  const endpoints = addresses.map((address) => ({ endpoint: { address: socket(address) } }));
  found.load_assignment.endpoints = [{ lb_endpoints: endpoints }];
}

/** Where Envoy listens. */
export function setPorts(config: EnvoyConfig, requests: number, admin: number): void {
  listenerOf(config).address.socket_address.port_value = requests;
  config.admin.address.socket_address.port_value = admin;
}

/** Takes the listener out of a configuration, which then reads its listeners from a file and follows its changes. */
export function readListenersFrom(config: EnvoyConfig, folder: string, file: string): Listener {
  const listener = listenerOf(config);
  config.static_resources.listeners = [];
  config.dynamic_resources = {
    lds_config: {
      resource_api_version: "V3",
      path_config_source: { path: join(folder, file), watched_directory: { path: folder } },
    },
  };
  return listener;
}
