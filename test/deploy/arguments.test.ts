import assert from "node:assert/strict";
import process from "node:process";
import { before, describe, test } from "node:test";
import { findHelm, findKustomize } from "../../scripts/tools/deploy-tools.ts";
import type { ServeSettings } from "../../sidecar/serve-settings.ts";
import { SAMPLER_RATIO } from "../../wire/layout.ts";
import { buildKustomization, gatewayPatch, type KubeObject, only, renderChart, type Values } from "../harness/helm.ts";
import { IN_POD, settingsOf } from "../sidecar/cli/parse.ts";

const BESIDE = { mode: "sidecar", sidecar: { serviceAccounts: [{ name: "gateway-istio" }] } };

type Source = { fieldRef?: { fieldPath: string }; secretKeyRef?: { name: string; key: string } };
type Container = { args: string[]; env: { name: string; value?: string; valueFrom?: Source }[] };

/** What the downward API tells a pod of the release. */
const POD: Readonly<Record<string, string>> = {
  "metadata.name": "inline-epp-6d4cf56db6-x2x7k",
  "metadata.namespace": "models",
};

/** What Secrets of the namespace hold, by name and key. */
const SECRETS: Readonly<Record<string, string>> = {
  "epp-redis/url": "rediss://epp:s3cret@redis.example:6380",
  "epp-redis/plain": "redis://redis.example",
};

/** What the sidecar of this tree makes of a container, started as a kubelet starts it. */
async function started({ args, env }: Container): Promise<ServeSettings> {
  const variables: Record<string, string> = {};
  for (const { name, value, valueFrom } of env) {
    if (value !== undefined) variables[name] = value;
    const { fieldRef, secretKeyRef } = valueFrom ?? {};
    if (fieldRef !== undefined) variables[name] = POD[fieldRef.fieldPath]!;
    if (secretKeyRef !== undefined) variables[name] = SECRETS[`${secretKeyRef.name}/${secretKeyRef.key}`]!;
  }
  const [command, ...flags] = args.map((arg) => arg.replaceAll(/\$\((\w+)\)/g, (_, name) => variables[name] ?? "?"));
  assert.equal(command, "serve");
  // Those that stand for flags are read from the process's own environment.
  const own = Object.entries(variables).filter(([name]) => name.startsWith("INLINE_EPP_"));
  for (const [name, value] of own) process.env[name] = value;
  try {
    return await settingsOf(flags, { ...IN_POD, ...variables });
  } finally {
    for (const [name] of own) delete process.env[name];
  }
}

function containerOf(objects: readonly KubeObject[]): Container {
  const isBeside = objects.every(({ kind }) => kind !== "Deployment");
  if (isBeside) return gatewayPatch(objects).template.spec.initContainers[0];
  return only(objects, "Deployment").spec.template.spec.containers[0];
}

const settings = async (values: Values): Promise<ServeSettings> => started(containerOf(await renderChart(values)));

const scopeFor = async (values: Values): Promise<unknown> => {
  const { endpoints } = await settings(values);
  return endpoints.kind === "kubernetes" && endpoints.scope;
};

before(async () => {
  await Promise.all([findHelm(), findKustomize()]);
});

describe("the sidecar takes the chart's arguments", () => {
  test("for its own namespace", async () => {
    assert.deepEqual(await scopeFor({}), { kind: "namespaces", namespaces: ["models"] });
    assert.deepEqual(await scopeFor(BESIDE), { kind: "namespaces", namespaces: ["models"] });
  });

  test("for one pool", async () => {
    const group = "inference.networking.x-k8s.io";
    const pool = { kind: "pool", namespace: "models", name: "base", group: "inference.networking.k8s.io" };
    assert.deepEqual(await scopeFor({ scope: { pool: { name: "base" } } }), pool);
    assert.deepEqual(await scopeFor({ scope: { pool: { name: "base", namespace: "gpu", group } } }), {
      ...pool,
      namespace: "gpu",
      group,
    });
  });

  test("for several namespaces, and all", async () => {
    const namespaces = ["team-a", "team-b"];
    assert.deepEqual(await scopeFor({ scope: { namespaces } }), { kind: "namespaces", namespaces });
    assert.deepEqual(await scopeFor({ scope: { all: true } }), { kind: "all" });
  });

  test("for pods without a pool, which is called as the Deployment", async () => {
    const pods = { selector: "app in (a, b)", targetPorts: [8000, 8001] };
    const scope = (await scopeFor({ scope: { pods } })) as Record<string, unknown>;
    assert.equal(scope.kind, "selector");
    assert.deepEqual([scope.namespace, scope.name, scope.targetPorts], ["models", "inline-epp", [8000, 8001]]);
  });

  test("and listens on every address, on the ports of the values", async () => {
    const { bind, grpcPort, grpcHealthPort, metricsPort, config } = await settings({ ports: { grpc: 7, health: 8 } });
    assert.match(bind, /^(::|0\.0\.0\.0)$/);
    assert.deepEqual([grpcPort, grpcHealthPort, metricsPort], [7, 8, 9090]);
    assert.deepEqual(config, { file: "/etc/inline-epp/config.yaml" });
  });

  test("for zones and auth, which are off unless told", async () => {
    const plain = await settings({});
    const { endpoints, metricsEndpointAuth } = await settings({ zonesFromNodes: true, metrics: { auth: true } });
    assert.deepEqual([endpoints.kind === "kubernetes" && endpoints.zonesFromNodes, metricsEndpointAuth], [true, true]);
    assert.equal(plain.metricsEndpointAuth, false);
    assert.equal(plain.endpoints.kind === "kubernetes" && plain.endpoints.zonesFromNodes, false);
  });

  test("for a Redis by its Secret, whose URL is no argument", async () => {
    const redis = { existingSecret: "epp-redis", replicaGroup: "east/1" };
    const address = {
      ...{ host: "redis.example", port: 6380, tls: true, database: 0 },
      ...{ username: "epp", password: "s3cret" },
    };
    for (const values of [{ redis }, { ...BESIDE, redis }]) {
      assert.deepEqual((await settings(values)).replicas, { address, group: "east/1" });
    }
    assert.equal((await settings({})).replicas, undefined);
    const plain = { redis: { existingSecret: "epp-redis", key: "plain" } };
    const extraArgs = ["--redis-password-file=/run/secrets/redis"];
    const { replicas } = await settings({ ...plain, extraArgs });
    assert.deepEqual([replicas?.passwordFile, replicas?.group], ["/run/secrets/redis", undefined]);
  });

  test("for traces, which are off unless told", async () => {
    assert.equal((await settings({})).tracing, undefined);
    const tracing = {
      enabled: true,
      otelExporterEndpoint: "http://collector.observability:4317",
      sampling: { sampler: "traceidratio", samplerArg: "0.5" },
    };
    for (const values of [{ tracing }, { ...BESIDE, tracing }]) {
      assert.deepEqual((await settings(values)).tracing, {
        sampling: { sampler: SAMPLER_RATIO, ratio: 0.5 },
        protocol: "grpc",
        endpoint: tracing.otelExporterEndpoint,
      });
    }
    const { env } = containerOf(await renderChart({ tracing }));
    assert.equal(env.find(({ name }) => name === "OTEL_EXPORTER_OTLP_ENDPOINT")?.value, tracing.otelExporterEndpoint);
  });

  test("for Envoy Gateway's extension, which is off unless told", async () => {
    assert.equal((await settings({})).envoyGateway, undefined);
    const gatewayAddress = { host: "inline-epp.models.svc.cluster.local", port: 9002 };
    const enabled = { enabled: true };
    assert.deepEqual((await settings({ envoyGateway: enabled })).envoyGateway, {
      port: 9005,
      gatewayAddress,
      filter: {},
    });
    const filter = { failureMode: "FailOpen", explainHeader: "x-why" };
    const all = { ...enabled, tlsSecret: "epp-tls", clientCaSecret: "epp-ca", clusterDomain: "k8s.example", filter };
    assert.deepEqual((await settings({ envoyGateway: all, ports: { grpc: 7, extension: 9 } })).envoyGateway, {
      port: 9,
      gatewayAddress: { host: "inline-epp.models.svc.k8s.example", port: 7 },
      tls: {
        certificate: "/etc/inline-epp-tls/tls.crt",
        key: "/etc/inline-epp-tls/tls.key",
        clientAuthorities: "/etc/inline-epp-client-ca/ca.crt",
      },
      filter,
    });
  });

  test("and more that the values add", async () => {
    const { refreshMetricsInterval } = await settings({ extraArgs: ["--refresh-metrics-interval=100ms"] });
    assert.equal(refreshMetricsInterval, 100);
  });
});

describe("the sidecar takes the arguments of the kustomization", () => {
  for (const folder of ["base", "overlays/single-pool", "overlays/namespaces", "overlays/all-namespaces"]) {
    test(folder, async () => {
      const { endpoints } = await started(containerOf(await buildKustomization(folder)));
      assert.equal(endpoints.kind, "kubernetes");
    });
  }

  test("overlays/envoy-gateway", async () => {
    const { envoyGateway } = await started(containerOf(await buildKustomization("overlays/envoy-gateway")));
    const { envoyGateway: chart } = await settings({ envoyGateway: { enabled: true } });
    assert.deepEqual(envoyGateway, chart);
  });
});
