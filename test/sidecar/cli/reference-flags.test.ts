import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ALIKE, ODD } from "../../../sidecar/cli/reference-flags.ts";
import { IN_POD, parseServe, refusalOf, settingsOf } from "./parse.ts";

/** Every flag of both generations of the reference, with a value as deployments write it. */
const REFERENCE = [
  "allow-experimental-plugins=true",
  "cache-info-metric=vllm:cache_config_info",
  "cert-path=/certs",
  "config-file=/config/default-plugins.yaml",
  "config-text=kind: EndpointPickerConfig",
  "destination-endpoint-hint-key=x-gateway-destination-endpoint",
  "destination-endpoint-hint-metadata-namespace=envoy.lb",
  "disable-endpoint-subset-filter=true",
  "drain-timeout=30s",
  "emit-endpoint-scores",
  "enable-cert-reload=true",
  "enable-grpc-stream-metrics=true",
  "enable-pprof=true",
  "endpoint-selector=app=vllm",
  "endpoint-target-ports=8000,8001",
  "grpc-health-port=9003",
  "grpc-max-recv-msg-size=25MB",
  "grpc-max-send-msg-size=10MiB",
  "grpc-port=9002",
  "ha-enable-leader-election",
  "health-checking=true",
  "kubeconfig=/root/.kube/config",
  "kv-cache-usage-percentage-metric=vllm:kv_cache_usage_perc",
  "lora-info-metric=vllm:lora_requests_info",
  "metrics-cert-dir=/certs",
  "metrics-client-ca-file=/ca.pem",
  "metrics-endpoint-auth=false",
  "metrics-port=9090",
  "metrics-staleness-threshold=2s",
  "model-server-metrics-https-insecure-skip-verify=true",
  "model-server-metrics-path=/metrics",
  "model-server-metrics-port=8000",
  "model-server-metrics-scheme=https",
  "pool-group=inference.networking.k8s.io",
  "pool-name=base",
  "pool-namespace=default",
  "refresh-metrics-interval=50ms",
  "refresh-prometheus-metrics-interval=5s",
  "secure-serving=true",
  "tls-cipher-suites=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
  "tls-min-version=VersionTLS12",
  "total-queued-requests-metric=vllm:num_requests_waiting",
  "total-running-requests-metric=vllm:num_requests_running",
  "tracing=true",
  "v=4",
  "zap-devel=false",
  "zap-encoder=json",
  "zap-log-level=debug",
  "zap-stacktrace-level=error",
  "zap-time-encoding=rfc3339",
];

/** What a flag is given with, where it does not stand alone. */
const BESIDE: Readonly<Record<string, readonly string[]>> = {
  "pool-name": [],
  "endpoint-selector": ["--endpoint-target-ports=8000"],
  "endpoint-target-ports": ["--endpoint-selector=app=vllm"],
  "enable-cert-reload": ["--endpoints=f", "--cert-path=/certs"],
};

const nameOf = (flag: string) => flag.split("=", 1)[0]!;

test("the table has every flag of the reference, and no other", () => {
  const rows = [...ALIKE.map(([name]) => name), ...ODD.map(({ name }) => name)];
  assert.deepEqual(rows.toSorted(), REFERENCE.map(nameOf).toSorted());
});

for (const flag of REFERENCE) {
  test(`--${flag} is taken, or refused for a reason`, async () => {
    const name = nameOf(flag);
    const args = [`--${flag}`, ...(BESIDE[name] ?? ["--pool-name=base"])];
    const parsed = await parseServe(args, IN_POD);
    const odd = ODD.find((one) => one.name === name);
    if ("error" in parsed) {
      assert.ok(odd !== undefined, parsed.error);
      assert.match(parsed.error, new RegExp(`^error: --${name}=.* is refused: `));
      assert.ok(parsed.error.includes(odd.why));
      assert.match(odd.here, /^(only|refused)/);
      return;
    }
    const { withoutEffect } = parsed.manner;
    if (odd?.here === "without effect") assert.deepEqual(withoutEffect, [{ flag: `--${name}`, reason: odd.why }]);
    else assert.deepEqual(withoutEffect, []);
  });
}

test("the document's table is that of the code", () => {
  const text = readFileSync(new URL("../../../docs/reference-flags.md", import.meta.url), "utf8");
  const rows = text.split("\n").filter((line) => line.startsWith("| `--"));
  const expected = [
    ...ALIKE.map(([name, difference]) => `| \`--${name}\` | as there | ${difference} |`.replace("|  |", "| |")),
    ...ODD.map(({ name, here, why }) => `| \`--${name}\` | ${here} | ${why} |`),
  ];
  assert.deepEqual(rows.toSorted(), expected.toSorted());
});

test("arguments of an Istio guide's deployment", async () => {
  const pool = { kind: "pool", name: "inference-model-server-pool", group: "inference.networking.k8s.io" };
  for (const args of [
    [
      "--pool-name",
      "inference-model-server-pool",
      "--pool-namespace",
      "inference-model-server",
      "--v",
      "4",
      "--zap-encoder",
      "json",
      "--config-file",
      "/config/default-plugins.yaml",
    ],
    [
      "--pool-name=inference-model-server-pool",
      "--pool-namespace=inference-model-server",
      "--v=4",
      "--zap-encoder=json",
      "--config-file=/config/default-plugins.yaml",
    ],
    [
      "-poolName",
      "inference-model-server-pool",
      "-poolNamespace=inference-model-server",
      "-v",
      "4",
      "--zap-encoder",
      "json",
      "-configFile",
      "/config/default-plugins.yaml",
    ],
  ]) {
    const parsed = await parseServe(args, IN_POD);
    assert.ok("settings" in parsed, JSON.stringify(parsed));
    const { settings, manner } = parsed;
    assert.deepEqual(settings.endpoints, {
      kind: "kubernetes",
      zonesFromNodes: false,
      scope: { ...pool, namespace: "inference-model-server" },
    });
    assert.deepEqual(settings.config, { file: "/config/default-plugins.yaml" });
    assert.deepEqual(manner, { level: "debug", format: "json", withoutEffect: [] });
  }
});

test("arguments of llm-d's chart", async () => {
  const args =
    "--pool-name base --pool-namespace models --pool-group inference.networking.k8s.io --zap-encoder json " +
    "--config-file /config/default-plugins.yaml --grpc-health-port 9003 --v=2 --secure-serving=false " +
    "--tracing=false --metrics-endpoint-auth=false";
  const { endpoints, metricsEndpointAuth, grpcHealthPort } = await settingsOf(args.split(" "), IN_POD);
  assert.equal(endpoints.kind, "kubernetes");
  assert.equal(metricsEndpointAuth, false);
  assert.equal(grpcHealthPort, 9003);
});

test("a value is no flag, whatever it looks like", async () => {
  const { config } = await settingsOf(["--endpoints", "-poolName", "--config-file=-poolName"]);
  assert.deepEqual(config, { file: "-poolName" });
});

test("switches that are off are taken", async () => {
  for (const { name } of ODD.filter(({ takes }) => takes === "switch")) {
    assert.equal(await refusalOf([`--${name}=false`, "--endpoints=f"]), "");
  }
});

const LOGS: readonly (readonly [args: string, level: string, format: string])[] = [
  ["", "info", "json"],
  ["--v=0", "info", "json"],
  ["--v=3", "info", "json"],
  ["--v=-1", "info", "json"],
  ["-v 5", "trace", "json"],
  ["-v=4", "debug", "json"],
  ["--zap-log-level=error --v=4", "error", "json"],
  ["--zap-log-level=5", "trace", "json"],
  ["--zap-log-level=panic", "silent", "json"],
  ["--log-level=warn --zap-log-level=debug --v=9", "warn", "json"],
  ["--zap-devel", "info", "text"],
  ["--zap-devel --zap-encoder=json", "info", "json"],
  ["--zap-devel=false", "info", "json"],
  ["--zap-encoder=console", "info", "text"],
  ["--zap-encoder=console --log-format=json", "info", "json"],
];

for (const [args, level, format] of LOGS) {
  test(`logs: ${args || "nothing"}`, async () => {
    const parsed = await parseServe(["--endpoints=f", ...args.split(" ").filter(Boolean)]);
    assert.ok("manner" in parsed, JSON.stringify(parsed));
    assert.deepEqual([parsed.manner.level, parsed.manner.format], [level, format]);
  });
}
