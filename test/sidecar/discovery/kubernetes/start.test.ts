import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { pod, pool } from "./objects.ts";
import { setUp } from "./set-up.ts";

const V1 = "InferencePool.inference.networking.k8s.io";
const OLD = "InferencePool.inference.networking.x-k8s.io";
const WAITING = "waiting for the cluster";
const onePool = { kind: "pool", namespace: "ns", name: "a", group: "inference.networking.k8s.io" } as const;

describe("the start", () => {
  test("waits for the pools, then for the pods of all of them", async () => {
    const { start, cluster, calls, settle } = setUp({
      slow: true,
      objects: [pool("ns/a"), pool("ns/b", { app: "web" }), pod("ns/p")],
    });
    const started = start();
    settle();
    cluster.list("Inference");
    settle();
    cluster.list("app=vllm");
    settle();
    assert.equal(calls.length, 0);
    cluster.list("app=web");
    settle();
    await started;
    assert.deepEqual(
      calls.map((pools) => pools.map(({ name, endpoints }) => [name, endpoints.length])),
      [
        [
          ["ns/a", 1],
          ["ns/b", 0],
        ],
      ],
    );
  });

  test("waits where pools or pods may not be read, or there is no such kind", async () => {
    const { start, cluster, calls, clock } = setUp({
      scope: onePool,
      slow: true,
      states: { [V1]: "denied" },
      objects: [pool("ns/a"), pod("ns/p")],
    });
    const started = start();
    cluster.list("Objective");
    clock.advance(60_000);
    cluster.become(V1, "absent");
    clock.advance(60_000);
    cluster.list(V1);
    clock.advance(5);
    cluster.become("Pod", "denied", "may not list pods");
    clock.advance(60_000);
    assert.equal(calls.length, 0);
    cluster.list("Pod");
    clock.advance(5000);
    await started;
    assert.equal(calls.length, 1);
  });

  test("waits where neither group of pools can be read", async () => {
    const { start, cluster, calls, clock } = setUp({ states: { [V1]: "absent", [OLD]: "denied" } });
    const started = start();
    clock.advance(10_000);
    assert.equal(calls.length, 0);
    cluster.list(OLD);
    clock.advance(5);
    await started;
    assert.deepEqual(calls, [[]]);
  });

  test("says now and then what it waits for, since when and why", async () => {
    const { start, cluster, log, clock } = setUp({ scope: onePool, slow: true, objects: [pool("ns/a")] });
    const started = start();
    cluster.become(V1, "away", "connection refused");
    clock.advance(1994);
    assert.equal(log.of(WAITING).length, 0);
    clock.advance(1);
    assert.deepEqual(log.of(WAITING), [{ waitingFor: ["connection refused"], seconds: 2 }]);
    cluster.list("Inference");
    clock.advance(10_000);
    assert.deepEqual(log.of(WAITING)[1], {
      waitingFor: ['pods in namespace "ns", app=vllm: listing'],
      seconds: 12,
    });
    assert.deepEqual(
      log.lines.filter(({ message }) => message === WAITING).map(({ level }) => level),
      ["warn", "info"],
    );
    cluster.list("Pod");
    clock.advance(100_000);
    await started;
    assert.equal(log.of(WAITING).length, 2);
  });

  test("that takes long is told of ever more rarely", async () => {
    const { start, discovery, log, clock } = setUp({ slow: true });
    const ended = assert.rejects(start());
    clock.advance(600_000);
    assert.deepEqual(
      log.of(WAITING).map(({ seconds }) => seconds),
      [2, 12, 32, 72, 152, 232, 312, 392, 472, 552],
    );
    await discovery.stop();
    await ended;
  });

  test("is given up when it is stopped, and leaves nothing behind", async () => {
    const { start, discovery, cluster, calls, clock } = setUp({ slow: true, objects: [pool("ns/a")] });
    const started = start();
    const rejected = assert.rejects(started, /stopped before the pools of the cluster were known/);
    cluster.list("Inference");
    clock.advance(5);
    await discovery.stop();
    await rejected;
    assert.deepEqual([cluster.open, clock.pending, calls], [[], 0, []]);
  });
});

describe("the end", () => {
  test("may come while only kinds that may be missing are waited for", async () => {
    const states = { "InferenceModel.inference.networking.x-k8s.io": "away" } as const;
    const { start, discovery, clock, calls } = setUp({ states, objects: [pool("ns/a"), pod("ns/p")] });
    const rejected = assert.rejects(start(), /stopped before/);
    clock.advance(1000);
    await discovery.stop();
    await rejected;
    assert.deepEqual([clock.pending, calls], [0, []]);
  });

  test("stops everything; nothing is told any more", async () => {
    const { start, discovery, cluster, calls, clock } = setUp({ objects: [pool("ns/a"), pod("ns/p")] });
    await start();
    cluster.put(pod("ns/q", { ip: "10.0.0.2" }));
    await discovery.stop();
    clock.advance(10_000);
    assert.deepEqual([cluster.open, clock.pending, calls.length], [[], 0, 1]);
  });

  test("may come without a start", async () => {
    const { discovery } = setUp();
    await discovery.stop();
  });
});

describe("a cluster that goes away", () => {
  test("just after a pool's list of no pods leaves the pool there, without endpoints", async () => {
    const { startListing, cluster, settle, shown } = setUp({ slow: true, objects: [pool("ns/a"), pod("ns/p")] });
    await startListing();
    settle();
    cluster.put(pool("ns/b", { app: "none" }));
    // Within the time in which changes are gathered.
    cluster.list("app=none");
    cluster.become("app=none", "away", "no route");
    settle();
    assert.deepEqual(shown(), ["ns/a: 10.0.0.1:8000", "ns/b:"]);
  });

  test("leaves the last pools in force, and is told of, as is its return", async () => {
    const { start, cluster, calls, clock, log } = setUp({ objects: [pool("ns/a"), pod("ns/p")] });
    await start();
    cluster.become("", "away", "no route");
    clock.advance(900);
    assert.equal(log.of("cluster cannot be read").length, 0, "many are back within a second");
    clock.advance(100);
    const [told] = log.of("cluster cannot be read");
    assert.match(String(told?.problems), /no route/);
    clock.advance(600_000);
    assert.equal(log.of("cluster cannot be read").length, 1);
    cluster.list();
    clock.advance(10_000);
    assert.equal(log.of("cluster is read again").length, 1);
    assert.equal(calls.length, 1);
  });
});
