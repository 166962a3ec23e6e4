import assert from "node:assert/strict";
import { beforeEach, describe, type TestContext, test } from "node:test";
import type { Clock } from "../../../sidecar/support/clock.ts";
import type { Fault } from "../../harness/api-server.ts";
import { RecordingLog } from "../push/recorder.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { collectMarks, fastClock, marksOf, pod, type SetUp, setUp, until } from "./support.ts";

let clock = new ManualClock();
beforeEach(() => {
  clock = new ManualClock();
});

/** A collection of one pod whose watch is open. */
async function watching(t: TestContext, options: SetUp = { clock }) {
  const { server, cluster, seen } = await setUp(t, options);
  server.apply(pod("a", 1));
  const watched = collectMarks(t, cluster);
  await until(() => seen.includes("watch"));
  return { server, cluster, seen, ...watched };
}

/** Lets requests that are answered at once come to rest: a test of something that must not happen. */
async function rest(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe("a kind that may not be read", () => {
  const forbidden: Fault = { kind: "status", status: 403, message: 'User "x" cannot list resource "pods"' };

  test("is denied, with the rule that mends it, and asked for every 10 s", async (t) => {
    const log = new RecordingLog();
    const { server, cluster } = await setUp(t, { clock, log });
    server.apply(pod("a", 1));
    const end = server.faults.plan({}, forbidden);
    const { collection, told } = collectMarks(t, cluster, { namespace: "default" });
    await until(() => collection.state === "denied");
    assert.deepEqual(told, [{ state: "denied", settled: true, marks: {} }]);
    assert.equal(
      collection.problem,
      'may not list pods in namespace "default" (User "x" cannot list resource "pods"): give the sidecar\'s user a ' +
        'Role in namespace "default" with {apiGroups: [""], resources: ["pods"], verbs: ["list", "watch"]}',
    );
    await rest();
    clock.advance(9999);
    await rest();
    assert.equal(server.requests.length, 1);
    clock.advance(1);
    await until(() => server.requests.length === 2);
    await rest();
    end();
    clock.advance(10_000);
    await until(() => collection.state === "watching");
    assert.equal(collection.problem, undefined);
    assert.deepEqual(marksOf(collection), { a: 1 });
    const levels = new Set(log.lines.map(({ level }) => level));
    assert.deepEqual([...levels], ["debug"], "people are told by who has the collection");
  });

  test("keeps the objects that were read before, and names the verb", async (t) => {
    const { server, collection } = await watching(t);
    server.faults.plan({ verb: "watch" }, forbidden);
    server.watches()[0]!.end();
    await until(() => server.watches().length === 0);
    // A watch that ended at once looks like a failure.
    await rest();
    clock.advance(1000);
    await until(() => collection.state === "denied");
    assert.match(collection.problem ?? "", /^may not watch pods in all namespaces .* a ClusterRole with /);
    assert.deepEqual(marksOf(collection), { a: 1 });
  });
});

describe("a kind that is not installed", () => {
  const POOLS = {
    group: "inference.networking.k8s.io",
    version: "v1",
    plural: "inferencepools",
    kind: "InferencePool",
  };

  test("is absent, and is found when it is installed", async (t) => {
    const { server, cluster } = await setUp(t, { clock });
    const { collection, told } = collectMarks(t, cluster, { resource: POOLS });
    await until(() => collection.state === "absent");
    assert.deepEqual(told, [{ state: "absent", settled: true, marks: {} }]);
    assert.equal(
      collection.problem,
      "the API server knows no inferencepools.inference.networking.k8s.io of version v1: " +
        "its CustomResourceDefinition is not installed",
    );
    server.serve(POOLS);
    const { group, version } = POOLS;
    server.apply({ ...pod("p", 5), apiVersion: `${group}/${version}`, kind: POOLS.kind });
    await rest();
    assert.equal(told.length, 1);
    clock.advance(10_000);
    await until(() => collection.state === "watching");
    assert.deepEqual(marksOf(collection), { p: 5 });
  });

  test("takes its objects with it only after a minute of nothing but 404", async (t) => {
    const { server, collection } = await watching(t);
    const end = server.faults.plan({}, { kind: "status", status: 404 });
    server.watches()[0]!.drop();
    await until(() => server.watches().length === 0);
    await rest();
    clock.advance(400);
    await until(() => collection.state === "away");
    for (let seconds = 10; seconds < 60; seconds += 10) {
      await rest();
      clock.advance(10_000);
    }
    await rest();
    assert.equal(collection.state, "away");
    assert.deepEqual(marksOf(collection), { a: 1 });
    clock.advance(10_000);
    await until(() => collection.state === "absent");
    assert.deepEqual(marksOf(collection), {});
    assert.equal(collection.settled, true);
    end();
    await rest();
    clock.advance(10_000);
    await until(() => collection.state === "watching");
    assert.deepEqual(marksOf(collection), { a: 1 });
  });
});

describe("an API server that asks for patience", () => {
  test("gets as much as it asks for", async (t) => {
    const { server, cluster } = await setUp(t, { clock });
    server.faults.plan({}, { kind: "status", status: 429, retryAfter: 7 }, 1);
    const { collection } = collectMarks(t, cluster);
    await until(() => collection.state === "away");
    assert.equal(collection.settled, false);
    await rest();
    clock.advance(6999);
    await rest();
    assert.equal(server.requests.length, 1);
    clock.advance(1);
    await until(() => collection.state === "watching");
  });

  test("gets more and more if it does not say how much", async (t) => {
    const { server, cluster } = await setUp(t, { clock });
    server.faults.plan({}, { kind: "status", status: 500, message: "etcd is tired" });
    const { collection } = collectMarks(t, cluster);
    // With half of a pause left to chance, and chance a half: three quarters of 400, 800, 1600, ... 10,000 ms.
    for (const [index, pause] of [300, 600, 1200, 2400, 4800, 7500, 7500].entries()) {
      await until(() => server.requests.length === index + 1);
      await rest();
      clock.advance(pause - 1);
      await rest();
      assert.equal(server.requests.length, index + 1);
      clock.advance(1);
    }
    assert.match(collection.problem ?? "", /answers 500 \(etcd is tired\)$/);
  });
});

describe("an API server that is away", () => {
  test("leaves the last list, and says since when", async (t) => {
    const { server, collection, told } = await watching(t);
    await server.down();
    await rest();
    clock.advance(300);
    await until(() => collection.state === "away");
    // 1,300 ms on the manual clock; the next failures do not move it.
    const since = new Date(1_700_000_001_300).toISOString();
    const { url } = server;
    assert.ok(
      collection.problem?.startsWith(`cannot read pods in all namespaces since ${since}: API server ${url}: `),
      collection.problem,
    );
    for (let minutes = 0; minutes < 10; minutes++) {
      await rest();
      clock.advance(60_000);
    }
    await rest();
    assert.ok(collection.problem?.includes(since), collection.problem);
    assert.deepEqual(marksOf(collection), { a: 1 });
    assert.equal(collection.settled, true);
    assert.deepEqual(
      told.map(({ state }) => state),
      ["watching", "away"],
    );

    await server.up();
    server.apply(pod("b", 2));
    clock.advance(10_000);
    await until(() => collection.state === "watching" && collection.objects.size === 2);
    assert.equal(collection.problem, undefined);
  });

  test("is told of in the same words while nothing changes, though the two clocks do not keep step", async (t) => {
    const steps = new ManualClock();
    let reads = 0n;
    const uneven: Clock = {
      now: () => steps.now(),
      wall: () => steps.wall() + 700n * reads++,
      after: (milliseconds, callback) => steps.after(milliseconds, callback),
    };
    const { server, cluster, seen } = await setUp(t, { clock: uneven });
    server.faults.plan({ verb: "list" }, { kind: "status", status: 500 });
    const { collection } = collectMarks(t, cluster);
    const problems = new Set<string | undefined>();
    for (let failures = 1; failures <= 5; failures++) {
      await until(() => seen.length >= failures);
      await rest();
      problems.add(collection.problem);
      steps.advance(60_000);
    }
    assert.equal(problems.size, 1, [...problems].join("\n"));
  });

  test("is asked for a list after half a minute: another one may be there", async (t) => {
    const { server, collection, seen } = await watching(t);
    await server.down();
    server.forgetAll();
    server.apply(pod("z", 9));
    for (let errors = 1; errors <= 5; errors++) {
      await until(() => seen.length === 2 + errors);
      await rest();
      clock.advance(10_000);
    }
    await until(() => seen.length === 2 + 6);
    await server.up();
    await rest();
    clock.advance(10_000);
    await until(() => collection.state === "watching");
    assert.deepEqual(marksOf(collection), { z: 9 });
    assert.deepEqual(seen.slice(0, 9), ["list", "watch", ...Array(6).fill("connection"), "list"]);
  });

  test("and comes back without its history is asked for a list at once", async (t) => {
    const { server, seen } = await watching(t);
    await server.down();
    for (let errors = 1; errors <= 4; errors++) {
      await until(() => seen.length === 2 + errors);
      await rest();
      clock.advance(5000);
    }
    await until(() => seen.length === 2 + 5);
    server.apply(pod("b", 2));
    server.compact();
    await server.up();
    await rest();
    clock.advance(10_000);
    // The pause after so many failures is one of seconds; the clock stands still.
    await until(() => seen.length === 11);
    assert.deepEqual(seen.slice(7), ["watch", "gone", "list", "watch"]);
  });

  test("that forgets each list at once is not asked for lists for ever", async (t) => {
    const { server, cluster, seen } = await setUp(t, { clock });
    server.faults.plan({ verb: "watch" }, { kind: "status", status: 410 });
    collectMarks(t, cluster);
    for (const [index, pause] of [300, 600, 1200, 2400].entries()) {
      await until(() => seen.length === 2 * index + 2);
      await rest();
      clock.advance(pause - 1);
      await rest();
      assert.equal(seen.length, 2 * index + 2);
      clock.advance(1);
    }
  });

  test("from the beginning settles nothing", async (t) => {
    const { server, cluster } = await setUp(t, { clock });
    await server.down();
    const { collection, told } = collectMarks(t, cluster);
    await until(() => collection.state === "away");
    assert.deepEqual(told, [{ state: "away", settled: false, marks: {} }]);
  });
});

describe("a connection on which nothing comes", () => {
  test("is given up where a list is awaited", async (t) => {
    const { server, cluster } = await setUp(t, { clock });
    server.faults.plan({}, { kind: "hang" }, 1);
    const { collection } = collectMarks(t, cluster);
    await until(() => server.requests.length === 1);
    clock.advance(30_000);
    await until(() => collection.state === "away");
    assert.match(collection.problem ?? "", /no answer within 30 s$/);
    await rest();
    clock.advance(1000);
    await until(() => collection.state === "watching");
  });

  test("is given up after 45 s of a watch, which goes on elsewhere", async (t) => {
    const { server, collection, told, seen } = await watching(t);
    const [watch] = server.watches();
    watch!.freeze();
    server.apply(pod("b", 2));
    clock.advance(44_999);
    await rest();
    assert.deepEqual(seen, ["list", "watch"]);
    clock.advance(1);
    await until(() => collection.objects.size === 2);
    assert.deepEqual(seen, ["list", "watch", "silent", "watch"]);
    assert.deepEqual(
      told.map(({ state }) => state),
      ["watching", "watching"],
    );
  });

  test("is not what a watch with events has", async (t) => {
    const { server, told, seen } = await watching(t);
    for (let seconds = 0; seconds < 200; seconds += 40) {
      server.apply(pod("a", seconds + 2));
      const count = told.length;
      await until(() => told.length > count);
      clock.advance(40_000);
      await rest();
    }
    assert.deepEqual(seen, ["list", "watch"]);
  });

  test("makes the next watch a short one, and a list due where that is silent too", async (t) => {
    const { server, seen } = await watching(t);
    server.watches()[0]!.freeze();
    clock.advance(45_000);
    await until(() => seen.length === 4);
    assert.equal(server.requests[2]?.query.timeoutSeconds, "30");
    for (const watch of server.watches()) watch.freeze();
    clock.advance(45_000);
    await until(() => seen.length === 7);
    assert.deepEqual(seen, ["list", "watch", "silent", "watch", "silent", "list", "watch"]);
  });
});

describe("nonsense", () => {
  const whole = { metadata: { name: "x", namespace: "default", uid: "x", resourceVersion: "5000" } };
  const nonsense: Record<string, string> = {
    "a line that is no JSON": "{not json\n",
    "a line of bytes that are no text": "\xff\xfe\x00\n",
    "an event of no known type": '{"type":"SURPRISE","object":{}}\n',
    null: "null\n",
    "an event without an object": '{"type":"ADDED"}\n',
    "an object without metadata": '{"type":"MODIFIED","object":{"spec":{}}}\n',
    "an object without a uid": '{"type":"DELETED","object":{"metadata":{"name":"a","resourceVersion":"5"}}}\n',
    "a bookmark without a version": '{"type":"BOOKMARK","object":{"metadata":{}}}\n',
    "an error that is none": '{"type":"ERROR","object":null}\n',
  };
  for (const [name, text] of Object.entries(nonsense)) {
    test(`on a watch is followed by a list: ${name}`, async (t) => {
      const { server, collection } = await watching(t, { clock: fastClock(50) });
      const good = `${JSON.stringify({ type: "ADDED", object: whole })}\n`;
      server.watches()[0]!.write(Buffer.from(`${text}${good}`, "latin1"));
      await until(() => server.requests.filter(({ verb }) => verb === "list").length === 2);
      await until(() => server.watches().length === 1);
      // What came behind it does not count: the list does.
      assert.deepEqual(marksOf(collection), { a: 1 });
      assert.equal(collection.state, "watching");
    });
  }

  test("cut off at the end of a watch is followed by a list", async (t) => {
    const { server, collection } = await watching(t, { clock: fastClock(50) });
    server.watches()[0]!.truncate();
    await until(() => server.requests.filter(({ verb }) => verb === "list").length === 2);
    await until(() => server.watches().length === 1);
    assert.deepEqual(marksOf(collection), { a: 1 });
  });

  const badLists: Record<string, Fault> = {
    "no JSON": { kind: "body", body: "<html>" },
    null: { kind: "body", body: "null" },
    "no list": { kind: "body", body: '{"metadata":{"resourceVersion":"5"},"items":7}' },
    "no version": { kind: "body", body: '{"metadata":{},"items":[]}' },
    nothing: { kind: "end" },
    "half of it": { kind: "cut" },
    "a broken connection": { kind: "drop" },
  };
  for (const [name, fault] of Object.entries(badLists)) {
    test(`for a list is asked again: ${name}`, async (t) => {
      const { server, cluster } = await setUp(t, { clock: fastClock(50) });
      server.apply(pod("a", 1));
      server.faults.plan({ verb: "list" }, fault, 2);
      const { collection, told } = collectMarks(t, cluster);
      await until(() => collection.state === "watching");
      assert.deepEqual(marksOf(collection), { a: 1 });
      assert.deepEqual(told[0], { state: "away", settled: false, marks: {} });
    });
  }

  test("among a list's objects is left out", async (t) => {
    const { server, cluster } = await setUp(t);
    const items = [null, {}, { metadata: { name: "n" } }, { ...whole, spec: { mark: 3 } }];
    const body = JSON.stringify({ metadata: { resourceVersion: "1000" }, items });
    server.faults.plan({ verb: "list" }, { kind: "body", body }, 1);
    const { collection } = collectMarks(t, cluster);
    await until(() => collection.settled);
    assert.deepEqual(marksOf(collection), { x: 3 });
  });
});

describe("a watch that ends at once", () => {
  test("is not opened again at once, for ever", async (t) => {
    const { server, cluster } = await setUp(t, { clock });
    server.faults.plan({ verb: "watch" }, { kind: "end" });
    collectMarks(t, cluster);
    for (const [index, pause] of [300, 600, 1200, 2400].entries()) {
      await until(() => server.requests.length === index + 2);
      await rest();
      clock.advance(pause - 1);
      await rest();
      assert.equal(server.requests.length, index + 2);
      clock.advance(1);
    }
  });
});
