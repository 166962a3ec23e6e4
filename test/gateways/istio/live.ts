// A live control plane of Istio on the tests' API server, and an Envoy that gets its configuration from it, as the proxy
// of a Gateway does. Nobody makes pods, so they stand as Istio's WorkloadEntries; and there is no agent of Istio's, so
// that the module comes from a file.

import { mkdirSync, writeFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { type Child, startChild } from "../../../scripts/stack/child.ts";
import { ROOT } from "../../../scripts/stack/command.ts";
import { freePorts } from "../../../scripts/stack/ports.ts";
import { waitForAnswer, waitUntil } from "../../../scripts/stack/ready.ts";
import { findIstiod } from "../../../scripts/tools/istio-tools.ts";
import type { Envoy } from "../../harness/envoy.ts";
import { type EnvoyConfig, listenerOf } from "../../harness/envoy-config.ts";
import type { Cluster } from "../../harness/kube-cluster.ts";
import { ADMIN_TOKEN } from "../../harness/kube-processes.ts";
import { http2Cluster } from "./clusters.ts";

const ROOT_NAMESPACE = "istio-system";
const READY_TIMEOUT_MS = 60_000;
const UPDATE_TIMEOUT_MS = 60_000;

/** The proxy's pod. */
export const PROXY = "gateway-istio-1";

export type Istiod = {
  /** Where proxies ask for their configuration, in plaintext. */
  readonly xds: string;
  readonly child: Child;
  stop(): Promise<void>;
};

/** Starts Istio's control plane for a cluster that has the kinds it reads. */
export async function startIstiod(cluster: Cluster): Promise<Istiod> {
  await cluster.addNamespace(ROOT_NAMESPACE);
  const folder = join(cluster.folder, "istiod");
  mkdirSync(folder);
  const mesh = join(folder, "mesh.yaml");
  // Without Istio's statistics, whose filter other Envoys lack, and without mTLS, whose certificates the agent brings.
  const settings = { rootNamespace: ROOT_NAMESPACE, defaultProviders: { metrics: [] }, enableAutoMtls: false };
  writeFileSync(mesh, stringify(settings));
  const [xds, http, https, secure, monitoring] = (await freePorts(5)) as [number, number, number, number, number];
  const child = await startChild({
    name: "istiod",
    command: await findIstiod(),
    args: [
      ...["discovery", "--kubeconfig", cluster.kubeconfig({ token: ADMIN_TOKEN }, ROOT_NAMESPACE)],
      ...["--meshConfig", mesh, "--networksConfig", join(folder, "none"), "--shutdownDuration", "1s"],
      ...["--grpcAddr", `127.0.0.1:${xds}`, "--httpAddr", `127.0.0.1:${http}`, "--httpsAddr", `127.0.0.1:${https}`],
      ...[
        "--secureGRPCAddr",
        `127.0.0.1:${secure}`,
        "--monitoringAddr",
        `127.0.0.1:${monitoring}`,
        "--ctrlz_port",
        "0",
      ],
    ],
    cwd: folder,
    env: {
      POD_NAMESPACE: ROOT_NAMESPACE,
      POD_NAME: "istiod",
      ENABLE_GATEWAY_API_INFERENCE_EXTENSION: "true",
      // Filters that only Istio's own proxy has.
      PILOT_ENABLE_ALPN_FILTER: "false",
      PILOT_ENABLE_METADATA_EXCHANGE: "false",
    },
    logFile: join(folder, "log"),
  });
  try {
    await waitForAnswer(child, `http://127.0.0.1:${http}/ready`, READY_TIMEOUT_MS);
  } catch (error) {
    await child.stop();
    throw error;
  }
  return { xds: `127.0.0.1:${xds}`, child, stop: async () => void (await child.stop()) };
}

/** Makes the configuration of an Envoy that of a Gateway's proxy; `onPort` learns where it will take requests. */
export function proxyOf(
  gateway: { name: string; namespace: string; address: string },
  istiod: Istiod,
  onPort: (port: number) => void,
) {
  return (config: EnvoyConfig): void => {
    onPort(listenerOf(config).address.socket_address.port_value);
    const { name, namespace, address } = gateway;
    config.node = {
      id: `router~${address}~${PROXY}.${namespace}~${namespace}.svc.cluster.local`,
      cluster: `${name}-istio.${namespace}`,
      metadata: {
        NAMESPACE: namespace,
        CLUSTER_ID: "Kubernetes",
        ISTIO_VERSION: "1.32.0",
        LABELS: { "gateway.networking.k8s.io/gateway-name": name, "istio.io/gateway-name": name },
      },
    } as EnvoyConfig["node"];
    const ads = { ads: {}, resource_api_version: "V3", initial_fetch_timeout: "0s" };
    config.dynamic_resources = {
      lds_config: ads,
      cds_config: ads,
      ads_config: {
        api_type: "GRPC",
        transport_api_version: "V3",
        grpc_services: [{ envoy_grpc: { cluster_name: "xds-grpc" } }],
      },
    };
    config.static_resources.listeners = [];
    config.static_resources.clusters = [http2Cluster("xds-grpc", [istiod.xds], false) as never];
  };
}

/**
 * What stands for a pod behind Services and pools that select its labels: EndpointSlices may not hold addresses of
 * 127.0.0.0/8, Istio's own WorkloadEntry may. `ports`: by the names of the Services' ports.
 */
export function workload(
  name: string,
  namespace: string,
  labels: Readonly<Record<string, string>>,
  address: string,
  ports: Readonly<Record<string, number>>,
): object {
  return {
    apiVersion: "networking.istio.io/v1",
    kind: "WorkloadEntry",
    metadata: { name, namespace },
    spec: { address, ports, labels },
  };
}

/** An address of this machine that may stand in an EndpointSlice, where none of 127.0.0.0/8 may; null: it has none. */
export function ownAddress(): string | null {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return all.find(({ family, internal }) => family === "IPv4" && !internal)?.address ?? null;
}

/** What a cluster's controller makes for one pod behind a Service: its address, with its ports by their names. */
export function slice(service: string, namespace: string, address: string, ports: Record<string, number>): object {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: `${service}-1`, namespace, labels: { "kubernetes.io/service-name": service } },
    addressType: "IPv4",
    ports: Object.entries(ports).map(([name, port]) => ({ name, port, protocol: "TCP" })),
    endpoints: [{ addresses: [address], conditions: { ready: true, serving: true, terminating: false } }],
  };
}

/** Waits until Envoy has a cluster that obeys picks, and waits for no other. */
export async function waitForCluster(envoy: Envoy, name: string): Promise<void> {
  const obeys = async (): Promise<boolean> => {
    const [active, warming] = await Promise.all(
      ["dynamic_active_clusters", "dynamic_warming_clusters"].map(async (resource) => {
        const answer = await fetch(`${envoy.adminUrl}/config_dump?resource=${resource}`);
        return ((await answer.json()) as { configs?: { cluster: { name: string } }[] }).configs ?? [];
      }),
    );
    const found = active!.find(({ cluster }) => cluster.name === name);
    return warming!.length === 0 && JSON.stringify(found ?? "").includes("override_host");
  };
  await waitUntil(`a cluster ${name} that obeys picks`, obeys, UPDATE_TIMEOUT_MS);
}

/** The module where every process of this machine finds it. */
export const MODULE_URL = `file://${join(ROOT, "build", "filter.wasm")}`;
