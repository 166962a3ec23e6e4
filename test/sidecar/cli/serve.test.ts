import assert from "node:assert/strict";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { type TestContext, test } from "node:test";
import { Client, credentials } from "@grpc/grpc-js";
import { healthService } from "../../../sidecar/observe/health-server.ts";
import { replaceFile } from "../../harness/files.ts";
import { eventually, waitingOf } from "../push/test-gateway.ts";
import { file, start } from "./run.ts";
import { ANY_PORTS, gateway, get, modelServer } from "./serving.ts";

function config(weight: number | string): string {
  return `apiVersion: llm-d.ai/v1alpha1
kind: EndpointPickerConfig
plugins: [{type: queue-scorer}]
schedulingProfiles: [{name: p, plugins: [{pluginRef: queue-scorer, weight: ${weight}}]}]
`;
}

async function endpoints(t: TestContext, ...addresses: string[]): Promise<string> {
  return file(t, JSON.stringify({ pools: [{ name: "ns/p", endpoints: addresses.map((address) => ({ address })) }] }));
}

test("what model servers report reaches a gateway, and SIGTERM ends it all with 0", async (t) => {
  const run = start(t, ["serve", "--endpoints", await endpoints(t, await modelServer(t, 7)), ...ANY_PORTS]);
  const client = await gateway(t, run);
  await eventually(() => client.frames.some((frame) => frame.kind === "load" && waitingOf(frame, 0) === 7));
  await eventually(() => client.kinds.length >= 4);
  assert.deepEqual(client.kinds.slice(0, 4), ["roster", "plan", "load", "sync"]);
  assert.equal((await get(run, "/readyz")).status, 200);
  const { body } = await get(run, "/metrics");
  assert.match(body, /^inline_epp_endpoints\{pool="ns\/p",state="ready"\} 1$/m);
  assert.match(body, /^inline_epp_scrapes_total\{result="ok"\} [1-9]/m);
  assert.match(body, /^inline_epp_scrape_seconds\{share="1"\} 0\.\d+$/m);
  assert.match(body, /^inline_epp_gateways 1$/m);
  await run.logged("listening for gRPC health checks");

  run.child.kill("SIGTERM");
  assert.equal((await client.status).code, 0, "the stream is ended, not cut");
  assert.equal(await run.status, 0);
  assert.equal(run.out, "");
});

test("SIGINT ends it too", async (t) => {
  const run = start(t, ["serve", "--endpoints", await endpoints(t), ...ANY_PORTS]);
  await run.logged("listening for gateways");
  run.child.kill("SIGINT");
  assert.equal(await run.status, 0);
});

test("a second signal ends it at once", async (t) => {
  const run = start(t, ["serve", "--endpoints", await endpoints(t), ...ANY_PORTS]);
  await run.logged("listening for gateways");
  // A stream that its client keeps open holds the shutdown for as long as it may.
  const client = new Client(`127.0.0.1:${await run.port("gRPC health checks")}`, credentials.createInsecure());
  t.after(() => client.close());
  const { path, requestSerialize, responseDeserialize } = healthService.Watch;
  const watch = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, Buffer.alloc(0));
  watch.on("error", () => {});
  await new Promise((resolve) => watch.once("data", resolve));
  run.child.kill("SIGTERM");
  await run.logged("stopping; a second signal ends the process at once");
  run.child.kill("SIGTERM");
  assert.equal(await run.status, 143);
});

test("configuration and endpoints are followed as they change", async (t) => {
  const configFile = await file(t, config(1));
  const endpointsFile = await endpoints(t, "127.0.0.1:1");
  const run = start(t, ["serve", "--endpoints", endpointsFile, "--config-file", configFile, ...ANY_PORTS]);
  const client = await gateway(t, run);
  const count = (kind: string) => client.kinds.filter((other) => other === kind).length;
  await client.received(4);

  replaceFile(configFile, config(2));
  await eventually(() => count("plan") === 2);
  replaceFile(configFile, config("heavy"));
  const { problems } = await run.logged("new configuration refused, the last good plan stays");
  assert.match(String(problems), /weight \(line 4\): must be a finite number, is "heavy"/);
  assert.match((await get(run, "/metrics")).body, /^inline_epp_config_last_reload_success 0$/m);

  replaceFile(endpointsFile, JSON.stringify({ pools: [{ name: "ns/q", endpoints: [] }] }));
  // One plan more, for the new pool.
  await eventually(() => count("gone") === 1 && count("roster") === 2 && count("plan") === 3);
});

test("a pool that is emptied is warned of, and the sidecar stays ready", async (t) => {
  const endpointsFile = await endpoints(t, "127.0.0.1:1");
  const run = start(t, ["serve", "--endpoints", endpointsFile, ...ANY_PORTS]);
  await run.logged("listening for gateways");
  assert.equal((await get(run, "/readyz")).status, 200);
  replaceFile(endpointsFile, JSON.stringify({ pools: [{ name: "ns/p", endpoints: [] }] }));
  assert.equal((await run.logged("pool has no endpoints")).pool, "ns/p");
  const told = run.lines.filter(({ msg }) => msg === "endpoints in force").map(({ time, file, ...others }) => others);
  assert.deepEqual(told, [
    { level: "info", pool: "ns/p", endpoints: 1, msg: "endpoints in force" },
    { level: "info", pool: "ns/p", endpoints: 0, removed: ["127.0.0.1:1"], msg: "endpoints in force" },
  ]);
  assert.equal((await get(run, "/readyz")).status, 200);
  const { body } = await get(run, "/metrics");
  assert.match(body, /^inline_epp_endpoints_reloads_total\{result="applied"\} 1$/m);
});

test("variables stand for flags, and flags win over them", async (t) => {
  const run = start(t, ["serve", "--log-format=json", "--v=4", "--zap-encoder=console", ...ANY_PORTS.slice(1)], {
    INLINE_EPP_ENDPOINTS: await endpoints(t),
    INLINE_EPP_CONFIG_TEXT: config(1),
    INLINE_EPP_GRPC_PORT: "0",
    INLINE_EPP_GRPC_HEALTH_PORT: "1",
    INLINE_EPP_LOG_FORMAT: "text",
  });
  await run.logged("listening for gateways");
});

test("text logs are lines for people", async (t) => {
  const run = start(t, ["serve", "--endpoints", await endpoints(t), "--log-format=text", ...ANY_PORTS]);
  await eventually(() => run.error.includes("listening for gateways"));
  assert.match(run.error, /^\S+Z INFO {2}listening for gateways address=127\.0\.0\.1:\d+$/m);
});

for (const [flag, others] of [
  ["--grpc-port", ["--grpc-health-port=0", "--metrics-port=0"]],
  ["--grpc-health-port", ["--grpc-port=0", "--metrics-port=0"]],
  ["--metrics-port", ["--grpc-port=0", "--grpc-health-port=0"]],
] as const) {
  test(`a busy port ends it with 1: ${flag}`, async (t) => {
    const busy = createTcpServer();
    await new Promise<void>((resolve) => busy.listen(0, "127.0.0.1", resolve));
    t.after(() => busy.close());
    const { port } = busy.address() as AddressInfo;
    const run = start(t, ["serve", "--endpoints", await endpoints(t), `${flag}=${port}`, ...others]);
    assert.equal(await run.status, 1);
    assert.equal(
      run.error.split("\n").find((line) => line.startsWith("error: ")),
      `error: port ${port} is in use; free it or choose another with ${flag}`,
    );
  });
}

test("a bad configuration and bad endpoints are told together, with status 1", async (t) => {
  const run = start(t, [
    "serve",
    "--endpoints",
    await file(t, "pools: [{name: p, endpoints: [{address: a}, {address: b}]}]\n"),
    "--config-file",
    await file(t, config("heavy")),
    ...ANY_PORTS,
  ]);
  assert.equal(await run.status, 1);
  assert.match(
    run.error,
    /^error: .*file\.yaml is refused:\n {2}schedulingProfiles\[0\]\.plugins\[0\]\.weight \(line 4\)/m,
  );
  assert.match(run.error, /^error: endpoint file .*file\.yaml: /m);
  assert.match(run.error, /pools\[0\]\.endpoints\[0\]\.address \(line 1\): /);
  assert.match(run.error, /pools\[0\]\.endpoints\[1\]\.address \(line 1\): /);
});
