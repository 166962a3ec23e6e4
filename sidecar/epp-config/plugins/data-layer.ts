import { flag, integer, listOf, taking } from "../../support/fields.ts";
import { anyList, anyMapping, anyText, duration, word } from "../readers.ts";
import { idle, optional, required, withDefault } from "../shape.ts";
import { plugin } from "./plugin.ts";

function source(path: string) {
  return {
    scheme: idle("scheme of the URLs", word, "http"),
    path: idle("path of the URLs", word, path),
    insecureSkipVerify: idle("believe any certificate", flag, true),
    caCertPath: idle("file with authorities for https", anyText, ""),
    clientCertPath: idle("file with the certificate to show", anyText, ""),
    clientKeyPath: idle("file with its key", anyText, ""),
    interval: idle(
      "time between two readings",
      taking(duration.takes!, (value, place) => (value === "" ? "" : duration(value, place))),
      "",
    ),
  };
}

/** Metrics of endpoints. */
export const metricsDataSource = plugin({
  type: "metrics-data-source",
  about: "Reads the metrics of endpoints. Here the flags of `serve` and the file of endpoints say where and how often.",
  stage: "data source",
  shape: { ...source("/metrics"), port: idle("port of the metrics", integer(1, 65_535)) },
});

/** What is found in metrics. */
export const coreMetricsExtractor = plugin({
  type: "core-metrics-extractor",
  about:
    "Finds queue, running requests, KV-cache use and adapters in the metrics. Here the engines are built in, and labels say which one it is.",
  stage: "extractor",
  shape: (group) => ({
    engineLabelKey: idle(
      "label that names an endpoint's engine",
      word,
      group === "llm-d.ai" ? "llm-d.ai/engine-type" : "inference.networking.k8s.io/engine-type",
    ),
    defaultEngine: idle("engine of endpoints without the label", word, "vllm"),
    engineConfigs: idle("names of metrics by engine", listOf(anyMapping)),
  }),
});

/** Models of endpoints. */
export const modelsDataSource = plugin({
  type: "models-data-source",
  about: "Asks endpoints which models they have.",
  stage: "data source",
  idle: "always",
  shape: source("/v1/models"),
});

/** Reads the answer to that. */
export const modelsDataExtractor = plugin({
  type: "models-data-extractor",
  about: "Reads the answers of `models-data-source`.",
  stage: "extractor",
  idle: "always",
  shape: {},
});

/** Metrics of GPUs. */
export const dcgmDataSource = plugin({
  type: "dcgm-data-source",
  about: "Reads the metrics of GPUs.",
  stage: "data source",
  idle: "always",
  shape: {
    ...source("/metrics"),
    port: optional("port of the metrics", integer(0, 65_535)),
    useNodeAddress: withDefault("ask the node in place of the pod", flag, false),
  },
});

/** Reads them. */
export const dcgmExtractor = plugin({
  type: "dcgm-extractor",
  about: "Reads the answers of `dcgm-data-source`.",
  stage: "extractor",
  idle: "always",
  shape: {},
});

/** Follows objects of Kubernetes. */
export const k8sNotificationSource = plugin({
  type: "k8s-notification-source",
  about: "Follows objects of Kubernetes.",
  stage: "data source",
  idle: "always",
  shape: {
    group: optional("API group of the objects", anyText),
    version: required("API version of the objects", word),
    kind: required("kind of the objects", word),
  },
});

/** Follows the endpoints. */
export const endpointNotificationSource = plugin({
  type: "endpoint-notification-source",
  about: "Follows the coming and going of endpoints.",
  stage: "data source",
  idle: "always",
  shape: {},
});

/** Endpoints of a file. */
export const fileDiscovery = plugin({
  type: "file-discovery",
  about: "Reads endpoints from a file. Here `serve --endpoints` does.",
  stage: "endpoint discovery",
  idle: "always",
  shape: { path: required("the file", word), watchFile: withDefault("follow it as it changes", flag, false) },
});

/** State between replicas. */
export const localSyncer = plugin({
  type: "local-syncer",
  about: "Tells replicas of each other's requests. Here `serve --redis` does.",
  stage: "replica syncer",
  idle: "always",
  shape: {},
});

/** Reports attributes of requests to the proxy. */
export const requestAttributeReporter = plugin({
  type: "request-attribute-reporter",
  about: "Reports attributes of requests to the proxy.",
  stage: "request handler",
  idle: "always",
  shape: { attributes: required("the attributes", anyList) },
});
