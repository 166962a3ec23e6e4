import assert from "node:assert/strict";
import { test } from "node:test";
import { Registry } from "prom-client";
import { registerKubernetesMetrics } from "../../../sidecar/observe/kubernetes-metrics.ts";
import { collectMarks, pod, setUp, until } from "../kubernetes/support.ts";

test("objects, lists, watches, events and errors of a cluster are counted by kind", async (t) => {
  const registry = new Registry();
  const { server, cluster } = await setUp(t, { observer: registerKubernetesMetrics(registry) });
  server.apply(pod("a"));
  server.faults.plan({ namespace: "secret" }, { kind: "status", status: 403 });
  const one = collectMarks(t, cluster);
  const two = collectMarks(t, cluster, { labelSelector: "app=x" });
  const three = collectMarks(t, cluster, { namespace: "secret" });
  await until(() => server.watches().length === 2 && three.collection.state === "denied");
  server.apply(pod("b", 1, { app: "x" }));
  server.bookmark();
  await until(() => one.collection.objects.size === 2 && two.collection.objects.size === 1);
  const lines = (await registry.metrics()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  // Bookmarks may be on their way still.
  assert.deepEqual(lines.filter((line) => !line.includes("BOOKMARK")).sort(), [
    'inline_epp_kubernetes_collections{kind="Pod",state="absent"} 0',
    'inline_epp_kubernetes_collections{kind="Pod",state="away"} 0',
    'inline_epp_kubernetes_collections{kind="Pod",state="denied"} 1',
    'inline_epp_kubernetes_collections{kind="Pod",state="listing"} 0',
    'inline_epp_kubernetes_collections{kind="Pod",state="watching"} 2',
    'inline_epp_kubernetes_errors_total{kind="Pod",reason="forbidden"} 1',
    'inline_epp_kubernetes_events_total{kind="Pod",type="ADDED"} 2',
    'inline_epp_kubernetes_lists_total{kind="Pod"} 2',
    'inline_epp_kubernetes_objects{kind="Pod"} 3',
    'inline_epp_kubernetes_watches_total{kind="Pod"} 2',
  ]);
  for (const { collection } of [one, two, three]) await collection.stop();
  assert.doesNotMatch(await registry.metrics(), /inline_epp_kubernetes_(objects|collections)\{/);
});
