// The manifests of envoy/envoy-gateway/, made fit for Envoy Gateway's standalone mode.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { ROOT } from "../../../scripts/stack/command.ts";

/** Any object of Kubernetes; what tests change is typed where they do. */
export type Manifest = {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
  // biome-ignore lint/suspicious/noExplicitAny: as many shapes as kinds
  spec?: any;
  /** Of Secrets. */
  type?: string;
  data?: Record<string, string>;
};

/** Where the manifests say that they are. */
export const NAMESPACE = "models";
const FOLDER = join(ROOT, "envoy", "envoy-gateway");

/** What a Service of the manifests stands for here. */
export type Service = { readonly addresses: readonly string[]; readonly h2c?: boolean };

export type Surroundings = {
  /** Of the Gateway's listener. */
  readonly port: number;
  /** By their names. */
  readonly services: Readonly<Record<string, Service>>;
  /** The folder of Envoy's certificate, and of that by which it knows Envoy Gateway. */
  readonly certificates: string;
  /** Of the Envoy that is there. */
  readonly envoyVersion: string;
};

/** The objects of a file of envoy/envoy-gateway/, in the namespace that its kustomization gives them. */
export function readManifests(file: string): Manifest[] {
  const documents = parseAllDocuments(readFileSync(join(FOLDER, file), "utf8"));
  const manifests = documents.map((document) => document.toJS() as Manifest);
  for (const { metadata } of manifests) metadata.namespace = NAMESPACE;
  return manifests;
}

function address(text: string): { ip: { address: string; port: number } } {
  const colon = text.lastIndexOf(":");
  return { ip: { address: text.slice(0, colon), port: Number(text.slice(colon + 1)) } };
}

/** Standalone mode knows no Services: a Backend, which is a list of addresses, takes the place of each. */
function backend(name: string, { addresses, h2c = false }: Service): Manifest {
  return {
    apiVersion: "gateway.envoyproxy.io/v1alpha1",
    kind: "Backend",
    metadata: { name, namespace: NAMESPACE },
    spec: { endpoints: addresses.map(address), ...(h2c ? { appProtocols: ["gateway.envoyproxy.io/h2c"] } : {}) },
  };
}

/** The class that the Gateway names, as an installation of Envoy Gateway brings it along. */
export const GATEWAY_CLASS: Manifest = {
  apiVersion: "gateway.networking.k8s.io/v1",
  kind: "GatewayClass",
  metadata: { name: "eg" },
  spec: { controllerName: "gateway.envoyproxy.io/gatewayclass-controller" },
};

/**
 * Envoys get the module from Envoy Gateway: from its Service's name, trusting a file of Envoy's image, with a certificate
 * that its installation has put into a Secret. None of the three is there in standalone mode, nor a setting for them, so
 * they are given here. Nothing else of what Envoy Gateway makes is touched.
 */
function codeSource(certificates: string): Manifest[] {
  const changes = {
    "/load_assignment/endpoints/0/lb_endpoints/0/endpoint/address/socket_address/address": "127.0.0.1",
    "/transport_socket/typed_config/common_tls_context/validation_context/trusted_ca/filename": join(
      certificates,
      "ca.crt",
    ),
  };
  const data = Object.fromEntries(
    ["ca.crt", "tls.crt", "tls.key"].map((file) => [file, readFileSync(join(certificates, file)).toString("base64")]),
  );
  const secret: Manifest = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "envoy", namespace: "envoy-gateway-system" },
    type: "kubernetes.io/tls",
    data,
  };
  const patch: Manifest = {
    apiVersion: "gateway.envoyproxy.io/v1alpha1",
    kind: "EnvoyPatchPolicy",
    metadata: { name: "code-source", namespace: NAMESPACE },
    spec: {
      targetRef: { group: "gateway.networking.k8s.io", kind: "Gateway", name: "inference" },
      type: "JSONPatch",
      jsonPatches: Object.entries(changes).map(([path, value]) => ({
        type: "type.googleapis.com/envoy.config.cluster.v3.Cluster",
        name: "wasm_cluster",
        operation: { op: "replace", path, value },
      })),
    },
  };
  return [secret, patch];
}

/** Standalone mode forgets labels: what a policy selects by them is named in its place. */
function nameTargets(policy: Manifest, manifests: readonly Manifest[]): void {
  const { targetSelectors: selectors, ...rest } = policy.spec;
  if (selectors === undefined) return;
  const targetRefs = selectors.flatMap(({ group, kind, matchLabels }: Selector) =>
    manifests
      .filter((each) => each.kind === kind && hasLabels(each, matchLabels))
      .map(({ metadata: { name } }) => ({ group, kind, name })),
  );
  policy.spec = { ...rest, targetRefs };
}

type Selector = { group: string; kind: string; matchLabels: Record<string, string> };

function hasLabels({ metadata: { labels = {} } }: Manifest, wanted: Record<string, string>): boolean {
  return Object.entries(wanted).every(([key, value]) => labels[key] === value);
}

/** The manifests that a user applies, with the module by HTTP. */
export function allManifests(): Manifest[] {
  return ["gateway.yaml", "sidecar.yaml", "filter.yaml", "traffic.yaml", "route.yaml"].flatMap(readManifests);
}

/** What standalone mode makes the same of: manifests as a cluster takes them, in their surroundings. */
export function standalone(manifests: readonly Manifest[], around: Surroundings): Manifest[] {
  const own = structuredClone(manifests.filter(({ kind }) => kind !== "Service"));
  for (const manifest of own) {
    nameTargets(manifest, own);
    const { kind, spec } = manifest;
    if (kind === "Gateway") spec.listeners[0].port = around.port;
    if (kind === "EnvoyProxy") {
      spec.provider = { type: "Host", host: { envoyVersion: around.envoyVersion } };
      // A line per request would hide all else in the log.
      spec.telemetry = { accessLog: { disable: true } };
    }
    if (kind !== "HTTPRoute") continue;
    for (const rule of spec.rules) {
      rule.backendRefs = rule.backendRefs.map(({ name }: { name: string }) => {
        return { group: "gateway.envoyproxy.io", kind: "Backend", name };
      });
    }
  }
  const backends = Object.entries(around.services).map(([name, service]) => backend(name, service));
  return [GATEWAY_CLASS, ...own, ...backends, ...codeSource(around.certificates)];
}
