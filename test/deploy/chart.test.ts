import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { parse } from "yaml";
import { ROOT } from "../../scripts/stack/command.ts";
import { findHelm } from "../../scripts/tools/deploy-tools.ts";
import { defaultConfig } from "../../sidecar/epp-config/default-config.ts";
import { readConfig } from "../../sidecar/epp-config/read.ts";
import { CHART, lintChart, only, renderChart, renderNotes, type Values } from "../harness/helm.ts";
import { checkConsistency } from "./consistency.ts";

const PEER = { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "istio-ingress" } } };

const SIDECAR = { mode: "sidecar", sidecar: { serviceAccounts: [{ name: "gateway-istio" }] } };

/** Every option, by a name that says what is special. */
const MATRIX: Readonly<Record<string, Values>> = {
  "nothing set": {},
  "one pool": { scope: { pool: { name: "base" } } },
  "one pool elsewhere": {
    scope: { pool: { name: "base", namespace: "gpu", group: "inference.networking.x-k8s.io" } },
  },
  "two namespaces": { scope: { namespaces: ["team-a", "team-b"] } },
  "all namespaces": { scope: { all: true } },
  "pods without a pool": {
    scope: { pods: { selector: "app in (a, b)", targetPorts: [8000, 8001], namespace: "gpu" } },
  },
  "zones from nodes": { zonesFromNodes: true },
  "metrics with auth": {
    metrics: {
      auth: true,
      readers: [{ name: "prometheus-k8s", namespace: "monitoring" }],
      serviceMonitor: { enabled: true, interval: "5s", labels: { release: "prometheus" } },
    },
  },
  "metrics without auth": { metrics: { serviceMonitor: { enabled: true } } },
  redis: { redis: { existingSecret: "epp-redis", key: "uri", replicaGroup: "blue" } },
  traces: { tracing: { enabled: true, otelExporterEndpoint: "http://collector:4317" } },
  "a network policy": {
    networkPolicy: { enabled: true, gateways: [PEER], prometheus: [{ podSelector: {} }], egress: [{}] },
  },
  "Envoy Gateway's extension": { envoyGateway: { enabled: true } },
  "Envoy Gateway's extension, encrypted, behind a policy": {
    envoyGateway: {
      enabled: true,
      tlsSecret: "epp-tls",
      clientCaSecret: "epp-ca",
      filter: { failureMode: "FailOpen" },
    },
    networkPolicy: { enabled: true, gateways: [PEER] },
  },
  "an autoscaler": { autoscaling: { enabled: true, minReplicas: 3, maxReplicas: 9 } },
  "no disruption budget": { podDisruptionBudget: { enabled: false } },
  "no rights": { rbac: { create: false } },
  "an account that exists": { serviceAccount: { create: false, name: "epp" } },
  "other names": { fullnameOverride: "picker", nameOverride: "epp", commonLabels: { team: "ml" } },
  "other ports": { ports: { grpc: 1, health: 2, metrics: 65535 } },
  "a digest": { image: { digest: `sha256:${"0".repeat(64)}`, tag: "ignored", pullSecrets: [{ name: "registry" }] } },
  "a place to run": {
    nodeSelector: { pool: "cpu" },
    tolerations: [{ key: "cpu", operator: "Exists" }],
    affinity: { nodeAffinity: {} },
    priorityClassName: "system-cluster-critical",
    topologySpreadConstraints: [
      { maxSkew: 1, topologyKey: "topology.kubernetes.io/zone", whenUnsatisfiable: "DoNotSchedule" },
    ],
    podLabels: { tier: "gateway" },
    podAnnotations: { note: "x" },
  },
  "more flags": {
    extraArgs: ["--refresh-metrics-interval=100ms"],
    extraEnv: [{ name: "NODE_OPTIONS", value: "--max-old-space-size=256" }],
    logLevel: "debug",
  },
  "a headless service": { service: { headless: true, annotations: { a: "b" } } },
  "beside Istio's gateway": SIDECAR,
  "beside Envoy Gateway's": { ...SIDECAR, sidecar: { ...SIDECAR.sidecar, gateway: "envoy-gateway" } },
  "beside a gateway, everything on": {
    ...SIDECAR,
    scope: { all: true },
    zonesFromNodes: true,
    metrics: { auth: true },
    redis: { existingSecret: "epp-redis" },
  },
};

before(async () => {
  await findHelm();
});

describe("the chart, with", () => {
  for (const [name, values] of Object.entries(MATRIX)) {
    test(name, async () => {
      await lintChart(values);
      checkConsistency(await renderChart(values));
      assert.doesNotMatch(await renderNotes(values), /<no value>|<nil>|%!/);
    });
  }
});

describe("the chart", () => {
  test("has the version of the sidecar", () => {
    const chart = parse(readFileSync(join(CHART, "Chart.yaml"), "utf8"));
    assert.equal(chart.appVersion, JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")).version);
  });

  test("makes what other people's gateways can read: a Service for HTTP/2 without TLS", async () => {
    const { spec } = only(await renderChart({}), "Service");
    assert.deepEqual(spec.ports[0], {
      name: "grpc",
      port: 9002,
      targetPort: "epp-grpc",
      protocol: "TCP",
      appProtocol: "kubernetes.io/h2c",
    });
    assert.equal(spec.clusterIP, undefined);
    assert.equal(only(await renderChart({ service: { headless: true } }), "Service").spec.clusterIP, "None");
  });

  test("puts the image together from its parts", async () => {
    const imageOf = async (image: Values): Promise<string> => {
      const { spec } = only(await renderChart({ image }), "Deployment");
      return spec.template.spec.containers[0].image;
    };
    const digest = `sha256:${"ab".repeat(32)}`;
    assert.equal(await imageOf({ repository: "r.example:5000/a/b" }), "r.example:5000/a/b:0.1.0");
    assert.equal(await imageOf({ repository: "epp", tag: "1.2" }), "epp:1.2");
    assert.equal(await imageOf({ repository: "epp", tag: "1.2", digest }), `epp@${digest}`);
  });

  test("replaces no pod for a changed configuration, which the sidecar follows", async () => {
    const config = { apiVersion: "llm-d.ai/v1alpha1", kind: "EndpointPickerConfig", plugins: [] };
    const [plain, changed] = await Promise.all([renderChart({}), renderChart({ config })]);
    assert.deepEqual(only(changed, "Deployment").spec, only(plain, "Deployment").spec);
    assert.notDeepEqual(only(changed, "ConfigMap").data, only(plain, "ConfigMap").data);
  });

  test("gives a token for the API server to its own pods, and to none that only uses the account", async () => {
    const { spec } = only(await renderChart({}), "Deployment");
    assert.equal(spec.template.spec.automountServiceAccountToken, true);
    assert.equal(only(await renderChart({}), "ServiceAccount").automountServiceAccountToken, false);
  });

  test("exposes one family of metrics where told to", async () => {
    const flagOf = async (values: Values): Promise<string[]> => {
      const { args } = only(await renderChart(values), "Deployment").spec.template.spec.containers[0];
      return args.filter((arg: string) => arg.startsWith("--metrics-families"));
    };
    assert.deepEqual(await flagOf({}), []);
    assert.deepEqual(await flagOf({ metrics: { families: ["llm-d", "gie"] } }), []);
    assert.deepEqual(await flagOf({ metrics: { families: ["llm-d"] } }), ["--metrics-families=llm-d"]);
    await assert.rejects(renderChart({ metrics: { families: ["llmd"] } }));
    await assert.rejects(renderChart({ metrics: { families: [] } }));
  });

  test("takes Redis's URL from a Secret, and only where told to", async () => {
    const envOf = async (values: Values): Promise<unknown[]> => {
      const { env } = only(await renderChart(values), "Deployment").spec.template.spec.containers[0];
      return env.filter(({ name }: { name: string }) => name === "INLINE_EPP_REDIS");
    };
    assert.deepEqual(await envOf({}), []);
    assert.deepEqual(await envOf({ redis: { existingSecret: "epp-redis" } }), [
      { name: "INLINE_EPP_REDIS", valueFrom: { secretKeyRef: { name: "epp-redis", key: "url" } } },
    ]);
  });

  test("lets in gateways to one port and Prometheus to another, and nobody else", async () => {
    const prometheus = { namespaceSelector: {} };
    const { spec } = only(
      await renderChart({ networkPolicy: { enabled: true, gateways: [PEER], prometheus: [prometheus] } }),
      "NetworkPolicy",
    );
    assert.deepEqual(spec.policyTypes, ["Ingress"]);
    assert.deepEqual(spec.ingress, [
      { from: [PEER], ports: [{ protocol: "TCP", port: "epp-grpc" }] },
      { from: [prometheus], ports: [{ protocol: "TCP", port: "epp-metrics" }] },
    ]);
  });

  test("says in its notes what a release lacks", async () => {
    const many = await renderNotes({});
    assert.match(many, /replicas without Redis/);
    assert.match(many, /does not have the CRD of InferencePool/);
    assert.match(many, /every pod of the cluster can reach port 9002/);
    assert.match(many, /inline-epp\.models\.svc:9002/);
    const one = await renderNotes({ replicas: 1, networkPolicy: { enabled: true, gateways: [PEER] } });
    assert.doesNotMatch(one, /without Redis|every pod of the cluster/);
    assert.doesNotMatch(await renderNotes({ redis: { existingSecret: "r" } }), /without Redis/);
  });
});

describe("the configuration in the ConfigMap", () => {
  const configOf = async (values: Values): Promise<string> => {
    return only(await renderChart(values), "ConfigMap").data["config.yaml"];
  };

  test("is the built-in one unless told", async () => {
    assert.deepEqual(readConfig(await configOf({}), "the chart").config, defaultConfig().config);
  });

  test("is the value's, given as YAML, with its numbers as they were", async () => {
    const config = parse(readFileSync(join(ROOT, "docs", "examples", "prefill-decode.yaml"), "utf8"));
    config.plugins.push({ type: "token-load-scorer", parameters: { queueThresholdTokens: 4194304 } });
    assert.deepEqual(parse(await configOf({ config })), config);
  });

  test("is the value's, given as text, with its comments", async () => {
    const config = readFileSync(join(ROOT, "docs", "examples", "reference-default.yaml"), "utf8");
    assert.equal(await configOf({ config }), config);
  });
});
