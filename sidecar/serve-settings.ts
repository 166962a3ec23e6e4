// What the command line decides. Durations are milliseconds, ports may be 0 for any free one.

import type { Scope } from "./discovery/kubernetes/scope.ts";
import type { MetricsPlace } from "./discovery/metrics-place.ts";
import type { ExtensionSettings } from "./envoy-gateway/extension-server.ts";
import type { ExtProcSettings } from "./ext-proc/settings.ts";
import type { TlsSettings } from "./grpc/secure-port.ts";
import type { ClusterSettings } from "./kubernetes/kubeconfig.ts";
import type { MetricFamily } from "./observe/metric-family.ts";
import type { ReplicaSettings } from "./replicas/replicas.ts";
import type { EngineMetrics } from "./scrape/engines.ts";
import type { TracingSettings } from "./tracing/settings.ts";

type WithoutNamespace<T> = T extends { readonly namespace: string }
  ? Omit<T, "namespace"> & { readonly namespace: string | undefined }
  : T;

/** A scope whose namespace, where it is left out, is that of the connection to the cluster. */
export type WantedScope = WithoutNamespace<Scope>;

/** Where endpoints come from. */
export type EndpointsFrom =
  | { readonly kind: "file"; readonly file: string }
  | { readonly kind: "kubernetes"; readonly scope: WantedScope; readonly zonesFromNodes: boolean };

/** The page for people. */
export interface PageSettings {
  /** IP address. */
  readonly bind: string;
  readonly port: number;
  /** File with the token that who looks has to bring; everybody may look where left out. */
  readonly tokenFile?: string;
}

/** Everything that a sidecar is told before it starts. */
export interface ServeSettings {
  readonly endpoints: EndpointsFrom;
  /** Asked for endpoints, and about who may read. */
  readonly cluster: ClusterSettings;
  /** Where the EndpointPickerConfig is; in neither place: the built-in one. */
  readonly config: { readonly file?: string; readonly text?: string };
  /** IP address for all ports. */
  readonly bind: string;
  readonly grpcPort: number;
  readonly grpcHealthPort: number;
  readonly metricsPort: number;
  /** Whose names metrics of pools and requests get. */
  readonly metricsFamilies: readonly MetricFamily[];
  /** Where people look; nowhere where left out. */
  readonly page?: PageSettings;
  /** Whether /metrics and /state are only for who the cluster lets read them. */
  readonly metricsEndpointAuth: boolean;
  /** Whether gateways may fetch the filter from the metrics port. */
  readonly serveFilter: boolean;
  /** How long gateways are served after the signal to stop, while readiness says no. */
  readonly drainTimeout: number;
  readonly refreshMetricsInterval: number;
  readonly metricsStalenessThreshold: number;
  /** Chosen by the scraper where left out. */
  readonly scrapeTimeout?: number;
  /** Where Kubernetes' pods have their metrics, where it is not http at /metrics of the endpoint's own port. */
  readonly metricsPlace: MetricsPlace;
  /** Whether certificates of https metrics are checked. */
  readonly verifyMetricsTls: boolean;
  /** Metrics of endpoints without another engine's label; vLLM's own where left out. */
  readonly vllmMetrics?: EngineMetrics;
  /** TLS at the gRPC port. */
  readonly tls: TlsSettings;
  /** How gateways that ask by ext_proc are served; they are not where left out. */
  readonly extProc?: ExtProcSettings;
  /** Where to meet other replicas; this one works alone where left out. */
  readonly replicas?: ReplicaSettings;
  /** Envoy Gateway's extension server; there is none where left out. */
  readonly envoyGateway?: ExtensionSettings;
  /** How requests are traced; they are not where left out. */
  readonly tracing?: TracingSettings;
}
