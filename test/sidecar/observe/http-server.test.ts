import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Gauge, Registry } from "prom-client";
import { startHttpServer } from "../../../sidecar/observe/http-server.ts";
import { ListenError } from "../../../sidecar/observe/listen-error.ts";
import { createMetrics } from "../../../sidecar/observe/metrics.ts";
import { registerReadings } from "../../../sidecar/observe/read-metric.ts";
import { Readiness } from "../../../sidecar/observe/readiness.ts";

const LISTEN = { host: "127.0.0.1", port: 0, flag: "--metrics-port" };

async function setUp(t: TestContext) {
  const readiness = new Readiness(["discovery", "push"]);
  const { registry } = createMetrics("1.2.3");
  let asked = 0;
  let known: string | undefined;
  const state = () => {
    asked++;
    return known;
  };
  const server = await startHttpServer(LISTEN, { registry, readiness, state });
  t.after(() => server.stop());
  const get = async (path: string, method = "GET") => {
    const answer = await fetch(`http://127.0.0.1:${server.port}${path}`, { method });
    return { status: answer.status, type: answer.headers.get("content-type"), body: await answer.text() };
  };
  const setState = (text: string) => {
    known = text;
  };
  return { readiness, server, get, setState, asked: () => asked };
}

test("/metrics is Prometheus' text", async (t) => {
  const { get } = await setUp(t);
  const { status, type, body } = await get("/metrics?x=1");
  assert.equal(status, 200);
  assert.match(type!, /^text\/plain; version=0\.0\.4/);
  assert.match(body, /^inline_epp_build_info\{version="1\.2\.3"\} 1$/m);
});

test("/metrics is OpenMetrics for who would rather have that", async (t) => {
  const { server } = await setUp(t);
  const get = (accept: string) => fetch(`http://127.0.0.1:${server.port}/metrics`, { headers: { accept } });
  const open = await get("application/openmetrics-text; version=1.0.0, text/plain;q=0.5");
  assert.equal(open.headers.get("content-type"), "application/openmetrics-text; version=1.0.0; charset=utf-8");
  assert.equal(open.headers.get("vary"), "accept");
  const body = await open.text();
  assert.match(body, /^# TYPE inline_epp_push_bytes counter$/m);
  assert.match(body, /^inline_epp_push_bytes_total 0$/m);
  assert.ok(body.endsWith("\n# EOF\n"));
  const text = await get("text/plain");
  assert.match(text.headers.get("content-type")!, /^text\/plain/);
  assert.match(await text.text(), /^# TYPE inline_epp_push_bytes_total counter$/m);
});

/** A server of many samples, the last of which calls back. */
async function longExposition(t: TestContext, atEnd: () => number) {
  const registry = new Registry();
  const gauge = new Gauge({ name: "load", help: "Load.", labelNames: ["of"], registers: [registry] });
  for (let index = 0; index < 50_000; index++) gauge.set({ of: `endpoint-${index}` }, index);
  registerReadings(registry, "gauge", { name: "end", help: "End.", labelNames: [] }, () => [
    { labels: {}, value: atEnd() },
  ]);
  const server = await startHttpServer(LISTEN, { registry, readiness: new Readiness([]), state: () => undefined });
  t.after(() => server.stop());
  return `http://127.0.0.1:${server.port}`;
}

test("a long exposition is whole; HEAD has none, and who hangs up gets no more of it", async (t) => {
  let ends = 0;
  const url = await longExposition(t, () => ++ends);
  const text = await (await fetch(`${url}/metrics`)).text();
  assert.equal(text.split("\n").length, 2 + 50_000 + 3 + 1);
  assert.match(text, /^load\{of="endpoint-49999"\} 49999\n# HELP end End\.\n# TYPE end gauge\nend 1\n$/m);

  const head = await fetch(`${url}/metrics`, { method: "HEAD" });
  assert.deepEqual([head.status, await head.text()], [200, ""]);

  const hanging = await fetch(`${url}/metrics`);
  await hanging.body!.getReader().cancel();
  assert.equal((await fetch(`${url}/healthz`)).status, 200);
  assert.equal(await (await fetch(`${url}/metrics`)).text(), text.replace(/end 1\n$/, `end ${ends}\n`));
});

test("an exposition that cannot be had is broken off, and the server goes on", async (t) => {
  const url = await longExposition(t, () => {
    throw new Error("no figure");
  });
  await assert.rejects(fetch(`${url}/metrics`).then((answer) => answer.text()));
  assert.equal((await fetch(`${url}/healthz`)).status, 200);
});

test("/healthz says that the process lives", async (t) => {
  const { get } = await setUp(t);
  assert.deepEqual(await get("/healthz"), { status: 200, type: "text/plain; charset=utf-8", body: "ok\n" });
});

test("/readyz names what is missing", async (t) => {
  const { get, readiness } = await setUp(t);
  const first = await get("/readyz");
  assert.equal(first.status, 503);
  assert.equal(first.type, "application/json");
  assert.deepEqual(JSON.parse(first.body), { ready: false, missing: ["discovery", "push"] });
  readiness.met("discovery");
  assert.deepEqual(JSON.parse((await get("/readyz")).body), { ready: false, missing: ["push"] });
  readiness.met("push");
  const last = await get("/readyz");
  assert.equal(last.status, 200);
  assert.deepEqual(JSON.parse(last.body), { ready: true, missing: [] });
});

test("/state is made when it is asked for, and not before there is any", async (t) => {
  const { get, setState, asked } = await setUp(t);
  assert.deepEqual(await get("/state"), {
    status: 503,
    type: "text/plain; charset=utf-8",
    body: "nothing is known yet\n",
  });
  setState('{"version":1}\n');
  assert.deepEqual(await get("/state"), { status: 200, type: "application/json", body: '{"version":1}\n' });
  await get("/metrics");
  await get("/readyz");
  assert.equal(asked(), 2);
});

test("where readers are checked, /metrics and /state are for some, and probes for all", async (t) => {
  const asked: string[] = [];
  const server = await startHttpServer(LISTEN, {
    registry: createMetrics("1.2.3").registry,
    readiness: new Readiness([]),
    state: () => "{}",
    async mayRead(authorization, path) {
      asked.push(path);
      if (authorization === undefined) return { status: 401, text: "who are you" };
      return authorization === "Bearer good" ? undefined : { status: 503, text: "the API server is away" };
    },
  });
  t.after(() => server.stop());
  const get = (path: string, authorization?: string) =>
    fetch(`http://127.0.0.1:${server.port}${path}`, { headers: authorization ? { authorization } : {} });
  for (const path of ["/metrics", "/state?x=1"]) {
    const unknown = await get(path);
    assert.equal(unknown.status, 401);
    assert.equal(unknown.headers.get("www-authenticate"), "Bearer");
    assert.equal(await unknown.text(), "who are you\n");
    assert.equal((await get(path, "Bearer good")).status, 200);
    const away = await get(path, "Bearer other");
    assert.equal(away.status, 503);
    assert.equal(await away.text(), "the API server is away\n");
  }
  assert.deepEqual(new Set(asked), new Set(["/metrics", "/state"]));
  for (const path of ["/healthz", "/readyz", "/"]) assert.equal((await get(path)).status, 200);
  assert.equal(asked.length, 6);
});

test("the filter can be fetched with its digest, also where readers are checked", async (t) => {
  // The digest by `printf '\\0asm\\1\\0\\0\\0' | sha256sum`.
  const bytes = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
  const sha256 = "93a44bbb96c751218e4c00d479e4c14358122a389acca16205b1e4d0dc5f9476";
  const server = await startHttpServer(LISTEN, {
    registry: createMetrics("1.2.3").registry,
    readiness: new Readiness([]),
    state: () => "{}",
    mayRead: async () => ({ status: 401, text: "who are you" }),
    filter: { bytes, sha256 },
  });
  t.after(() => server.stop());
  const ask = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${server.port}${path}`, init);
  const whole = await ask("/filter.wasm?v=1");
  assert.equal(whole.status, 200);
  assert.equal(whole.headers.get("content-type"), "application/wasm");
  assert.equal(whole.headers.get("etag"), `"${sha256}"`);
  assert.equal(whole.headers.get("x-content-sha256"), sha256);
  assert.deepEqual(new Uint8Array(await whole.arrayBuffer()), bytes);

  const head = await ask("/filter.wasm", { method: "HEAD" });
  assert.equal(head.headers.get("content-length"), "8");
  assert.equal(head.headers.get("etag"), `"${sha256}"`);
  assert.equal(await head.text(), "");

  for (const tags of [`"${sha256}"`, `"other", W/"${sha256}"`, "*"]) {
    const same = await ask("/filter.wasm", { headers: { "if-none-match": tags } });
    assert.deepEqual([same.status, await same.text()], [304, ""]);
  }
  assert.equal((await ask("/filter.wasm", { headers: { "if-none-match": '"other"' } })).status, 200);
  assert.equal(await (await ask("/filter.wasm.sha256")).text(), `${sha256}  filter.wasm\n`);
});

test("the filter's paths are answered 404 where it is not served", async (t) => {
  const { get } = await setUp(t);
  for (const path of ["/filter.wasm", "/filter.wasm.sha256"]) assert.equal((await get(path)).status, 404);
});

test("other paths are told which there are", async (t) => {
  const { get } = await setUp(t);
  const { status, body } = await get("/metric");
  assert.equal(status, 404);
  for (const path of ["/metrics", "/healthz", "/readyz", "/state", "/filter.wasm"]) assert.ok(body.includes(path));
  assert.equal((await get("/")).status, 200);
});

test("only GET and HEAD are answered", async (t) => {
  const { get } = await setUp(t);
  assert.equal((await get("/metrics", "POST")).status, 405);
  assert.deepEqual(await get("/healthz", "HEAD"), { status: 200, type: "text/plain; charset=utf-8", body: "" });
});

test("a busy port is told by its number and its flag", async (t) => {
  const { server, readiness } = await setUp(t);
  const { registry } = createMetrics("1.2.3");
  await assert.rejects(
    startHttpServer({ ...LISTEN, port: server.port }, { registry, readiness, state: () => undefined }),
    (error) => {
      assert.ok(error instanceof ListenError);
      assert.match(error.message, new RegExp(`^port ${server.port} is in use; .* --metrics-port$`));
      return true;
    },
  );
});

test("an address of another machine is told by --bind", async (t) => {
  const { readiness } = await setUp(t);
  const { registry } = createMetrics("1.2.3");
  await assert.rejects(
    startHttpServer({ ...LISTEN, host: "192.0.2.1" }, { registry, readiness, state: () => undefined }),
    {
      name: "ListenError",
      message: "this machine has no address 192.0.2.1; choose another with --bind",
    },
  );
});
