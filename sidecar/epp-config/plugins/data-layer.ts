import { flag, integer, listOf } from "../../support/fields.ts";
import { anyList, anyMapping, anyText, duration, word } from "../readers.ts";
import { idle, optional, required, withDefault } from "../shape.ts";
import { plugin } from "./plugin.ts";

function source(path: string) {
  return {
    scheme: idle(word, "http"),
    path: idle(word, path),
    insecureSkipVerify: idle(flag, true),
    caCertPath: idle(anyText, ""),
    clientCertPath: idle(anyText, ""),
    clientKeyPath: idle(anyText, ""),
    interval: idle((value, place) => (value === "" ? "" : duration(value, place)), ""),
  };
}

/** Scrapes the endpoints' metrics; here an endpoint's own URL says where. */
export const metricsDataSource = plugin({
  type: "metrics-data-source",
  stage: "data source",
  shape: { ...source("/metrics"), port: idle(integer(1, 65_535)) },
});

/** Finds queue, running requests and KV-cache use in the metrics; the engines are built in. */
export const coreMetricsExtractor = plugin({
  type: "core-metrics-extractor",
  stage: "extractor",
  shape: (group) => ({
    engineLabelKey: idle(
      word,
      group === "llm-d.ai" ? "llm-d.ai/engine-type" : "inference.networking.k8s.io/engine-type",
    ),
    defaultEngine: idle(word, "vllm"),
    engineConfigs: idle(listOf(anyMapping)),
  }),
});

/** Asks the endpoints which models they have. */
export const modelsDataSource = plugin({
  type: "models-data-source",
  stage: "data source",
  idle: "always",
  shape: source("/v1/models"),
});

/** Reads the answer to that. */
export const modelsDataExtractor = plugin({
  type: "models-data-extractor",
  stage: "extractor",
  idle: "always",
  shape: {},
});

/** Scrapes the GPUs' metrics. */
export const dcgmDataSource = plugin({
  type: "dcgm-data-source",
  stage: "data source",
  idle: "always",
  shape: { ...source("/metrics"), port: optional(integer(0, 65_535)), useNodeAddress: withDefault(flag, false) },
});

/** Reads them. */
export const dcgmExtractor = plugin({ type: "dcgm-extractor", stage: "extractor", idle: "always", shape: {} });

/** Follows objects of Kubernetes. */
export const k8sNotificationSource = plugin({
  type: "k8s-notification-source",
  stage: "data source",
  idle: "always",
  shape: { group: optional(anyText), version: required(word), kind: required(word) },
});

/** Follows the endpoints. */
export const endpointNotificationSource = plugin({
  type: "endpoint-notification-source",
  stage: "data source",
  idle: "always",
  shape: {},
});

/** Reads endpoints from a file; here the flag for the file of endpoints does. */
export const fileDiscovery = plugin({
  type: "file-discovery",
  stage: "endpoint discovery",
  idle: "always",
  shape: { path: required(word), watchFile: withDefault(flag, false) },
});

/** Tells replicas of each other's requests. */
export const localSyncer = plugin({ type: "local-syncer", stage: "replica syncer", idle: "always", shape: {} });

/** Reports attributes of requests to the proxy. */
export const requestAttributeReporter = plugin({
  type: "request-attribute-reporter",
  stage: "request handler",
  idle: "always",
  shape: { attributes: required(anyList) },
});
