// A deployment of the reference's picker with another image: its arguments, its pool, a gateway that asks in TLS.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Client, credentials } from "@grpc/grpc-js";
import { parseAllDocuments } from "yaml";
import { NODES, POOLS } from "../../../sidecar/discovery/kubernetes/resources.ts";
import { ApiServer, PODS } from "../../harness/api-server.ts";
import { bodyOf, DESTINATION, DUPLEX, Request } from "../ext-proc/test-gateway.ts";
import { file, start } from "./run.ts";
import { ANY_PORTS, get, health, modelServer } from "./serving.ts";

const MANIFEST = new URL("../../kube/manifests/istio-task.yaml", import.meta.url);
const NAMESPACE = "inference-model-server";

type Manifest = { kind: string; metadata: { name: string } } & Record<string, unknown>;

const manifests = parseAllDocuments(readFileSync(MANIFEST, "utf8")).map((document) => document.toJS() as Manifest);

function manifest<T>(kind: string, name: string): T {
  return manifests.find((each) => each.kind === kind && each.metadata.name === name) as unknown as T;
}

test("the arguments of Istio's task start a sidecar that answers its gateway", async (t) => {
  const api = await ApiServer.start({ resources: [PODS, NODES, POOLS] });
  t.after(() => api.stop());
  const [host, port] = (await modelServer(t, 0)).split(":");
  const pool = manifest<{ spec: { targetPorts: { number: number }[]; selector: { matchLabels: object } } }>(
    "InferencePool",
    "inference-model-server-pool",
  );
  api.apply({ ...pool, spec: { ...pool.spec, targetPorts: [{ number: Number(port) }] } } as never);
  api.apply({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace: NAMESPACE, name: "vllm-0", labels: { ...pool.spec.selector.matchLabels } },
    spec: { nodeName: "n", containers: [] },
    status: { phase: "Running", podIP: host, conditions: [{ type: "Ready", status: "True" }] },
  } as never);
  const { data } = manifest<{ data: Record<string, string> }>("ConfigMap", "plugins-config");
  const { spec } = manifest<{ spec: { template: { spec: { containers: { args: string[] }[] } } } }>(
    "Deployment",
    "inference-endpoint-picker",
  );
  const mounted = await file(t, data["default-plugins.yaml"]!);
  const args = spec.template.spec.containers[0]!.args.map((arg) =>
    arg.replace("/config/default-plugins.yaml", mounted),
  );
  const run = start(t, [...args, "--kubeconfig", api.kubeconfig, ...ANY_PORTS]);

  const trusting = credentials.createSsl(null, null, null, { rejectUnauthorized: false });
  const options = { "grpc.ssl_target_name_override": "picker" };
  const client = new Client(`127.0.0.1:${await run.port("gateways")}`, trusting, options);
  t.after(() => client.close());
  const request = new Request(client).headers([DUPLEX, DUPLEX]).body(bodyOf());
  assert.equal((await request.next()).set[DESTINATION], `${host}:${port}`);
  assert.equal(await health(run, "inference-extension"), 1);
  assert.equal(await health(run, "envoy.service.ext_proc.v3.ExternalProcessor"), 1);
  assert.match((await get(run, "/metrics")).body, /^inline_epp_ext_proc_streams 1$/m);
  request.cancel();

  run.child.kill("SIGTERM");
  assert.equal(await run.status, 0);
});
