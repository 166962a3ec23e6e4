// An Envoy that is configured as Istio's control plane and agent configure the proxy of a Gateway, by our manifests: its
// filters, routes and clusters are patched by the EnvoyFilter as it stands in the YAML.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../../scripts/stack/command.ts";
import type { EnvoyOptions } from "../../harness/envoy.ts";
import { type Cluster, connectionManager, type EnvoyConfig, listenerOf } from "../../harness/envoy-config.ts";
import { type KubeObject, ofKind } from "../../harness/helm.ts";
import { clusterOf, http2Cluster, poolCluster, serviceCluster } from "./clusters.ts";
import { discoveredFilter, extensionFile, extensionOf, filtersOf, standIn } from "./filters.ts";
import { applyPatches, type GatewayConfig, type Patch } from "./patches.ts";
import { routesOf } from "./routes.ts";

export type GatewayOptions = {
  /** What `kubectl apply -k` sent. Of DestinationRules only those for the sidecar. */
  readonly objects: readonly KubeObject[];
  /** For the file of the wasm filter's configuration. */
  readonly folder: string;
  /** HTTPRoutes beside ours, and who their Services are, by name. */
  readonly otherRoutes?: readonly KubeObject[];
  readonly otherServices?: Readonly<Record<string, readonly string[]>>;
  /** The agent could not fetch the module. */
  readonly fetchFails?: boolean;
};

function wasmOf(objects: readonly KubeObject[]): KubeObject["spec"] | undefined {
  return ofKind(objects, "WasmPlugin")[0]?.spec ?? ofKind(objects, "TrafficExtension")[0]?.spec.wasm;
}

function addressesOf(config: EnvoyConfig, cluster: string): string[] {
  const { load_assignment } = config.static_resources.clusters.find(({ name }) => name === cluster)!;
  return load_assignment.endpoints.flatMap(({ lb_endpoints }) =>
    lb_endpoints.map(({ endpoint }) => {
      const { address, port_value } = endpoint.address.socket_address;
      return `${address}:${port_value}`;
    }),
  );
}

function clustersFor(options: GatewayOptions, pods: readonly string[], sidecar: readonly string[]): Cluster[] {
  const { objects, otherRoutes = [], otherServices = {} } = options;
  const [pool] = ofKind(objects, "InferencePool");
  const clusters = pool === undefined ? [] : [poolCluster(pool, pods)];
  for (const { metadata, spec } of [...ofKind(objects, "HTTPRoute"), ...otherRoutes]) {
    for (const { backendRefs } of spec.rules) {
      for (const { kind, name, port } of backendRefs) {
        if (kind === "InferencePool") continue;
        const cluster = clusterOf(name, metadata.namespace!, port);
        clusters.push(serviceCluster(cluster, otherServices[name] ?? pods));
      }
    }
  }
  const wasm = wasmOf(objects);
  const picker = pool?.spec.endpointPickerRef;
  const sidecarClusters = new Set<string>([
    ...(wasm ? [wasm.pluginConfig.stateCluster] : []),
    ...(picker ? [clusterOf(picker.name, pool!.metadata.namespace!, picker.port.number)] : []),
  ]);
  const secure = ofKind(objects, "DestinationRule").some(({ spec }) => spec.trafficPolicy.tls.mode === "SIMPLE");
  for (const name of sidecarClusters) clusters.push(http2Cluster(name, sidecar, secure));
  return clusters as unknown as Cluster[];
}

/** The wasm filter in the listener of a node, whose configuration is written into a file. */
function discover(objects: readonly KubeObject[], node: string, { folder, fetchFails = false }: GatewayOptions) {
  const extension = extensionOf(objects, join(ROOT, "build", "filter.wasm"));
  const file = join(folder, `extension-${node}.json`);
  writeFileSync(file, extensionFile(fetchFails ? { ...extension, config: standIn(extension.config) } : extension));
  return discoveredFilter(extension.name, file);
}

/**
 * Options for an Envoy of the harness. What the harness wrote into the configuration of envoy/ says where it listens, who
 * the pods are, and where the sidecar is; all else is Istio's.
 */
export function istioGateway(options: GatewayOptions): EnvoyOptions {
  const { objects, otherRoutes = [] } = options;
  const edit = (config: EnvoyConfig): void => {
    const discovered = wasmOf(objects) === undefined ? [] : [discover(objects, config.node.id, options)];
    const pools = ofKind(objects, "InferencePool");
    const routes = [...otherRoutes, ...ofKind(objects, "HTTPRoute")].flatMap((route) => routesOf(route, pools));
    const clusters = clustersFor(
      options,
      addressesOf(config, "model-servers"),
      addressesOf(config, "inline-epp-state"),
    );
    const httpFilters = [...discovered, ...filtersOf(pools.length > 0)];
    const generated = { httpFilters, routes, clusters } as unknown as GatewayConfig;
    for (const { spec } of ofKind(objects, "EnvoyFilter")) applyPatches(generated, spec.configPatches as Patch[]);

    const manager = connectionManager(listenerOf(config));
    delete manager.request_timeout;
    delete manager.request_headers_timeout;
    manager.http_filters = generated.httpFilters as typeof manager.http_filters;
    manager.route_config = {
      name: "http.80",
      virtual_hosts: [{ name: "*:80", domains: ["*"], routes: generated.routes }],
    };
    config.static_resources.clusters = clusters;
  };
  // Of the pools none is wanted before it is asked for.
  return { edit, poolsWanted: 0 };
}
