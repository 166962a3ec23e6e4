import assert from "node:assert/strict";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { type TestContext, test } from "node:test";
import { NODES, POOLS } from "../../../sidecar/discovery/kubernetes/resources.ts";
import { ApiServer, PODS } from "../../harness/api-server.ts";
import { eventually, waitingOf } from "../push/test-gateway.ts";
import { file, type Run, start } from "./run.ts";
import { ANY_PORTS, gateway, get, health, modelServer } from "./serving.ts";

async function cluster(t: TestContext): Promise<ApiServer> {
  const server = await ApiServer.start({ resources: [PODS, NODES, POOLS] });
  t.after(() => server.stop());
  return server;
}

function addPool(api: ApiServer, namespace: string, name: string, port: number): void {
  api.apply({
    apiVersion: "inference.networking.k8s.io/v1",
    kind: "InferencePool",
    metadata: { namespace, name },
    spec: {
      selector: { matchLabels: { app: name } },
      targetPorts: [{ number: port }],
      endpointPickerRef: { name: "epp", port: { number: 9002 } },
    },
  });
}

function addPod(api: ApiServer, namespace: string, name: string, app: string): void {
  api.apply({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace, name, labels: { app } },
    spec: { nodeName: "n", containers: [] },
    status: { phase: "Running", podIP: "127.0.0.1", conditions: [{ type: "Ready", status: "True" }] },
  });
}

/** `serve` against a cluster. */
function serve(t: TestContext, kubeconfig: string, ...args: string[]): Run {
  return start(t, ["serve", "--kubeconfig", kubeconfig, ...args, ...ANY_PORTS]);
}

/** A kubeconfig that leads to a port at which nobody listens. */
async function nowhere(t: TestContext): Promise<string> {
  const api = await cluster(t);
  const { kubeconfig } = api;
  await api.down();
  return kubeconfig;
}

const portOf = (address: string) => Number(address.split(":")[1]);

test("a pool of a cluster reaches gateways, with what its pods report, as it changes", async (t) => {
  const api = await cluster(t);
  addPool(api, "models", "base", portOf(await modelServer(t, 7)));
  addPod(api, "models", "vllm-0", "base");
  const run = serve(t, api.kubeconfig, "--pool-name=base", "--pool-namespace=models");
  const client = await gateway(t, run);
  await eventually(() => client.frames.some((frame) => frame.kind === "load" && waitingOf(frame, 0) === 7));
  const { body } = await get(run, "/metrics");
  assert.match(body, /^inline_epp_endpoints\{pool="models\/base",state="ready"\} 1$/m);
  assert.match(body, /^inline_epp_kubernetes_objects\{kind="Pod"\} 1$/m);
  assert.match(body, /^inline_epp_kubernetes_collections\{kind="InferencePool",state="watching"\} 1$/m);
  assert.equal(await health(run, "inference-extension"), 1);

  const rosters = () => client.kinds.filter((kind) => kind === "roster").length;
  const before = rosters();
  api.delete({ apiVersion: "v1", kind: "Pod", metadata: { namespace: "models", name: "vllm-0" } });
  await eventually(() => rosters() > before);

  run.child.kill("SIGTERM");
  assert.equal((await client.status).code, 0, "the stream is ended, not cut");
  assert.equal(await run.status, 0);
});

test("metrics may be at another port than requests go to, under another path and other names", async (t) => {
  const api = await cluster(t);
  addPool(api, "models", "base", 1);
  addPod(api, "models", "vllm-0", "base");
  const port = portOf(await modelServer(t, 7));
  const run = serve(
    t,
    api.kubeconfig,
    "--namespaces=models",
    `--model-server-metrics-port=${port}`,
    "--model-server-metrics-path=/other?x=1",
    "--total-queued-requests-metric=vllm:num_requests_running{model_name=m}",
  );
  const { metricsUrl } = await run.logged("endpoint is scraped");
  assert.equal(metricsUrl, `http://127.0.0.1:${port}/other?x=1`);
  const client = await gateway(t, run);
  await eventually(() => client.frames.some((frame) => frame.kind === "load" && waitingOf(frame, 0) === 1));
});

test("while the cluster is away the sidecar lives, is not ready, says what it waits for, and can be stopped", async (t) => {
  const run = serve(t, await nowhere(t), "--pool-name=base");
  await run.logged("listening for gRPC health checks");
  assert.equal((await get(run, "/healthz")).status, 200);
  const ready = await get(run, "/readyz");
  assert.equal(ready.status, 503);
  assert.deepEqual(JSON.parse(ready.body).missing, ["discovery", "push"]);
  assert.equal(await health(run, "liveness"), 1);
  assert.equal(await health(run, "readiness"), 2);
  const { waitingFor } = await run.logged("waiting for the cluster");
  assert.match(
    String(waitingFor),
    /inferencepools\.inference\.networking\.k8s\.io in namespace "default".*ECONNREFUSED/,
  );
  assert.ok(!run.lines.some(({ msg }) => msg === "listening for gateways"));

  run.child.kill("SIGTERM");
  assert.equal(await run.status, 0);
  assert.equal(run.lines.at(-1)?.msg, "stopped");
});

test("a cluster that comes late is served", async (t) => {
  const api = await cluster(t);
  addPool(api, "models", "base", portOf(await modelServer(t, 7)));
  addPod(api, "models", "vllm-0", "base");
  const { kubeconfig } = api;
  await api.down();
  const run = serve(t, kubeconfig, "--all-namespaces");
  await run.logged("listening for gRPC health checks");
  await api.up();
  await run.logged("listening for gateways");
  assert.equal((await get(run, "/readyz")).status, 200);
  run.child.kill("SIGINT");
  assert.equal(await run.status, 0);
});

test("a busy port is told before the cluster is waited for", async (t) => {
  const busy = createTcpServer();
  await new Promise<void>((resolve) => busy.listen(0, "127.0.0.1", resolve));
  t.after(() => busy.close());
  const { port } = busy.address() as AddressInfo;
  const run = start(t, [
    "serve",
    "--kubeconfig",
    await nowhere(t),
    "--all-namespaces",
    ...ANY_PORTS.slice(1),
    `--grpc-port=${port}`,
  ]);
  assert.equal(await run.status, 1);
  assert.match(
    run.error,
    new RegExp(`^error: port ${port} is in use; free it or choose another with --grpc-port$`, "m"),
  );
});

test("a configuration that is refused is told before the cluster is waited for", async (t) => {
  const config = await file(t, "kind: EndpointPickerConfig\n");
  const run = serve(t, await nowhere(t), "--all-namespaces", "--config-file", config);
  assert.equal(await run.status, 1);
  assert.match(run.error, /^error: .*file\.yaml is refused:/m);
});

test("a kubeconfig that is not there ends it with 1", async (t) => {
  const run = serve(t, "no/such/file", "--pool-name=base");
  assert.equal(await run.status, 1);
  assert.match(run.error, /^error: --kubeconfig: there is no file no\/such\/file$/m);
});

/** An API server that knows one token, whose owner may get /metrics. */
function letPrometheusRead(api: ApiServer): void {
  type Review = { spec: { token?: string; user?: string; nonResourceAttributes?: { path: string } } };
  api.onPost("/apis/authentication.k8s.io/v1/tokenreviews", (body) => {
    const authenticated = (body as Review).spec.token === "good";
    return { status: authenticated ? { authenticated, user: { username: "prometheus" } } : { authenticated } };
  });
  api.onPost("/apis/authorization.k8s.io/v1/subjectaccessreviews", (body) => {
    const { user, nonResourceAttributes } = (body as Review).spec;
    return { status: { allowed: user === "prometheus" && nonResourceAttributes?.path === "/metrics" } };
  });
}

test("with --metrics-endpoint-auth the cluster says who may read, be the endpoints from a file", async (t) => {
  const api = await cluster(t);
  letPrometheusRead(api);
  const endpoints = await file(t, "pools: [{name: p, endpoints: []}]\n");
  const run = serve(t, api.kubeconfig, "--endpoints", endpoints, "--metrics-endpoint-auth");
  const status = async (path: string, token?: string) =>
    (await get(run, path, token === undefined ? {} : { authorization: `Bearer ${token}` })).status;
  await run.logged("listening for gateways");
  assert.equal(await status("/metrics"), 401);
  assert.equal(await status("/metrics", "bad"), 401);
  assert.equal(await status("/metrics", "good"), 200);
  assert.equal(await status("/state", "good"), 403);
  for (const path of ["/healthz", "/readyz"]) assert.equal(await status(path), 200);
  await api.down();
  assert.equal(await status("/metrics", "good"), 200, "what was allowed holds for a while");
  const away = await get(run, "/metrics", { authorization: "Bearer other" });
  assert.equal(away.status, 503);
  assert.match(away.body, /^the API server cannot be asked who reads: .*ECONNREFUSED/);
});

test("without a word about it everybody may read", async (t) => {
  const api = await cluster(t);
  const run = serve(t, api.kubeconfig, "--all-namespaces");
  await run.logged("listening for gateways");
  assert.equal((await get(run, "/metrics")).status, 200);
  assert.equal((await get(run, "/state")).status, 200);
});

test("with --drain-timeout gateways are served for a while after the signal, and nobody is told to come", async (t) => {
  const endpoints = await file(t, "pools: [{name: p, endpoints: []}]\n");
  const run = start(t, ["serve", "--endpoints", endpoints, "--drain-timeout=1h", ...ANY_PORTS]);
  const client = await gateway(t, run);
  await client.received(3);
  run.child.kill("SIGTERM");
  await run.logged("not ready any more, gateways are still served");
  assert.equal((await get(run, "/readyz")).status, 503);
  assert.equal(await health(run, "inference-extension"), 2);
  assert.equal(await health(run, "liveness"), 1);
  const later = await gateway(t, run);
  await later.received(3);
  run.child.kill("SIGTERM");
  assert.equal(await run.status, 143);
});

test("the drain ends by itself", async (t) => {
  const endpoints = await file(t, "pools: [{name: p, endpoints: []}]\n");
  const run = start(t, ["serve", "--endpoints", endpoints, "--drain-timeout=10ms", ...ANY_PORTS]);
  const client = await gateway(t, run);
  await client.received(3);
  run.child.kill("SIGTERM");
  assert.equal((await client.status).code, 0);
  assert.equal(await run.status, 0);
});

test("a flag without effect is warned of", async (t) => {
  const endpoints = await file(t, "pools: [{name: p, endpoints: []}]\n");
  const run = start(t, ["serve", "--endpoints", endpoints, "--enable-pprof", "--tracing=false", ...ANY_PORTS]);
  const { flag, reason } = await run.logged("flag has no effect");
  assert.equal(flag, "--enable-pprof");
  assert.match(String(reason), /no Go profiles/);
  await run.logged("listening for gateways");
  assert.equal(run.lines.filter(({ msg }) => msg === "flag has no effect").length, 1);
});
