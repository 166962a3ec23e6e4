import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { commandTable } from "../../../sidecar/cli/flag-table.ts";
import { makeProgram } from "../../../sidecar/cli/program.ts";
import { WIRE_VERSION } from "../../../wire/layout.ts";
import { start } from "./run.ts";

const { version } = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8"));

const commands = makeProgram({ out: () => undefined, error: () => undefined }, () => undefined).commands.map(
  commandTable,
);

test("version, in both ways", async (t) => {
  const expected = `inline-epp ${version} (wire version ${WIRE_VERSION}, node ${process.versions.node})\n`;
  for (const args of [["version"], ["--version"]]) {
    const run = start(t, args);
    assert.equal(await run.status, 0);
    assert.equal(run.out, expected);
  }
});

test("version, for programs", async (t) => {
  const run = start(t, ["version", "--output", "json"]);
  assert.equal(await run.status, 0);
  assert.deepEqual(JSON.parse(run.out), { version, wireVersion: WIRE_VERSION, node: process.versions.node });
});

test("every command has examples in its help, and says so with status 0", async (t) => {
  for (const { name } of commands) {
    const run = start(t, [name, "--help"]);
    assert.equal(await run.status, 0, name);
    assert.match(run.out, new RegExp(`\\nExamples:\\n[^]*inline-epp ${name}`), name);
    assert.equal(run.error, "", name);
  }
});

test("a command that prints has --output json, but for scripts", () => {
  const without = commands.filter(
    ({ flags }) => !flags.some(({ long, values }) => long === "--output" && values.includes("json")),
  );
  assert.deepEqual(
    without.map(({ name }) => name),
    ["serve", "completion"],
  );
});

test("help lists every flag with its variable, its default, and examples", async (t) => {
  const run = start(t, ["serve", "--help"]);
  assert.equal(await run.status, 0);
  const help = run.out.replaceAll(/\s+/g, " ");
  for (const [flag, variable, byDefault] of [
    ["--endpoints <file>", "ENDPOINTS"],
    ["--config-file <file>", "CONFIG_FILE", "built in"],
    ["--config-text <yaml>", "CONFIG_TEXT"],
    ["--pool-name <name>", "POOL_NAME"],
    ["--pool-namespace <name>", "POOL_NAMESPACE", "$NAMESPACE"],
    ["--pool-group <group>", "POOL_GROUP", '"inference.networking.k8s.io"'],
    ["--namespaces <list>", "NAMESPACES"],
    ["--all-namespaces [bool]", "ALL_NAMESPACES"],
    ["--endpoint-selector <selector>", "ENDPOINT_SELECTOR"],
    ["--endpoint-target-ports <list>", "ENDPOINT_TARGET_PORTS"],
    ["--kubeconfig <file>", "KUBECONFIG", "the pod's own"],
    ["--context <name>", "CONTEXT", "its current one"],
    ["--zones-from-nodes [bool]", "ZONES_FROM_NODES"],
    ["--bind <ip>", "BIND", '"127.0.0.1"'],
    ["--grpc-port <port>", "GRPC_PORT", "9002"],
    ["--grpc-health-port <port>", "GRPC_HEALTH_PORT", "9003"],
    ["--metrics-port <port>", "METRICS_PORT", "9090"],
    ["--refresh-metrics-interval <duration>", "REFRESH_METRICS_INTERVAL", "50ms"],
    ["--metrics-staleness-threshold <duration>", "METRICS_STALENESS_THRESHOLD", "2s"],
    ["--scrape-timeout <duration>", "SCRAPE_TIMEOUT", "half the staleness threshold, at most 1s"],
    ["--model-server-metrics-port <port>", "MODEL_SERVER_METRICS_PORT", "the endpoint's"],
    ["--metrics-families <families>", "METRICS_FAMILIES", "gie,llm-d"],
    ["--metrics-endpoint-auth [bool]", "METRICS_ENDPOINT_AUTH", "false"],
    ["--serve-filter [bool]", "SERVE_FILTER", "true"],
    ["--drain-timeout <duration>", "DRAIN_TIMEOUT", "0s"],
    ["--envoy-gateway-extension [bool]", "ENVOY_GATEWAY_EXTENSION", "false"],
    ["--envoy-gateway-extension-port <port>", "ENVOY_GATEWAY_EXTENSION_PORT", "9005"],
    ["--gateway-address <host:port>", "GATEWAY_ADDRESS"],
    ["--filter-settings <json>", "FILTER_SETTINGS"],
    ["--page-port <port>", "PAGE_PORT", "no page"],
    ["--page-bind <ip>", "PAGE_BIND", '"127.0.0.1"'],
    ["--page-token-file <file>", "PAGE_TOKEN_FILE"],
    ["--log-level <level>", "LOG_LEVEL", '"info"'],
    ["--log-format <format>", "LOG_FORMAT", '"json"'],
  ] as const) {
    const at = help.indexOf(flag);
    assert.ok(at >= 0, flag);
    // Not to the next flag: descriptions name others.
    const [entry = ""] = help.slice(at).split(/(?<=INLINE_EPP_\w+\))/, 1);
    assert.ok(entry.includes(`env: INLINE_EPP_${variable})`), entry);
    if (byDefault !== undefined) assert.ok(entry.includes(`default: ${byDefault}`), entry);
  }
  assert.match(run.out, /Examples:\n {2}Endpoints from a file/);
  assert.match(run.out, /inline-epp serve --pool-name base/);
});

test("without a command, help goes to stderr with status 2", async (t) => {
  const run = start(t, []);
  assert.equal(await run.status, 2);
  assert.match(run.error, /^Usage: inline-epp /);
});

/** Arguments, variables, and what stderr says first. */
const MISUSED: readonly (readonly [string, Record<string, string>, RegExp])[] = [
  ["serve", {}, /^error: there is nothing to serve: give --endpoints FILE, or for a cluster --pool-name NAME/],
  [
    "serve --pool-name p",
    { INLINE_EPP_ENDPOINTS: "f" },
    /^error: INLINE_EPP_ENDPOINTS and --pool-name contradict each other/,
  ],
  ["srve", {}, /^error: unknown command 'srve'\n\(Did you mean serve\?\)/],
  ["serve --endpoints x --endpoint y", {}, /^error: unknown option '--endpoint'\n\(Did you mean --endpoints\?\)/],
  ["serve --endpoints x extra", {}, /^error: too many arguments for 'serve'/],
  [
    "serve --endpoints x --grpc-port 65536",
    {},
    /^error: option '--grpc-port <port>' argument '65536' is invalid\. Expected a port from 0 to 65535\./,
  ],
  [
    "serve --endpoints x --grpc-health-port 9090",
    {},
    /^error: --grpc-health-port and --metrics-port are both 9090: each needs a port of its own/,
  ],
  [
    "serve --endpoints x --metrics-port 7000",
    { INLINE_EPP_GRPC_PORT: "7000" },
    /^error: INLINE_EPP_GRPC_PORT and --metrics-port are both 7000/,
  ],
  [
    "serve --endpoints x",
    { INLINE_EPP_METRICS_PORT: "http" },
    /^error: option '--metrics-port <port>' value 'http' from env 'INLINE_EPP_METRICS_PORT' is invalid\. Expected a port/,
  ],
  ["serve --endpoints x --page-bind 0.0.0.0", {}, /^error: --page-bind needs --page-port/],
  ["serve --endpoints x --page-port 9090", {}, /^error: --metrics-port and --page-port are both 9090/],
  ["serve --endpoints x --bind localhost", {}, /--bind <ip>' argument 'localhost' is invalid\. Expected an IP address/],
  [
    "serve --endpoints x --refresh-metrics-interval 50",
    {},
    /'50' is invalid\. Expected a duration such as 50ms, 2s or 1m30s, from 1ms to 24h\./,
  ],
  [
    "serve --endpoints x --refresh-metrics-interval 2s",
    {},
    /^error: --refresh-metrics-interval is 2s, must be below --metrics-staleness-threshold, 2s/,
  ],
  [
    "serve --endpoints x --scrape-timeout 3s",
    {},
    /^error: --scrape-timeout is 3s, must be below --metrics-staleness-threshold, 2s/,
  ],
  ["serve --endpoints x --log-level loud", {}, /'loud' is invalid\. Allowed choices are trace, debug, info/],
  ["serve --endpoints x --config-file a --config-text b", {}, /'--config-file <file>' cannot be used with option/],
  [
    "serve --endpoints x --tracing",
    { OTEL_TRACES_SAMPLER: "sometimes" },
    /^error: OTEL_TRACES_SAMPLER=sometimes: Expected one of always_on, /,
  ],
  ["serve --endpoints x --enable-cert-reload", {}, /^error: --enable-cert-reload needs --cert-path/],
  ["serve --endpoints x --v high", {}, /--v <number>' argument 'high' is invalid/],
  ["serve --endpoints x --zap-encoder xml", {}, /Expected json or console/],
  ["--endpoint x", {}, /^error: unknown option '--endpoint'\n\(Did you mean --endpoints\?\)/],
  ["-poolName p --endpoints x", {}, /^error: --endpoints and --pool-name contradict each other/],
  ["check", {}, /^error: missing required argument 'file'/],
  ["completion", {}, /^error: missing required argument 'shell'/],
  ["completion tcsh", {}, /'tcsh' is invalid for argument 'shell'\. Allowed choices are bash, zsh, fish/],
  ["version --output yaml", {}, /'yaml' is invalid\. Allowed choices are text, json/],
  [
    "serve --endpoints x --context=",
    {},
    /'--context <name>' argument '' is invalid\. Expected a text that is not empty/,
  ],
  ["check x --output xml", {}, /'xml' is invalid\. Allowed choices are yaml, json/],
];

for (const [args, env, message] of MISUSED) {
  test(`status 2: ${args} ${JSON.stringify(env)}`, async (t) => {
    const run = start(t, args.split(" "), env);
    assert.equal(await run.status, 2);
    assert.match(run.error, message);
    assert.equal(run.out, "");
  });
}
