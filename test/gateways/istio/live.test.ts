// Requests through an Envoy that a live control plane of Istio configures by our manifests.

import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { after, before } from "node:test";
import { stringify } from "yaml";
import { waitUntil } from "../../../scripts/stack/ready.ts";
import { findKustomize } from "../../../scripts/tools/deploy-tools.ts";
import { type Envoy, startEnvoy } from "../../harness/envoy.ts";
import { buildKustomization, type KubeObject, ofKind, only } from "../../harness/helm.ts";
import { type Cluster, startCluster } from "../../harness/kube-cluster.ts";
import { addPod } from "../../harness/kube-objects.ts";
import { startSidecar } from "../../harness/sidecar.ts";
import { type ModelServer, startModelServer } from "../../harness/simulators.ts";
import { onePool } from "../../harness/stack.ts";
import { gatewayApiKinds, ISTIO_API, inferenceKinds, installKinds, istioKinds } from "../definitions.ts";
import { HOSTS } from "../hosts.ts";
import { gatewaySuite, type Parts, type Subject } from "../suite.ts";
import { clusterOf, clusterOfPool } from "./clusters.ts";
import {
  type Istiod,
  MODULE_URL,
  ownAddress,
  PROXY,
  proxyOf,
  slice,
  startIstiod,
  waitForCluster,
  workload,
} from "./live.ts";
import { buildExample, type Example } from "./manifests.ts";

const NAMESPACE = "default";
/** Every address of 127.0.0.0/8 is this machine's; another run of these tests has others. */
const NETWORK = `127.${1 + (process.pid % 250)}.${1 + (Math.floor(process.pid / 250) % 250)}`;

let cluster: Cluster;
let istiod: Istiod;
before(async () => {
  await findKustomize();
  cluster = await startCluster();
  const kinds = [await gatewayApiKinds(), await inferenceKinds(), await istioKinds(ISTIO_API.newest)];
  await installKinds(cluster, kinds.flat());
  istiod = await startIstiod(cluster);
});
after(async () => {
  await istiod?.stop();
  await cluster?.stop();
});

function apply(objects: readonly object[]): Promise<string> {
  const text = objects.map((object) => stringify(object)).join("---\n");
  return cluster.kubectl(["apply", "--server-side", "--validate=strict", "-f", "-"], text);
}

/** A Gateway with a listener, and what Istio's own controller makes for one, which needs templates for pods. */
async function addGateway(namespace: string, address: string, port: number): Promise<void> {
  const labels = { "gateway.networking.k8s.io/gateway-name": "gateway" };
  const ports = [{ name: "http", port, targetPort: port, appProtocol: "http" }];
  await addPod(cluster.admin, { namespace, name: PROXY, labels }, address);
  await apply([
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "gateway-istio", namespace, labels },
      spec: { selector: labels, ports },
    },
    {
      apiVersion: "gateway.networking.k8s.io/v1",
      kind: "Gateway",
      metadata: { name: "gateway", namespace },
      spec: {
        gatewayClassName: "istio",
        listeners: [{ name: "http", port, protocol: "HTTP", allowedRoutes: { namespaces: { from: "All" } } }],
      },
    },
  ]);
}

/** The Service before the sidecar, as deploy/ makes it. */
async function sidecarService(): Promise<KubeObject> {
  const service = only(await buildKustomization("base"), "Service");
  return { ...service, metadata: { ...service.metadata, namespace: NAMESPACE } };
}

/** The Service of the pods, for routes to one. */
function podsService(): object {
  const ports = [{ name: "http", port: 80, targetPort: 8000, appProtocol: "http" }];
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "model-servers", namespace: NAMESPACE },
    spec: { selector: { app: "model-servers" }, ports },
  };
}

/** The sidecar's pod, and a Service's: one for each model server. */
function workloads(simulators: readonly ModelServer[], sidecar: KubeObject, statePort: number): object[] {
  const pods = simulators.map(({ name, address }) => {
    const [host = "", port] = address.split(":");
    return workload(name, NAMESPACE, { app: "model-servers" }, host, { http: Number(port) });
  });
  return [...pods, workload("sidecar", NAMESPACE, sidecar.spec.selector, "127.0.0.1", { "epp-grpc": statePort })];
}

/**
 * Makes the model servers those of one pod, at the target ports of an InferencePool: behind a pool Istio takes no
 * WorkloadEntries, and Kubernetes no two addresses that this machine is sure to have.
 */
async function asTargetPorts(simulators: readonly ModelServer[], objects: readonly KubeObject[]): Promise<void> {
  const pool = only(objects, "InferencePool");
  const ports = simulators.map(({ address }) => Number(address.split(":")[1]));
  await cluster.admin.patch(pool, { spec: { targetPorts: ports.map((number) => ({ number })) } });
  const shadow = clusterOfPool(pool).split("|").at(-1)!.split(".")[0]!;
  const made = async (): Promise<boolean> => {
    const services = await cluster.admin.list("v1", "Service", NAMESPACE);
    const found = services.find(({ metadata }) => metadata.name === shadow) as KubeObject | undefined;
    return found?.spec.ports.length === ports.length;
  };
  await waitUntil("Istio's Service for the pool", made, 60_000);
  const named = Object.fromEntries(ports.map((port, index) => [`http-${index}`, port]));
  await apply([slice(shadow, NAMESPACE, ownAddress()!, named)]);
}

type Stops = (() => Promise<void>)[];

async function stopAll(stops: Stops): Promise<void> {
  for (const each of stops.splice(0).reverse()) await each();
}

async function start(example: Example, parts: Parts): Promise<Subject> {
  const stops: Stops = [];
  try {
    return await startParts(example, parts, stops);
  } catch (error) {
    console.error(istiod.child.tail(40));
    await stopAll(stops);
    throw error;
  }
}

async function startParts(example: Example, parts: Parts, stops: Stops): Promise<Subject> {
  const folder = mkdtempSync(join(cluster.folder, `${example}-`));
  const gatewayNamespace = `edge-${example}`;
  // Nothing listens there: Istio knows a proxy by its pod's address, and each needs its own.
  const address = `${NETWORK}.${example === "pool" ? 101 : 102}`;
  const hostOf = (index: number): string => (example === "pool" ? ownAddress()! : `${NETWORK}.${index + 1}`);
  const simulators: ModelServer[] = [];
  for (const [index, spec] of parts.simulators.entries()) {
    const simulator = await startModelServer({ ...spec, host: hostOf(index) }, index, folder);
    stops.push(() => simulator.stop());
    simulators.push(simulator);
  }
  const sidecar = await startSidecar(parts.sidecar, onePool(simulators), folder);
  stops.push(() => sidecar.stop());

  const names = {
    gatewayNamespace,
    namespace: NAMESPACE,
    pool: "base",
    sidecar: `inline-epp.${NAMESPACE}.svc.cluster.local`,
    url: MODULE_URL,
    sha256: "",
  };
  const objects = await buildExample(example, { names, trafficExtension: example === "service" });
  const state = await sidecarService();
  await cluster.addNamespace(gatewayNamespace);
  const install = async (port: number): Promise<void> => {
    await addGateway(gatewayNamespace, address, port);
    await apply([podsService(), state, ...workloads(simulators, state, sidecar.statePort), ...objects]);
    if (example === "pool") await asTargetPorts(simulators, objects);
  };
  // Envoy is not ready before it has a listener, and Istio sends none before there is a Gateway with Envoy's port.
  let installed: Promise<void> | undefined;
  const edit = proxyOf({ name: "gateway", namespace: gatewayNamespace, address }, istiod, (port) => {
    installed = install(port);
    installed.catch(() => {});
  });
  const around = { folder, name: "envoy", modelServers: [], statePort: sidecar.statePort };
  const envoy: Envoy = await startEnvoy({ edit, concurrency: 2 }, around);
  stops.push(() => envoy.stop());
  await installed;
  const [pool] = ofKind(objects, "InferencePool");
  await waitForCluster(envoy, pool ? clusterOfPool(pool) : clusterOf("model-servers", NAMESPACE, 80));
  const logs = (): string =>
    [istiod.child, envoy.child, sidecar.child].map((child) => `--- ${child.name} ---\n${child.tail(25)}`).join("\n");
  return { url: envoy.url, simulators, sidecar, logs, stop: () => stopAll(stops) };
}

// Where the machine has no address but loopback, there can be no endpoints of a pool.
const EXAMPLES: readonly Example[] = ownAddress() === null ? ["service"] : ["pool", "service"];
for (const example of EXAMPLES) {
  const host = { pool: HOSTS.liveIstioPool, service: HOSTS.liveIstioService }[example];
  gatewaySuite(host, (parts) => start(example, parts));
}
