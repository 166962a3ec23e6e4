// The harness itself: what the other tests take for granted of the cluster that they get.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { KubeError } from "../harness/kube-client.ts";
import { type Cluster, startCluster } from "../harness/kube-cluster.ts";

let cluster: Cluster;
before(async () => {
  cluster = await startCluster();
});
after(() => cluster?.stop());

const pod = (namespace: string, name: string, spec: object = {}) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace, labels: { app: "base" } },
  spec: { containers: [{ name: "server", image: "none" }], ...spec },
});

function refused(status: number): (error: unknown) => boolean {
  return (error) => error instanceof KubeError && error.status === status;
}

test("pods are objects with the status that a test gives them", async () => {
  const namespace = await cluster.addNamespace("pods");
  await cluster.admin.create(pod(namespace, "a"));
  await cluster.admin.patchStatus(pod(namespace, "a"), { phase: "Running", podIP: "127.0.1.1" });
  const [found] = await cluster.admin.list("v1", "Pod", namespace);
  assert.equal((found as { status?: { podIP?: string } }).status?.podIP, "127.0.1.1");
  assert.match(await cluster.kubectl(["get", "pods", "-n", namespace]), /^a .*Running/m);
});

test("a pod without a node is gone at once, one with a node terminates first", async () => {
  const namespace = await cluster.addNamespace("terminating");
  await cluster.admin.create(pod(namespace, "free"));
  await cluster.admin.create(pod(namespace, "bound", { nodeName: "node-1" }));
  await cluster.admin.delete(pod(namespace, "free"));
  await cluster.admin.delete(pod(namespace, "bound"));
  const [bound, ...rest] = await cluster.admin.list("v1", "Pod", namespace);
  assert.deepEqual(rest, []);
  assert.ok(bound!.metadata.deletionTimestamp);
  await cluster.admin.delete(pod(namespace, "bound"), 0);
  assert.deepEqual(await cluster.admin.list("v1", "Pod", namespace), []);
});

test("a service account may do what its roles say, and nothing without its token", async () => {
  const namespace = await cluster.addNamespace("rights");
  const client = cluster.clientOf(await cluster.tokenFor(namespace, "reader"));
  await assert.rejects(client.list("v1", "Pod", namespace), refused(403));
  await cluster.kubectl(["create", "role", "reader", "-n", namespace, "--verb=list", "--resource=pods"]);
  const subject = `--serviceaccount=${namespace}:reader`;
  await cluster.kubectl(["create", "rolebinding", "reader", "-n", namespace, "--role=reader", subject]);
  // Rules reach the authorizer by a watch of its own.
  const deadline = performance.now() + 30_000;
  while (!(await client.list("v1", "Pod", namespace).catch(() => null))) assert.ok(performance.now() < deadline);
  await assert.rejects(client.list("v1", "Pod", "default"), refused(403));
  await assert.rejects(cluster.clientOf("no-such-token").list("v1", "Pod", namespace), refused(401));
});

test("the API server can be killed and started again, and the past be forgotten", async () => {
  const namespace = await cluster.addNamespace("restart");
  const { metadata } = await cluster.admin.create(pod(namespace, "kept"));
  await cluster.killServer();
  await assert.rejects(cluster.admin.list("v1", "Pod", namespace));
  await cluster.startServer();
  assert.equal((await cluster.admin.list("v1", "Pod", namespace)).length, 1);
  await cluster.admin.delete(pod(namespace, "kept"));
  await cluster.stopServer();
  await cluster.compact();
  await cluster.startServer();
  const watch = `/api/v1/namespaces/${namespace}/pods?watch=1&resourceVersion=${metadata.resourceVersion}&timeoutSeconds=5`;
  const answer = await cluster.admin.text(watch);
  assert.ok(answer.status === 410 || /"code":410/.test(answer.text), answer.text);
});

test("an API server that is paused answers again when it is resumed", async () => {
  cluster.pauseServer();
  let answered = false;
  const answer = cluster.admin.text("/readyz").then((found) => {
    answered = true;
    return found.status;
  });
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.equal(answered, false);
  cluster.resumeServer();
  assert.equal(await answer, 200);
});

test("the tests' own definitions are kinds that the API server takes", async () => {
  const files = ["pools", "old-pools", "pool-imports", "objectives", "rewrites", "models", "gateways"];
  await cluster.addKinds(...files.map((name) => `${name}.yaml`));
  const namespace = await cluster.addNamespace("kinds");
  const pool = {
    apiVersion: "inference.networking.k8s.io/v1",
    kind: "InferencePool",
    metadata: { name: "base", namespace },
    spec: { selector: { matchLabels: { app: "base" } }, targetPorts: [{ number: 8000 }] },
  };
  await cluster.admin.apply(pool);
  const [port] = pool.spec.targetPorts;
  const wrong = [
    { targetPorts: [] },
    { targetPorts: [port, port] },
    { selector: { matchLabels: { app: "two words" } } },
    { selector: { matchLabels: {} } },
    { endpointPickerRef: { name: "without-a-port" } },
  ];
  for (const [index, fields] of wrong.entries()) {
    const object = { ...pool, metadata: { name: `wrong-${index}`, namespace }, spec: { ...pool.spec, ...fields } };
    await assert.rejects(cluster.admin.create(object), refused(422), JSON.stringify(fields));
  }
});
