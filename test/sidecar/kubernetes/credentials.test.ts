import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, connect, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import type { TLSSocket } from "node:tls";
import { stringify } from "yaml";
import { selfSigned } from "../../../sidecar/grpc/self-signed.ts";
import { Connection } from "../../../sidecar/kubernetes/connection.ts";
import { Credentials } from "../../../sidecar/kubernetes/credentials.ts";
import { ApiError, ConnectionError } from "../../../sidecar/kubernetes/errors.ts";
import { findKubeConfig } from "../../../sidecar/kubernetes/kubeconfig.ts";
import { systemClock } from "../../../sidecar/support/clock.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { setUp, until } from "./support.ts";

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "credentials-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

async function listen(t: TestContext, server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.close();
    if ("closeAllConnections" in server) (server.closeAllConnections as () => void)();
  });
  return (server.address() as AddressInfo).port;
}

/** Credentials and a connection with these parts of a kubeconfig file. */
async function open(t: TestContext, cluster: object, user: object, folder = folderOf(t)) {
  const kubeconfig = join(folder, "config");
  const context = { name: "x", context: { cluster: "x", user: "x" } };
  const config = { "current-context": "x", contexts: [context], clusters: [{ name: "x", cluster }] };
  writeFileSync(kubeconfig, stringify({ ...config, users: [{ name: "x", user }] }));
  const credentials = new Credentials(await findKubeConfig({ kubeconfig }));
  t.after(() => credentials.close());
  return { credentials, connection: new Connection(credentials, systemClock) };
}

const echo = (request: IncomingMessage, response: ServerResponse): void => {
  response.end(JSON.stringify({ path: request.url, authorization: request.headers.authorization ?? null }));
};

describe("credentials", () => {
  test("are a token, a password, or none, sent to the server's path", async (t) => {
    const port = await listen(t, createHttpServer(echo));
    const server = `http://127.0.0.1:${port}/k8s/clusters/c-1/`;
    const ask = async (user: object) => (await open(t, { server }, user)).connection.get("/version?x=1");
    const path = "/k8s/clusters/c-1/version?x=1";
    assert.deepEqual(await ask({ token: "t" }), { path, authorization: "Bearer t" });
    assert.deepEqual(await ask({ username: "u", password: "p" }), { path, authorization: "Basic dTpw" });
    assert.deepEqual(await ask({}), { path, authorization: null });
  });

  test("are what a plugin prints", async (t) => {
    const port = await listen(t, createHttpServer(echo));
    const print = `console.log(JSON.stringify({status: {token: "from-plugin"}}))`;
    const exec = { apiVersion: "client.authentication.k8s.io/v1", command: process.execPath, args: ["-e", print] };
    const { connection } = await open(t, { server: `http://127.0.0.1:${port}` }, { exec });
    assert.deepEqual(await connection.get("/"), { path: "/", authorization: "Bearer from-plugin" });
  });

  test("that a plugin does not give are told in its words", async (t) => {
    const exec = { command: process.execPath, args: ["-e", 'console.error("log in first"); process.exit(3)'] };
    const { connection } = await open(t, { server: "http://127.0.0.1:1" }, { exec });
    await assert.rejects(connection.get("/"), (error: ConnectionError) => {
      assert.ok(error instanceof ConnectionError);
      assert.equal(error.reason, "credentials");
      assert.match(error.message, /log in first$/);
      return true;
    });
  });

  /** A plugin that notes each of its runs in a file, does what is said, and then prints a token. */
  function notingPlugin(folder: string, then: string) {
    const runs = join(folder, "runs");
    const note = `require("node:fs").appendFileSync(${JSON.stringify(runs)}, process.pid + "\\n");`;
    return {
      exec: { command: process.execPath, args: ["-e", `${note} ${then}`] },
      pids: () => (existsSync(runs) ? readFileSync(runs, "utf8").trim().split("\n").map(Number) : []),
    };
  }

  test("of a plugin are asked for once by requests that come together", async (t) => {
    const folder = folderOf(t);
    const port = await listen(t, createHttpServer(echo));
    const print = `console.log(JSON.stringify({status: {token: "t"}}))`;
    const { exec, pids } = notingPlugin(folder, print);
    const { connection } = await open(t, { server: `http://127.0.0.1:${port}` }, { exec }, folder);
    await Promise.all([connection.get("/a"), connection.get("/b"), connection.get("/c")]);
    assert.equal(pids().length, 1);
  });

  test("that a plugin never gives hold up nobody for ever, and not the end", async (t) => {
    const folder = folderOf(t);
    const { exec, pids } = notingPlugin(folder, "setInterval(() => {}, 1000)");
    const { credentials } = await open(t, { server: "http://127.0.0.1:1" }, { exec }, folder);
    const clock = new ManualClock();
    const connection = new Connection(credentials, clock);
    const late = assert.rejects(connection.get("/"), {
      name: "ConnectionError",
      reason: "credentials",
      message: "no credentials within 30 s",
    });
    await until(() => pids().length === 1);
    const [plugin] = pids();
    t.after(() => process.kill(plugin!));
    clock.advance(30_000);
    await late;
    const stopping = new AbortController();
    const broken = assert.rejects(connection.get("/", stopping.signal), { message: "broken off" });
    stopping.abort();
    await broken;
    await connection.close();
    assert.deepEqual([pids().length, clock.pending], [1, 0]);
  });

  test("in a file are read again when they are not accepted, without waiting for a minute", async (t) => {
    const folder = folderOf(t);
    const { server } = await setUp(t, { token: "one" });
    writeFileSync(join(folder, "token"), "one\n");
    const { connection } = await open(t, { server: server.url }, { tokenFile: "token" }, folder);
    await connection.get("/api/v1/pods");
    server.token = "two";
    writeFileSync(join(folder, "token"), "two\n");
    await connection.get("/api/v1/pods");
    assert.deepEqual(
      server.requests.map(({ authorization }) => authorization),
      ["Bearer one", "Bearer one", "Bearer two"],
    );
    server.token = "three";
    await assert.rejects(connection.get("/api/v1/pods"), (error: ApiError) => {
      assert.ok(error instanceof ApiError);
      assert.equal(error.status, 401);
      return true;
    });
    assert.equal(server.requests.length, 5);
  });

  test("make one dispatcher for as long as certificates stay the same", async (t) => {
    const folder = folderOf(t);
    const identity = selfSigned("metrics");
    const ca = join(folder, "ca");
    writeFileSync(ca, identity.cert);
    const server = createHttpsServer(
      { ...identity, requestCert: true, rejectUnauthorized: false },
      (request, response) =>
        response.end(JSON.stringify((request.socket as TLSSocket).getPeerCertificate().subject?.CN ?? null)),
    );
    const port = await listen(t, server);
    const cluster = {
      server: `https://127.0.0.1:${port}`,
      "certificate-authority": "ca",
      "tls-server-name": "metrics",
    };
    const data = (text: string) => Buffer.from(text).toString("base64");
    const user = { "client-certificate-data": data(identity.cert), "client-key-data": data(identity.key) };
    const { credentials, connection } = await open(t, cluster, user, folder);
    const first = await credentials.take();
    assert.equal(await connection.get("/"), "metrics");
    assert.equal((await credentials.take()).dispatcher, first.dispatcher);
    writeFileSync(ca, selfSigned("metrics").cert);
    await assert.rejects(connection.get("/"), /self.signed certificate/);
    writeFileSync(ca, identity.cert);
    assert.equal(await connection.get("/"), "metrics");
    assert.notEqual((await credentials.take()).dispatcher, first.dispatcher);
  });

  test("go through a proxy", async (t) => {
    const seen: string[] = [];
    const identity = selfSigned("metrics");
    const port = await listen(t, createHttpsServer(identity, echo));
    const proxy = createHttpServer().on("connect", (request, client) => {
      seen.push(request.url ?? "");
      const upstream = connect(port, "127.0.0.1", () => {
        client.write("HTTP/1.1 200 OK\r\n\r\n");
        client.pipe(upstream).pipe(client);
      });
      client.on("close", () => upstream.destroy());
      upstream.on("error", () => client.destroy());
    });
    const proxyPort = await listen(t, proxy);
    const cluster = {
      server: "https://api.example:8443",
      "certificate-authority-data": Buffer.from(identity.cert).toString("base64"),
      "tls-server-name": "metrics",
      "proxy-url": `http://127.0.0.1:${proxyPort}`,
    };
    const { connection } = await open(t, cluster, { token: "t" });
    assert.deepEqual(await connection.get("/x"), { path: "/x", authorization: "Bearer t" });
    assert.deepEqual(seen, ["api.example:8443"]);
  });
});

describe("a connection", () => {
  test("posts objects and gives those of the answers", async (t) => {
    const { server, cluster } = await setUp(t);
    const path = "/apis/authentication.k8s.io/v1/tokenreviews";
    server.onPost(path, (body) => ({ ...(body as object), status: { authenticated: true } }));
    const review = { kind: "TokenReview", spec: { token: "größe" } };
    assert.deepEqual(await cluster.connection.post(path, review), { ...review, status: { authenticated: true } });
    server.onPost(path, () => 403);
    await assert.rejects(cluster.connection.post(path, review), (error: ApiError) => {
      assert.deepEqual([error.status, error.message], [403, "planned 403"]);
      return true;
    });
  });

  test("is broken off by a signal, before and during an answer", async (t) => {
    const { server, cluster } = await setUp(t);
    server.faults.plan({}, { kind: "hang" });
    const broken = { name: "ConnectionError", message: "broken off" };
    await assert.rejects(cluster.connection.get("/", AbortSignal.abort()), broken);
    const controller = new AbortController();
    const asked = cluster.connection.get("/", controller.signal);
    const check = assert.rejects(asked, broken);
    controller.abort();
    await check;
  });

  test("knows the namespace of its context", async (t) => {
    const { cluster } = await setUp(t);
    assert.equal(cluster.connection.namespace, "default");
  });
});
