import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { LabelSets } from "../../../../sidecar/discovery/kubernetes/label-sets.ts";
import { podReader, samePod } from "../../../../sidecar/discovery/kubernetes/pod.ts";
import { endpointsOf } from "../../../../sidecar/discovery/kubernetes/pod-endpoints.ts";
import { ENGINE_SGLANG, ENGINE_VLLM, ROLE_DECODE } from "../../../../wire/layout.ts";
import { type ApiObject, pod } from "./objects.ts";
import { readOne } from "./set-up.ts";

const sets = new LabelSets();
const read = (object: ApiObject, nodes = false) => readOne(object, podReader(sets, nodes));

/** What a pod gives for these ports. */
function endpoints(object: ApiObject, ports: readonly number[] = [8000], nodeZone = "") {
  const { record } = read(object, true);
  assert.ok(record);
  return endpointsOf(record, nodeZone, ports, undefined).endpoints;
}

describe("a pod's record", () => {
  test("keeps what scheduling needs and nothing else", () => {
    const labels = { app: "vllm", "llm-d.ai/role": "decode" };
    const { record, told } = read(pod("ns/a", { ip: "10.0.0.7", labels, node: "n1" }));
    assert.deepEqual(
      { ...record, uid: "" },
      {
        key: "ns/a",
        uid: "",
        ip: "10.0.0.7",
        ready: true,
        terminating: false,
        phase: "Running",
        labels: { labels, engine: ENGINE_VLLM, role: ROLE_DECODE, problems: [] },
        createdAt: Date.UTC(2026, 0, 1),
        node: "",
        activePorts: undefined,
      },
    );
    assert.deepEqual(told, []);
    assert.equal(read(pod("ns/a", { node: "n1" }), true).record?.node, "n1");
  });

  test("takes an address from podIPs where podIP is missing", () => {
    const object = { ...pod("ns/a"), status: { podIPs: [{ ip: "fd00::1" }, { ip: "10.0.0.1" }] } };
    assert.equal(read(object).record?.ip, "fd00::1");
    assert.equal(read({ ...pod("ns/a"), status: {} }).record?.ip, "");
  });

  test("is ready by its Ready condition alone", () => {
    assert.equal(read(pod("ns/a", { ready: false })).record?.ready, false);
    assert.equal(read({ ...pod("ns/a"), status: { podIP: "10.0.0.1" } }).record?.ready, false);
    assert.equal(read(pod("ns/a", { terminating: true })).record?.terminating, true);
  });

  test("shares equal labels between pods", () => {
    const one = read(pod("ns/a")).record;
    const other = read(pod("ns/b")).record;
    assert.ok(one !== undefined && one.labels === other?.labels);
    assert.notEqual(read(pod("ns/c", { labels: { app: "other" } })).record?.labels, one.labels);
  });

  test("is told where labels or status are not what they must be", () => {
    const object = { ...pod("ns/a"), status: { podIP: 7, conditions: "Ready" } };
    assert.deepEqual(read(object).told[0]?.slice(0, 2), [
      "Pod ns/a",
      ["status.podIP: must be a string, is 7", 'status.conditions: must be a list, is "Ready"'],
    ]);
    const labels = { app: 1 } as unknown as Record<string, string>;
    assert.deepEqual(read(pod("ns/a", { labels })).told[0]?.[1], ["metadata.labels.app: must be a string, is 1"]);
  });

  test("with an unknown engine or role is told, and read as vllm and as any", () => {
    const labels = { "llm-d.ai/engine-type": "sglan", "llm-d.ai/role": "decod" };
    const { record, told } = read(pod("ns/a", { labels }));
    assert.equal(record?.labels.engine, ENGINE_VLLM);
    assert.deepEqual(told[0]?.[1], [
      'metadata.labels["llm-d.ai/engine-type"]: "sglan" is not a known engine ' +
        "(vllm, sglang, trtllm-serve, triton-tensorrt-llm); it is read as vllm",
      'metadata.labels["llm-d.ai/role"]: "decod" is not a known role, did you mean "decode"?',
    ]);
  });

  test("is the same as another one by every part of it", () => {
    const base = read(pod("ns/a"), true).record;
    assert.ok(base);
    assert.ok(samePod(base, { ...base }));
    const others = [
      { key: "ns/b" },
      { uid: "x" },
      { ip: "10.9.9.9" },
      { ready: false },
      { terminating: true },
      { phase: "Failed" },
      { labels: { ...base.labels } },
      { createdAt: 1 },
      { node: "n9" },
      { activePorts: "1" },
    ];
    for (const other of others) assert.equal(samePod(base, { ...base, ...other }), false, Object.keys(other)[0]);
    assert.deepEqual(others.map((other) => Object.keys(other)[0]).sort(), Object.keys(base).sort());
  });
});

describe("a pod's endpoints", () => {
  test("are one per port, ranks in the ports' order, all of the pod's name", () => {
    const labels = { "inference.networking.k8s.io/engine-type": "sglang", "llm-d.ai/role": "decode" };
    const common = { name: "ns/a", zone: "", labels, engine: ENGINE_SGLANG, role: ROLE_DECODE };
    assert.deepEqual(endpoints(pod("ns/a", { ip: "10.0.0.7", labels, ready: false }), [8001, 8000]), [
      {
        endpoint: { address: "10.0.0.7:8001", ...common, rank: 0 },
        ready: false,
        metricsUrl: "http://10.0.0.7:8001/metrics",
      },
      {
        endpoint: { address: "10.0.0.7:8000", ...common, rank: 1 },
        ready: false,
        metricsUrl: "http://10.0.0.7:8000/metrics",
      },
    ]);
  });

  test("of IPv6 are written as Envoy writes them", () => {
    const [one] = endpoints(pod("ns/a", { ip: "FD00:0:0::1" }));
    assert.deepEqual([one?.endpoint.address, one?.metricsUrl], ["[fd00::1]:8000", "http://[fd00::1]:8000/metrics"]);
  });

  test("are none without an address, at the end, and where the address is none", () => {
    for (const fields of [
      { ip: "" },
      { terminating: true },
      { phase: "Succeeded" },
      { phase: "Failed" },
      { ip: "pod.local" },
    ]) {
      assert.deepEqual(endpoints(pod("ns/a", fields)), [], JSON.stringify(fields));
    }
    assert.equal(endpoints(pod("ns/a", { phase: "Pending", ready: false })).length, 1);
  });

  test("are those of the ports that the pod says it serves, at their ranks", () => {
    const ranks = (annotations: Record<string, string>) =>
      endpoints(pod("ns/a", { annotations }), [8000, 8001, 8002]).map(({ endpoint }) => endpoint.rank);
    assert.deepEqual(ranks({ "llm-d.ai/active-ports": "8002, 8000,9,x" }), [0, 2]);
    assert.deepEqual(ranks({ "inference.networking.k8s.io/active-ports": "8001" }), [1]);
    const both = { "inference.networking.k8s.io/active-ports": "8001", "llm-d.ai/active-ports": "8000" };
    assert.deepEqual(ranks(both), [0]);
    assert.deepEqual(ranks({ "llm-d.ai/active-ports": "" }), []);
  });

  test("are in the zone of the pod's label, else of its node", () => {
    const labels = { "topology.kubernetes.io/zone": "a" };
    assert.equal(endpoints(pod("ns/a", { labels }), [8000], "b")[0]?.endpoint.zone, "a");
    assert.equal(endpoints(pod("ns/a"), [8000], "b")[0]?.endpoint.zone, "b");
  });

  test("stay the same objects where they say the same", () => {
    const { record } = read(pod("ns/a"));
    assert.ok(record);
    const ports = [8000, 8001];
    const first = endpointsOf(record, "", ports, undefined);
    const again = endpointsOf({ ...record, phase: "Unknown" }, "", ports, first);
    assert.ok(again.endpoints.every((one, index) => one === first.endpoints[index]));
    const waiting = endpointsOf({ ...record, ready: false }, "", ports, first);
    assert.ok(waiting.endpoints.every((one, index) => one.endpoint === first.endpoints[index]?.endpoint && !one.ready));
    const moved = endpointsOf({ ...record, ip: "10.0.0.2" }, "", ports, first);
    assert.deepEqual(
      moved.endpoints.map(({ metricsUrl }) => metricsUrl),
      ["http://10.0.0.2:8000/metrics", "http://10.0.0.2:8001/metrics"],
    );
  });
});
