// An Envoy whose requests are for several pools, or for none.

import { freePorts } from "../../scripts/stack/ports.ts";
import { type Cluster, connectionManager, type EnvoyConfig, listenerOf } from "./envoy-config.ts";
import type { Pools } from "./sidecar.ts";
import type { SimulatorSpec } from "./simulators.ts";

/** A way through Envoy: requests with the header `x-way: NAME` take the route of that name to the cluster. */
export type Way = { readonly route: string; readonly cluster: string };

/** Pools of two simulators each, which listen where the pools' endpoints are. */
export async function poolsOfTwo(names: readonly string[]): Promise<{ pools: Pools; simulators: SimulatorSpec[] }> {
  const ports = await freePorts(names.length * 2);
  const pools = names.map((name, pool) => ({
    name,
    endpoints: [0, 1].map((one) => ({ name: `${name}-${one}`, address: `127.0.0.1:${ports[pool * 2 + one]}` })),
  }));
  return { pools, simulators: ports.map((port) => ({ port })) };
}

/**
 * Gives the listener these routes, by the header `x-way`, and each of their clusters that is not there yet every model
 * server: where a request goes is then the filter's choice alone.
 */
export function setWays(config: EnvoyConfig, ways: Readonly<Record<string, Way>>): void {
  const routes = routesOf(config);
  const [route] = routes as [{ match: object; route: object }];
  routes.splice(
    0,
    routes.length,
    ...Object.entries(ways).map(([way, { route: name, cluster }]) => ({
      ...route,
      name,
      match: { prefix: "/", headers: [{ name: "x-way", string_match: { exact: way } }] },
      route: { ...route.route, cluster },
    })),
  );
  const { clusters } = config.static_resources;
  const [servers] = clusters.splice(
    clusters.findIndex(({ name }) => name === "model-servers"),
    1,
  );
  for (const { cluster } of Object.values(ways)) {
    if (!clusters.some(({ name }) => name === cluster)) clusters.push(renamed(servers!, cluster));
  }
}

/** Adds a cluster that balances by itself. */
export function addPlainCluster(config: EnvoyConfig, name: string, address: string): void {
  const colon = address.lastIndexOf(":");
  const socket_address = { address: address.slice(0, colon), port_value: Number(address.slice(colon + 1)) };
  config.static_resources.clusters.push({
    ...{ name, type: "STATIC", connect_timeout: "1s" },
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address } } }] }],
    },
  });
}

/** Adds a listener without any filter of ours whose requests all go to a cluster; `port` is free. */
export function addPlainListener(config: EnvoyConfig, port: number, cluster: string): void {
  const listener = structuredClone(listenerOf(config));
  listener.name = "plain";
  listener.address.socket_address.port_value = port;
  const manager = connectionManager(listener);
  manager.http_filters = manager.http_filters.filter(({ name }) => name === "envoy.filters.http.router");
  manager.stat_prefix = "plain";
  manager.route_config = {
    virtual_hosts: [{ name: "all", domains: ["*"], routes: [{ match: { prefix: "/" }, route: { cluster } }] }],
  };
  config.static_resources.listeners.push(listener);
}

function routesOf(config: EnvoyConfig): object[] {
  const manager = connectionManager(listenerOf(config)) as unknown as {
    route_config: { virtual_hosts: [{ routes: object[] }] };
  };
  return manager.route_config.virtual_hosts[0].routes;
}

function renamed(cluster: Cluster, name: string): Cluster {
  const copy = structuredClone(cluster);
  copy.name = name;
  copy.load_assignment.cluster_name = name;
  return copy;
}
