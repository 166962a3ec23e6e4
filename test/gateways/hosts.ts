// The gateways that the suite is run on, and in what they differ: the suites go by this, and so does the table of
// docs/gateways/README.md.

import type { Traits } from "./suite.ts";

/** The limit that the manifests set. */
const BODY_LIMIT = 8 << 20;

/** A gateway. */
export type Host = {
  /** As reports of tests name it. */
  readonly title: string;
  /** As the table names it, and its page beside the table. */
  readonly gateway: string;
  readonly page: string;
  /** Who decides. */
  readonly picks: "the filter in Envoy" | "the filter in the sidecar, over ext_proc";
  /** What the suite runs on. */
  readonly real: string;
  readonly traits: Traits;
};

const INLINE = "the filter in Envoy";
const EXT_PROC = "the filter in the sidecar, over ext_proc";
const ENVOY = "Envoy 1.40";

export const HOSTS = {
  envoyBuffer: {
    ...{ title: "Envoy by itself, hold buffer", gateway: "Envoy, `hold: buffer`", page: "../configuration.md" },
    ...{ picks: INLINE, real: ENVOY, traits: {} },
  },
  envoySelf: {
    ...{ title: "Envoy by itself, hold self", gateway: "Envoy, `hold: self`", page: "../configuration.md" },
    ...{ picks: INLINE, real: ENVOY, traits: {} },
  },
  envoyGateway: {
    ...{ title: "Envoy Gateway by its CRDs", gateway: "Envoy Gateway, its own resources", page: "envoy-gateway.md" },
    ...{ picks: INLINE, real: `Envoy Gateway 1.9.1, ${ENVOY}` },
    traits: { pool: "models/llama", bodyLimit: BODY_LIMIT, patienceMs: 60_000 },
  },
  envoyGatewayExtension: {
    ...{ title: "Envoy Gateway with its extension", gateway: "Envoy Gateway, extension server" },
    ...{ page: "envoy-gateway-extension.md", picks: INLINE, real: `Envoy Gateway 1.9.1, ${ENVOY}` },
    traits: { pool: "models/llama", bodyLimit: BODY_LIMIT, patienceMs: 60_000 },
  },
  istioPool: {
    ...{ title: "an InferencePool behind Istio's Gateway", gateway: "Istio, InferencePool", page: "istio.md" },
    ...{ picks: INLINE, real: `the manifests on Istio's configuration, ${ENVOY}`, traits: { bodyLimit: BODY_LIMIT } },
  },
  istioService: {
    ...{
      title: "a Service behind Istio's Gateway, by a TrafficExtension",
      gateway: "Istio, Service",
      page: "istio.md",
    },
    ...{ picks: INLINE, real: `the manifests on Istio's configuration, ${ENVOY}`, traits: { bodyLimit: BODY_LIMIT } },
  },
  liveIstioPool: {
    ...{ title: "a live Istio, pool", gateway: "Istio, InferencePool", page: "istio.md", picks: INLINE },
    ...{ real: `istiod of August 2026, ${ENVOY}`, traits: { bodyLimit: BODY_LIMIT } },
  },
  liveIstioService: {
    ...{ title: "a live Istio, service", gateway: "Istio, Service", page: "istio.md", picks: INLINE },
    ...{ real: `istiod of August 2026, ${ENVOY}`, traits: { bodyLimit: BODY_LIMIT } },
  },
  istioExtProcTls: {
    ...{
      title: "Istio's Gateway that asks by ext_proc, in TLS",
      gateway: "Istio, ext_proc in TLS",
      page: "ext-proc.md",
    },
    ...{
      picks: EXT_PROC,
      real: `Istio's configuration, ${ENVOY}`,
      traits: { pool: "inference-model-server/inference-model-server-pool", outlivesSidecar: false },
    },
  },
  istioExtProcPlaintext: {
    ...{ title: "Istio's Gateway that asks by ext_proc, in plaintext", gateway: "Istio, ext_proc in plaintext" },
    ...{ page: "ext-proc.md", picks: EXT_PROC, real: `Istio's configuration, ${ENVOY}` },
    traits: { pool: "inference-model-server/inference-model-server-pool", outlivesSidecar: false },
  },
  extProcDuplex: {
    ...{ title: "Envoy that asks by ext_proc, mode duplex", gateway: "any, ext_proc with full duplex bodies" },
    ...{ page: "ext-proc.md", picks: EXT_PROC, real: ENVOY, traits: { outlivesSidecar: false } },
  },
  extProcBuffered: {
    ...{ title: "Envoy that asks by ext_proc, mode buffered", gateway: "any, ext_proc with buffered bodies" },
    ...{ page: "ext-proc.md", picks: EXT_PROC, real: ENVOY, traits: { outlivesSidecar: false } },
  },
} as const satisfies Readonly<Record<string, Host>>;
