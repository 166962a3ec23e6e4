// Where endpoints come from, opened.

import { EndpointNews } from "./discovery/endpoint-news.ts";
import { FileDiscovery } from "./discovery/file-discovery.ts";
import { KubernetesDiscovery } from "./discovery/kubernetes/kubernetes-discovery.ts";
import type { Scope } from "./discovery/kubernetes/scope.ts";
import { MetricsElsewhere, type MetricsPlace } from "./discovery/metrics-place.ts";
import type { Discovery } from "./discovery/pool.ts";
import { type Cluster, openCluster } from "./kubernetes/cluster.ts";
import { registerKubernetesMetrics } from "./observe/kubernetes-metrics.ts";
import { type MayRead, readAccess } from "./observe/read-access.ts";
import type { Parts } from "./parts.ts";
import type { Served } from "./replicas/default-group.ts";
import type { ServeSettings, WantedScope } from "./serve-settings.ts";

/** A discovery, and what else the place that it looks at is asked. */
export interface Origin {
  readonly discovery: Discovery;
  /** What it finds. */
  readonly served: Served;
  /** Whether the first list is had at once, or never. */
  readonly isAtHand: boolean;
  /** Undefined: everybody. */
  readonly mayRead: MayRead | undefined;
  /** Closes connections; to be called after the discovery has stopped. */
  stop(): Promise<void>;
}

function openFile(file: string, { clock, log, metrics }: Parts): Discovery {
  const news = new EndpointNews(file, log, metrics.endpoints);
  return new FileDiscovery({
    file,
    clock,
    onApplied: (version) => news.applied(version),
    onRefused: (error) => news.refused(error),
  });
}

function scopeIn(namespace: string, scope: WantedScope): Scope {
  return "namespace" in scope ? { ...scope, namespace: scope.namespace ?? namespace } : scope;
}

function openKubernetes(
  scope: Scope,
  nodeZones: boolean,
  cluster: Cluster,
  place: MetricsPlace,
  { clock, log }: Parts,
): Discovery {
  log.info({ server: cluster.connection.server, scope }, "endpoints come from Kubernetes");
  const discovery = new KubernetesDiscovery({ source: cluster, scope, clock, log, nodeZones });
  return Object.keys(place).length === 0 ? discovery : new MetricsElsewhere(discovery, place);
}

/** The series of a cluster's client are there only where there is a cluster. */
function openClient(settings: ServeSettings, { clock, log, metrics }: Parts): Promise<Cluster> {
  const observer = registerKubernetesMetrics(metrics.registry);
  return openCluster({ ...settings.cluster, clock, log, observer });
}

/**
 * Opens what the settings mean. Nothing is looked for before the discovery starts.
 * @throws NoCluster where one is needed and none is configured, or the configuration cannot be used.
 */
export async function openOrigin(settings: ServeSettings, parts: Parts): Promise<Origin> {
  const { endpoints, metricsEndpointAuth, metricsPlace } = settings;
  const { clock, log } = parts;
  const isFile = endpoints.kind === "file";
  const cluster = isFile && !metricsEndpointAuth ? undefined : await openClient(settings, parts);
  const served = isFile ? endpoints : scopeIn(cluster!.connection.namespace, endpoints.scope);
  return {
    discovery:
      served.kind === "file"
        ? openFile(served.file, parts)
        : openKubernetes(served, !isFile && endpoints.zonesFromNodes, cluster!, metricsPlace, parts),
    served,
    isAtHand: isFile,
    mayRead: metricsEndpointAuth ? readAccess(cluster!.connection, clock, log) : undefined,
    stop: async () => cluster?.close(),
  };
}
