import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { PODS } from "../../harness/api-server.ts";
import { collectMarks, fastClock, marksOf, pod, readMark, setUp, until } from "./support.ts";

const line = (type: string, object: object) => `${JSON.stringify({ type, object })}\n`;

describe("a collection", () => {
  test("reads a list, and is kept up to date by a watch", async (t) => {
    const { server, cluster } = await setUp(t);
    server.apply(pod("a", 1));
    server.apply(pod("b", 2));
    const { collection, told } = collectMarks(t, cluster);
    assert.equal(collection.state, "listing");
    assert.equal(collection.settled, false);
    await until(() => server.watches().length === 1);
    assert.deepEqual(told, [{ state: "watching", settled: true, marks: { a: 1, b: 2 } }]);

    server.apply(pod("a", 3));
    await until(() => told.length === 2);
    server.delete(pod("b"));
    await until(() => told.length === 3);
    server.apply(pod("c", 4));
    await until(() => told.length === 4);
    const marks = told.slice(1).map((one) => one.marks);
    assert.deepEqual(marks, [{ a: 3, b: 2 }, { a: 3 }, { a: 3, c: 4 }]);
  });

  test("reads a long list in pages, and is told of once", async (t) => {
    const { server, cluster } = await setUp(t);
    for (let index = 0; index < 241; index++) server.apply(pod(`p${index}`, index));
    const { collection, told } = collectMarks(t, cluster);
    await until(() => collection.settled);
    assert.equal(collection.objects.size, 241);
    assert.equal(told.length, 1);
    const lists = server.requests.filter(({ verb }) => verb === "list").map(({ query }) => query);
    assert.deepEqual(lists, [
      { limit: "100" },
      { limit: "100", continue: "1:100" },
      { limit: "100", continue: "1:200" },
    ]);
  });

  test("begins a list again that expired between two pages", async (t) => {
    const { server, cluster } = await setUp(t);
    for (let index = 0; index < 120; index++) server.apply(pod(`p${index}`));
    let isFirst = true;
    const { collection } = collectMarks(t, cluster, {}, (object) => {
      // Read from the first page, before the second one is asked for.
      if (isFirst) server.compact();
      isFirst = false;
      return readMark(object);
    });
    await until(() => collection.settled);
    assert.equal(collection.objects.size, 120);
    const continued = server.requests.filter(({ verb }) => verb === "list").map(({ query }) => query.continue);
    assert.deepEqual(continued, [undefined, "1:100", undefined, "2:100"]);
  });

  test("asks for what is selected, and loses what leaves the selection", async (t) => {
    const { server, cluster } = await setUp(t);
    server.apply({ ...pod("other", 9, { app: "vllm" }), metadata: { name: "other", namespace: "elsewhere" } });
    server.apply(pod("a", 1, { app: "vllm", tier: "x" }));
    server.apply(pod("b", 2, { app: "web" }));
    const selection = {
      namespace: "default",
      labelSelector: "app in (vllm, sglang),tier!=y",
      fieldSelector: "metadata.name!=z",
    };
    const { collection, told } = collectMarks(t, cluster, selection);
    await until(() => server.watches().length === 1);
    assert.deepEqual(marksOf(collection), { a: 1 });
    server.apply(pod("a", 1, { app: "vllm", tier: "y" }));
    await until(() => told.length === 2);
    server.apply(pod("b", 3, { app: "sglang" }));
    await until(() => told.length === 3);
    assert.deepEqual(
      told.map(({ marks }) => marks),
      [{ a: 1 }, {}, { b: 3 }],
    );
    assert.equal(server.requests[0]?.path, "/api/v1/namespaces/default/pods");
  });

  test("tells of all events of a chunk at once, and of none that change nothing", async (t) => {
    const { server, cluster } = await setUp(t);
    const { collection, told } = collectMarks(t, cluster);
    await until(() => server.watches().length === 1);
    const event = (name: string, version: number) =>
      line("ADDED", {
        metadata: { name, namespace: "default", uid: name, resourceVersion: String(version) },
        spec: { mark: 1 },
      });
    server.watches()[0]!.write(`${event("a", 2001)}${event("b", 2002)}${event("c", 2003)}`);
    await until(() => collection.objects.size === 3);
    assert.equal(told.length, 2);
    server.watches()[0]!.write(event("a", 2001));
    server.bookmark();
    server.watches()[0]!.write(event("d", 2004));
    await until(() => collection.objects.size === 4);
    assert.equal(told.length, 3);
  });

  test("leaves out what is of no interest, and what its reader fails at", async (t) => {
    const { server, cluster } = await setUp(t);
    server.apply(pod("a", 1));
    server.apply(pod("b", -1));
    server.apply(pod("c", 99));
    const { collection } = collectMarks(t, cluster, {}, (object) => {
      const mark = readMark(object)!;
      if (mark === 99) throw new Error("unheard of");
      return mark < 0 ? undefined : mark;
    });
    await until(() => server.watches().length === 1);
    assert.deepEqual(marksOf(collection), { a: 1 });
    server.apply(pod("b", 2));
    server.apply(pod("a", -1));
    await until(() => collection.objects.has("default/b") && collection.objects.size === 1);
    assert.deepEqual(marksOf(collection), { b: 2 });
  });

  test("is not told of any more once it is stopped, and never starts again", async (t) => {
    const { server, cluster } = await setUp(t);
    const { collection, told } = collectMarks(t, cluster);
    await until(() => server.watches().length === 1);
    const count = told.length;
    await collection.stop();
    await until(() => server.watches().length === 0);
    server.apply(pod("a"));
    collection.start();
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(told.length, count);
    assert.equal(server.requests.length, 2);
  });

  test("of several kinds share a connection", async (t) => {
    const { server, cluster } = await setUp(t);
    const services = { group: "", version: "v1", plural: "services", kind: "Service" };
    server.serve(services);
    server.apply(pod("a", 1));
    server.apply({ apiVersion: "v1", kind: "Service", metadata: { name: "s" }, spec: { mark: 5 } });
    const pods = collectMarks(t, cluster, { resource: PODS });
    const others = collectMarks(t, cluster, { resource: services });
    await until(() => server.watches().length === 2);
    assert.deepEqual(marksOf(pods.collection), { a: 1 });
    assert.deepEqual(marksOf(others.collection), { s: 5 });
  });
});

describe("a watch", () => {
  test("goes on from the last version seen when it has ended", async (t) => {
    const { server, cluster } = await setUp(t);
    const { told } = collectMarks(t, cluster);
    await until(() => server.watches().length === 1);
    const { metadata } = server.apply(pod("a", 1));
    await until(() => told.length === 2);
    server.watches()[0]!.end();
    await until(() => server.requests.length === 3);
    await until(() => server.watches().length === 1);
    server.apply(pod("b", 2));
    await until(() => told.length === 3);
    const watches = server.requests.slice(1).map(({ query }) => query);
    assert.deepEqual(watches, [
      { watch: "true", resourceVersion: "1000", allowWatchBookmarks: "true", timeoutSeconds: "300" },
      { watch: "true", resourceVersion: metadata.resourceVersion, allowWatchBookmarks: "true", timeoutSeconds: "300" },
    ]);
  });

  test("goes on from a bookmark, across a history that was forgotten", async (t) => {
    const { server, cluster } = await setUp(t);
    const services = { group: "", version: "v1", plural: "services", kind: "Service" };
    server.serve(services);
    const { told, collection } = collectMarks(t, cluster);
    await until(() => server.watches().length === 1);
    const other = server.apply({ apiVersion: "v1", kind: "Service", metadata: { name: "s" } });
    server.bookmark();
    server.watches()[0]!.end();
    await until(() => server.requests.length === 3);
    server.compact();
    assert.equal(server.requests[2]?.query.resourceVersion, other.metadata.resourceVersion);
    await until(() => server.watches().length === 1);
    server.apply(pod("a", 1));
    await until(() => collection.objects.size === 1);
    assert.equal(told.length, 2);
    assert.equal(server.requests.filter(({ verb }) => verb === "list").length, 1);
  });

  for (const how of ["an event", "a status"]) {
    test(`that is too old, which ${how} says, makes way for a list that replaces all at once`, async (t) => {
      const { server, cluster } = await setUp(t, { clock: fastClock(20) });
      for (let index = 0; index < 101; index++) server.apply(pod(`p${index}`, 1));
      const { collection, told } = collectMarks(t, cluster);
      await until(() => server.watches().length === 1);
      server.watches()[0]!.freeze();
      server.delete(pod("p0"));
      server.apply(pod("p1", 2));
      server.compact();
      if (how === "a status") server.faults.plan({ verb: "watch" }, { kind: "status", status: 410 }, 1);
      server.watches()[0]!.drop();
      await until(() => server.watches().length === 1 && collection.objects.size === 100);
      assert.deepEqual(
        told.map(({ state, marks }) => [state, Object.keys(marks).length, marks.p1]),
        [
          ["watching", 101, 1],
          ["watching", 100, 2],
        ],
      );
    });
  }

  test("from a time that has not come yet makes way for a list", async (t) => {
    const { server, cluster } = await setUp(t);
    server.apply(pod("old", 1));
    const { collection } = collectMarks(t, cluster);
    await until(() => server.watches().length === 1);
    server.forgetAll();
    server.apply(pod("new", 2));
    server.bookmark();
    await until(() => collection.objects.size === 1 && collection.objects.has("default/new"));
  });
});
