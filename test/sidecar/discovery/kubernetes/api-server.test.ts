// Discovery on an API server, over real connections.

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { KubernetesDiscovery } from "../../../../sidecar/discovery/kubernetes/kubernetes-discovery.ts";
import { MODELS, OBJECTIVES, OLD_POOLS, PODS, POOLS } from "../../../../sidecar/discovery/kubernetes/resources.ts";
import type { Scope } from "../../../../sidecar/discovery/kubernetes/scope.ts";
import type { DiscoveredPool } from "../../../../sidecar/discovery/pool.ts";
import { openCluster } from "../../../../sidecar/kubernetes/cluster.ts";
import { ApiServer, type KubernetesObject } from "../../../harness/api-server.ts";
import { RecordingLog } from "../../push/recorder.ts";
import { until } from "../../scrape/metrics-server.ts";
import { type ApiObject, objective, oldPool, pod, pool } from "./objects.ts";

/** An object without what the server gives it. */
function plain({ metadata, ...object }: ApiObject): KubernetesObject {
  const { uid, resourceVersion, ...rest } = metadata;
  return { ...object, metadata: rest } as unknown as KubernetesObject;
}

async function setUp(t: TestContext, scope: Scope, resources = [PODS, POOLS]) {
  const server = await ApiServer.start({ resources });
  t.after(() => server.stop());
  const log = new RecordingLog();
  const source = await openCluster({ log, kubeconfig: server.kubeconfig });
  t.after(() => source.close());
  const discovery = new KubernetesDiscovery({ source, scope, log });
  t.after(() => discovery.stop());
  let latest: readonly DiscoveredPool[] = [];
  const shown = () =>
    latest.map(({ name, endpoints }) =>
      [`${name}:`, ...endpoints.map(({ endpoint, ready }) => endpoint.address + (ready ? "" : "?"))].join(" "),
    );
  return {
    server,
    log,
    discovery,
    apply: (...objects: ApiObject[]) => objects.map((object) => server.apply(plain(object))),
    remove: (object: ApiObject) => server.delete(plain(object)),
    start: () => discovery.start((pools) => (latest = pools)),
    pool: (name: string) => latest.find((one) => one.name === name),
    become: (...expected: string[]) =>
      until(`${expected}, not ${shown()}`, () => JSON.stringify(shown()) === JSON.stringify(expected)),
  };
}

const onePool: Scope = { kind: "pool", namespace: "ns", name: "a", group: "inference.networking.k8s.io" };

test("one pool is followed by a user who may read pods and pools of v1 only", async (t) => {
  const { server, apply, remove, start, become } = await setUp(t, onePool);
  for (const plural of ["inferenceobjectives", "inferencemodelrewrites", "inferencemodels", "inferencepoolimports"]) {
    server.faults.plan({ plural }, { kind: "status", status: 403 });
  }
  apply(pool("ns/a"), pool("ns/b"), pod("ns/p1", { ip: "10.0.0.1" }), pod("ns/p2", { ip: "10.0.0.2", ready: false }));
  await start();
  await become("ns/a: 10.0.0.1:8000 10.0.0.2:8000?");
  apply(pod("ns/p2", { ip: "10.0.0.2" }), pod("ns/p3", { ip: "fd00::3" }));
  await become("ns/a: 10.0.0.1:8000 10.0.0.2:8000 [fd00::3]:8000");
  apply(pod("ns/p1", { ip: "10.0.0.1", terminating: true }));
  await become("ns/a: 10.0.0.2:8000 [fd00::3]:8000");
  remove(pod("ns/p3"));
  apply(pod("ns/q", { ip: "10.0.1.1", labels: { app: "new" } }));
  await become("ns/a: 10.0.0.2:8000");
  apply(pool("ns/a", { app: "new" }, [8000, 8001]));
  await become("ns/a: 10.0.1.1:8000 10.0.1.1:8001");
  remove(pool("ns/a"));
  await become();
  apply(pool("ns/a"));
  await become("ns/a: 10.0.0.2:8000");
  assert.ok(server.requests.some(({ plural, query }) => plural === "pods" && query.labelSelector === "app=new"));
  assert.ok(server.requests.every(({ plural, query }) => plural !== "inferencepools" || query.fieldSelector));
  await until("nobody watches what nobody needs", () => server.watches("pods").length === 1);
});

test("an API server that comes late is waited for, one that goes is taken up again where it stands", async (t) => {
  const { server, apply, remove, start, become } = await setUp(t, onePool);
  apply(pool("ns/a"), pod("ns/p1", { ip: "10.0.0.1" }));
  await server.down();
  const started = start();
  await new Promise((resolve) => setImmediate(resolve));
  await server.up();
  await started;
  await become("ns/a: 10.0.0.1:8000");
  await server.down();
  apply(pod("ns/p2", { ip: "10.0.0.2" }));
  remove(pod("ns/p1"));
  server.compact();
  await server.up();
  await become("ns/a: 10.0.0.2:8000");
});

test("every pool of a cluster is followed where only the older group is installed", async (t) => {
  const {
    apply,
    start,
    become,
    pool: find,
  } = await setUp(t, { kind: "all" }, [PODS, OLD_POOLS, MODELS, ...OBJECTIVES.slice(1)]);
  apply(oldPool("ns/old"), pod("ns/p1"), objective("ns/gold", { priority: 4, poolRef: { name: "old", group: "" } }));
  const group = "inference.networking.x-k8s.io";
  apply(objective("ns/silver", { priority: 2, poolRef: { name: "old", group } }));
  await start();
  await become("ns/old: 10.0.0.1:8000");
  await until("the objective is known", () => find("ns/old")?.objectives.length === 1);
  assert.deepEqual(find("ns/old")?.objectives, [{ name: "silver", priority: 2 }]);
  apply(oldPool("other/new"), pod("other/p", { ip: "10.0.0.9" }));
  await become("ns/old: 10.0.0.1:8000", "other/new: 10.0.0.9:8000");
});

test("a start that is stopped while there is no API server ends", async (t) => {
  const { server, discovery, start } = await setUp(t, onePool);
  await server.down();
  const rejected = assert.rejects(start(), /stopped before the pools of the cluster were known/);
  await discovery.stop();
  await rejected;
});
