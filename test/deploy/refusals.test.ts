import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { findHelm } from "../../scripts/tools/deploy-tools.ts";
import { HelmRefused, renderChart, renderChartAsItIs, type Values } from "../harness/helm.ts";

const SIDECAR = { mode: "sidecar", sidecar: { serviceAccounts: [{ name: "gateway-istio" }] } };

before(async () => {
  await findHelm();
});

describe("the chart refuses by name", () => {
  const cases: readonly [string, Values, RegExp][] = [
    ["an unknown value", { replcas: 3 }, /replcas/],
    ["an unknown value within another", { image: { name: "x" } }, /\/image'.*'name'/],
    ["text for a number", { replicas: "two" }, /\/replicas'.*got string, want integer/],
    ["a number for text", { image: { tag: 1.2 } }, /\/image\/tag'.*got number, want string/],
    ["an unknown mode", { mode: "daemon" }, /\/mode'.*'shared', 'sidecar'/],
    ["an unknown log level", { logLevel: "verbose" }, /\/logLevel'/],
    ["a digest that is none", { image: { digest: "sha256:abc" } }, /\/image\/digest'/],
    ["a repository with a digest", { image: { repository: "epp@sha256:00" } }, /\/image\/repository'/],
    ["a port that is none", { ports: { grpc: 65536 } }, /\/ports\/grpc'/],
    ["a namespace's name that is none", { scope: { namespaces: ["Team_A"] } }, /\/scope\/namespaces\/0'/],
    ["a namespace twice", { scope: { namespaces: ["a", "a"] } }, /\/scope\/namespaces'/],
    ["an unknown group of pools", { scope: { pool: { name: "a", group: "example.com" } } }, /\/scope\/pool\/group'/],
    ["a bare word as a flag", { extraArgs: ["5s"] }, /\/extraArgs\/0'/],
    ["a reader without a namespace", { metrics: { auth: true, readers: [{ name: "a" }] } }, /readers\/0'.*'namespace'/],
    ["an unknown gateway", { ...SIDECAR, sidecar: { gateway: "nginx" } }, /\/sidecar\/gateway'/],
    ["two scopes", { scope: { all: true, namespaces: ["a"] } }, /scope\.namespaces and scope\.all are set: choose one/],
    ["a pool without a name", { scope: { pool: { namespace: "gpu" } } }, /scope\.pool\.name is required/],
    ["pods without ports", { scope: { pods: { selector: "a=b" } } }, /scope\.pods\.targetPorts are required together/],
    [
      "more ports than a pool may have",
      { scope: { pods: { targetPorts: [1, 2, 3, 4, 5, 6, 7, 8, 9] } } },
      /targetPorts'/,
    ],
    [
      "one port for two",
      { ports: { grpc: 9090 } },
      /ports\.grpc, ports\.health, ports\.metrics and ports\.extension must differ/,
    ],
    ["a certificate for nothing", { envoyGateway: { tlsSecret: "a" } }, /envoyGateway has no effect/],
    [
      "clients' authorities without TLS",
      { envoyGateway: { enabled: true, clientCaSecret: "a" } },
      /envoyGateway\.clientCaSecret has no effect/,
    ],
    ["an extension beside a gateway", { ...SIDECAR, envoyGateway: { enabled: true } }, /envoyGateway\.enabled has no/],
    [
      "readers without auth",
      { metrics: { readers: [{ name: "a", namespace: "b" }] } },
      /metrics\.readers .* metrics\.auth/,
    ],
    ["a replica group without Redis", { redis: { replicaGroup: "a" } }, /redis\.replicaGroup .* redis\.existingSecret/],
    ["traces without a collector", { tracing: { enabled: true } }, /tracing\.otelExporterEndpoint is required/],
    ["a policy that lets nobody in", { networkPolicy: { enabled: true } }, /networkPolicy\.gateways is required/],
    [
      "more replicas at least than at most",
      { autoscaling: { enabled: true, minReplicas: 9 } },
      /autoscaling\.minReplicas/,
    ],
    ["a sidecar of no gateway", { mode: "sidecar" }, /sidecar\.serviceAccounts is required/],
    ["a gateway without a sidecar", { sidecar: SIDECAR.sidecar }, /sidecar\.serviceAccounts has no effect/],
    [
      "to scale what is not its own",
      { ...SIDECAR, autoscaling: { enabled: true } },
      /autoscaling\.enabled has no effect/,
    ],
    [
      "a policy for what is not its own",
      { ...SIDECAR, networkPolicy: { enabled: true, gateways: [{}] } },
      /networkPolicy\.enabled has no effect/,
    ],
    [
      "to monitor a Service that is not there",
      { ...SIDECAR, metrics: { serviceMonitor: { enabled: true } } },
      /metrics\.serviceMonitor\.enabled has no effect/,
    ],
  ];
  for (const [name, values, message] of cases) {
    test(name, () => assert.rejects(renderChart(values), { constructor: HelmRefused, message }));
  }

  test("an image that is not named", async () => {
    const message = /image\.repository is required: build the image with envoy\/Dockerfile/;
    await assert.rejects(renderChartAsItIs({}), { constructor: HelmRefused, message });
  });
});
