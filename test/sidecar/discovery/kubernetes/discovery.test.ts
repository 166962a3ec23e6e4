import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MAX_ENDPOINTS, MAX_POOLS } from "../../../../wire/layout.ts";
import { node, type PodFields, pod, pool } from "./objects.ts";
import { setUp } from "./set-up.ts";

const numbered = (number: number, fields: PodFields = {}) =>
  pod(`ns/pod-${number}`, { ip: `10.0.${number >> 8}.${number & 255}`, ...fields });

describe("a cluster's pools", () => {
  test("come with their pods, sorted by name and rank, each in its namespace", async () => {
    const { start, shown, latest, calls } = setUp({
      objects: [
        pool("ns/b", { app: "vllm" }, [8001, 8000]),
        pool("ns/a", { app: "vllm", tier: "x" }),
        pool("other/a"),
        numbered(2),
        numbered(1, { ready: false }),
        numbered(3, { labels: { app: "vllm", tier: "x" } }),
        numbered(4, { labels: { app: "web" } }),
        pod("other/pod-9", { ip: "10.1.0.9" }),
      ],
    });
    await start();
    assert.equal(calls.length, 1);
    assert.deepEqual(shown(), [
      "ns/a: 10.0.0.3:8000",
      "ns/b: 10.0.0.1:8001? 10.0.0.1:8000? 10.0.0.2:8001 10.0.0.2:8000 10.0.0.3:8001 10.0.0.3:8000",
      "other/a: 10.1.0.9:8000",
    ]);
    assert.deepEqual(latest()[0]?.endpoints[0], {
      endpoint: {
        address: "10.0.0.3:8000",
        name: "ns/pod-3",
        zone: "",
        labels: { app: "vllm", tier: "x" },
        engine: 0,
        role: 0,
        rank: 0,
      },
      ready: true,
      metricsUrl: "http://10.0.0.3:8000/metrics",
    });
  });

  test("follow their pods; what has not changed is the same object", async () => {
    const {
      start,
      cluster,
      shown,
      pool: find,
      calls,
      settle,
    } = setUp({
      objects: [pool("ns/a"), pool("ns/b", { app: "web" }), numbered(1), numbered(2), numbered(3)],
    });
    await start();
    settle();
    const before = find("ns/a");
    cluster.put(numbered(2, { ready: false }));
    assert.deepEqual(shown(), ["ns/a: 10.0.0.1:8000 10.0.0.2:8000? 10.0.0.3:8000", "ns/b:"]);
    const after = find("ns/a");
    assert.notEqual(after, before);
    assert.deepEqual(
      after?.endpoints.map((one, index) => one === before?.endpoints[index]),
      [true, false, true],
    );
    assert.equal(after?.endpoints[1]?.endpoint, before?.endpoints[1]?.endpoint);
    assert.equal(calls[1]?.[1], calls[0]?.[1]);
    settle();
    cluster.put(numbered(2, { terminating: true }));
    assert.deepEqual(shown()[0], "ns/a: 10.0.0.1:8000 10.0.0.3:8000");
    settle();
    cluster.remove(numbered(1));
    cluster.put(numbered(4));
    settle();
    assert.deepEqual(shown()[0], "ns/a: 10.0.0.3:8000 10.0.0.4:8000");
    cluster.put(numbered(4, { labels: { app: "web" } }));
    settle();
    assert.deepEqual(shown(), ["ns/a: 10.0.0.3:8000", "ns/b: 10.0.0.4:8000"]);
  });

  test("are not told again where nothing has changed", async () => {
    const { start, cluster, calls, settle, latest } = setUp({ objects: [pool("ns/a"), numbered(1)] });
    await start();
    settle();
    const version = latest();
    cluster.put(numbered(1));
    settle();
    cluster.list();
    settle();
    cluster.become("Pod", "away", "no route");
    settle();
    assert.equal(calls.length, 1);
    assert.equal(latest(), version);
  });

  test("are told at once after quiet, then once for all that comes within 5 ms", async () => {
    const { start, cluster, calls, clock } = setUp({ objects: [pool("ns/a"), numbered(1)] });
    await start();
    clock.advance(5);
    cluster.put(numbered(2));
    assert.equal(calls.length, 2);
    cluster.put(numbered(3));
    cluster.put(numbered(4));
    clock.advance(4);
    assert.equal(calls.length, 2);
    clock.advance(1);
    assert.equal(calls.length, 3);
    assert.equal(calls[2]?.[0]?.endpoints.length, 4);
    clock.advance(20);
    assert.equal(calls.length, 3);
    cluster.put(numbered(5));
    assert.equal(calls.length, 4);
  });

  test("that change their ports keep their pods", async () => {
    const { start, cluster, shown, settle } = setUp({ objects: [pool("ns/a"), numbered(1)] });
    await start();
    settle();
    const { made } = cluster;
    cluster.put(pool("ns/a", { app: "vllm" }, [9000, 8000]));
    settle();
    assert.deepEqual(shown(), ["ns/a: 10.0.0.1:9000 10.0.0.1:8000"]);
    assert.equal(cluster.made, made);
  });

  test("that change their selector keep their endpoints until the new pods are known", async () => {
    const { startListing, cluster, shown, settle } = setUp({
      slow: true,
      objects: [pool("ns/a"), numbered(1), numbered(2, { labels: { app: "new" } })],
    });
    await startListing();
    assert.deepEqual(shown(), ["ns/a: 10.0.0.1:8000"]);
    cluster.put(pool("ns/a", { app: "new" }, [9000]));
    settle();
    cluster.put(numbered(3));
    settle();
    assert.deepEqual(shown(), ["ns/a: 10.0.0.1:8000 10.0.0.3:8000"], "the old ones, which are still followed");
    assert.ok(cluster.open.includes("Pod. ns app=vllm"));
    cluster.list("app=new");
    settle();
    assert.deepEqual(shown(), ["ns/a: 10.0.0.2:9000"]);
    assert.ok(!cluster.open.includes("Pod. ns app=vllm"), "nobody needs them any more");
  });

  test("that change their selector twice, or back, end up with the last one", async () => {
    const { startListing, cluster, shown, settle } = setUp({
      slow: true,
      objects: [pool("ns/a"), numbered(1), numbered(2, { labels: { app: "two" } })],
    });
    await startListing();
    cluster.put(pool("ns/a", { app: "one" }));
    settle();
    cluster.put(pool("ns/a", { app: "two" }));
    settle();
    assert.deepEqual(
      cluster.open.filter((text) => text.startsWith("Pod.")),
      ["Pod. ns app=vllm", "Pod. ns app=two"],
    );
    cluster.put(pool("ns/a", { app: "vllm" }));
    settle();
    assert.deepEqual(
      cluster.open.filter((text) => text.startsWith("Pod.")),
      ["Pod. ns app=vllm"],
    );
    assert.deepEqual(shown(), ["ns/a: 10.0.0.1:8000"]);
  });

  test("that are deleted go at once, and come back under their name", async () => {
    const { start, cluster, shown, settle } = setUp({ objects: [pool("ns/a"), pool("ns/b"), numbered(1)] });
    await start();
    settle();
    cluster.remove(pool("ns/a"));
    assert.deepEqual(shown(), ["ns/b: 10.0.0.1:8000"]);
    assert.ok(cluster.open.includes("Pod. ns app=vllm"), "the other pool has the same selector");
    settle();
    cluster.remove(pool("ns/b"));
    assert.deepEqual(shown(), []);
    assert.ok(!cluster.open.includes("Pod. ns app=vllm"));
    settle();
    cluster.put(pool("ns/a", { app: "vllm" }, [9000]));
    settle();
    assert.deepEqual(shown(), ["ns/a: 10.0.0.1:9000"]);
  });

  test("that are new appear when their pods are known", async () => {
    const { start, cluster, shown, settle } = setUp({ slow: true, objects: [numbered(1)] });
    const started = start();
    cluster.list();
    settle();
    await started;
    assert.deepEqual(shown(), []);
    cluster.put(pool("ns/a"));
    settle();
    assert.deepEqual(shown(), []);
    cluster.become("Pod", "denied", "may not list pods");
    settle();
    assert.deepEqual(shown(), [], "not to be taken for a pool without pods");
    cluster.list("Pod");
    settle();
    assert.deepEqual(shown(), ["ns/a: 10.0.0.1:8000"]);
  });

  test("with equal selectors share one watch", async () => {
    const { start, cluster } = setUp({
      objects: [
        pool("ns/a", { x: "1", y: "2" }),
        pool("ns/b", { y: "2", x: "1" }),
        pool("other/a", { x: "1", y: "2" }),
      ],
    });
    await start();
    assert.deepEqual(
      cluster.open.filter((text) => text.startsWith("Pod.")),
      ["Pod. ns x=1,y=2", "Pod. other x=1,y=2"],
    );
  });

  test("that cannot be read keep their last good version", async () => {
    const { start, cluster, shown, log, settle } = setUp({ objects: [pool("ns/a"), pool("ns/b", {}), numbered(1)] });
    await start();
    settle();
    assert.deepEqual(shown(), ["ns/a: 10.0.0.1:8000"]);
    const good = pool("ns/a");
    const { uid } = good.metadata;
    cluster.put(good);
    settle();
    const bad = pool("ns/a", { app: "vllm" }, [0]);
    cluster.put({ ...bad, metadata: { ...bad.metadata, uid } });
    settle();
    assert.deepEqual(shown(), ["ns/a: 10.0.0.1:8000"]);
    assert.deepEqual(log.of("new version of an object cannot be used, the last good one stays"), [
      {
        object: "InferencePool ns/a",
        problems: ["spec.targetPorts[0].number: must be an integer from 1 to 65535, is 0"],
      },
    ]);
    assert.deepEqual(
      log.of("object cannot be used and is left out").map(({ object }) => object),
      ["InferencePool ns/b"],
    );
    cluster.put(pool("ns/a", {}));
    settle();
    assert.deepEqual(shown(), [], "another object of the same name has no last version");
  });

  test("that are too many are cut in the order of their names, and it is told", async () => {
    const objects = Array.from({ length: MAX_POOLS + 2 }, (_, index) => pool(`ns/p${String(index).padStart(5, "0")}`));
    const { start, latest, log } = setUp({ objects });
    await start();
    assert.equal(latest().length, MAX_POOLS);
    assert.equal(latest().at(-1)?.name, "ns/p01023");
    assert.deepEqual(log.of("too many pools, the last ones are not served"), [
      { pools: 1026, served: 1024, first: "ns/p01024" },
    ]);
  });
});

describe("a pool's endpoints", () => {
  test("that are too many are cut in the order of their names, and it is told", async () => {
    const objects = Array.from({ length: MAX_ENDPOINTS + 3 }, (_, index) =>
      pod(`ns/p${10000 + index}`, { ip: `10.0.${index >> 8}.${index & 255}` }),
    );
    const { start, latest, log } = setUp({ objects: [pool("ns/a"), ...objects] });
    await start();
    assert.equal(latest()[0]?.endpoints.length, MAX_ENDPOINTS);
    assert.equal(latest()[0]?.endpoints.at(-1)?.endpoint.name, "ns/p14095");
    assert.deepEqual(log.of("too many endpoints, the last ones are not served"), [
      { pool: "ns/a", endpoints: 4099, served: 4096 },
    ]);
  });

  test("that do not fit a frame leave the last good ones in force", async () => {
    const long = (index: number) => ({ app: "vllm", ["k".repeat(60)]: `${index}`.padEnd(1500, "x") });
    const many = Array.from({ length: 3000 }, (_, index) => numbered(index, { labels: long(index) }));
    const { start, cluster, shown, log, settle, latest } = setUp({ objects: [pool("ns/a"), numbered(5000)] });
    await start();
    settle();
    cluster.put(...many);
    settle();
    assert.deepEqual(shown(), ["ns/a: 10.0.19.136:8000"]);
    const [line] = log.of("endpoints are more than a gateway takes, the last good ones stay");
    assert.deepEqual([line?.pool, line?.endpoints], ["ns/a", 3001]);
    assert.match(String(line?.problem), /would have \d+ bytes, a frame has at most 4194304/);
    cluster.remove(...many.slice(1000));
    settle();
    assert.equal(latest()[0]?.endpoints.length, 1001);
  });

  test("of one address are of the pod that is ready, else of the younger one", async () => {
    const host = (name: string, ready: boolean, day: number) =>
      pod(`ns/${name}`, { ip: "192.168.0.1", ready, created: `2026-01-0${day}T00:00:00Z` });
    const { start, cluster, latest, settle } = setUp({
      objects: [pool("ns/a"), host("a", false, 3), host("b", true, 1)],
    });
    const names = () => latest()[0]?.endpoints.map(({ endpoint, ready }) => `${endpoint.name} ${ready}`);
    await start();
    settle();
    assert.deepEqual(names(), ["ns/b true"]);
    cluster.put(host("c", true, 2));
    settle();
    assert.deepEqual(names(), ["ns/c true"]);
    cluster.put(host("c", false, 2));
    settle();
    assert.deepEqual(names(), ["ns/b true"]);
    cluster.remove(host("b", true, 1));
    settle();
    assert.deepEqual(names(), ["ns/a false"]);
    cluster.put(host("c", false, 4));
    settle();
    assert.deepEqual(names(), ["ns/c false"]);
    cluster.put(host("a", false, 4));
    settle();
    assert.deepEqual(names(), ["ns/a false"], "of the same age, the first by name");
    cluster.put({ ...host("a", false, 4), status: { phase: "Failed", podIP: "192.168.0.1" } });
    settle();
    assert.deepEqual(names(), ["ns/c false"]);
  });

  test("are in their nodes' zones where that is asked for, as soon as the nodes are known", async () => {
    const { start, cluster, latest, settle, calls } = setUp({
      nodeZones: true,
      objects: [
        pool("ns/a"),
        pool("ns/b", { app: "web" }),
        numbered(1, { node: "n1" }),
        numbered(2, { node: "n2" }),
        numbered(3, { node: "n1", labels: { app: "vllm", "topology.kubernetes.io/zone": "own" } }),
        node("n1", "east"),
      ],
    });
    const zones = () => latest()[0]?.endpoints.map(({ endpoint }) => endpoint.zone);
    await start();
    settle();
    assert.deepEqual(zones(), ["east", "", "own"]);
    const other = calls[0]?.[1];
    cluster.put(node("n2", "west"));
    assert.deepEqual(zones(), ["east", "west", "own"]);
    assert.equal(latest()[1], other);
    settle();
    cluster.remove(node("n1"));
    assert.deepEqual(zones(), ["", "west", "own"]);
  });

  test("have no zones of nodes where that is not asked for", async () => {
    const { start, latest, cluster } = setUp({ objects: [pool("ns/a"), numbered(1), node("node-1", "east")] });
    await start();
    assert.equal(latest()[0]?.endpoints[0]?.endpoint.zone, "");
    assert.ok(!cluster.open.some((text) => text.startsWith("Node")));
  });
});
