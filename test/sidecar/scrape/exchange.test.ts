import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { createServer, type Server, type Socket } from "node:net";
import { after, afterEach, beforeEach, describe, test } from "node:test";
import { selfSigned } from "../../../sidecar/grpc/self-signed.ts";
import { type ExchangeOptions, type ExchangeResult, HttpExchange } from "../../../sidecar/scrape/exchange.ts";
import { SignalReaders } from "../../../sidecar/scrape/signal-readers.ts";
import { systemClock } from "../../../sidecar/support/clock.ts";
import { ENGINE_VLLM } from "../../../wire/layout.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { vllmExposition } from "./fixtures.ts";
import { MetricsServer, until } from "./metrics-server.ts";

const server = await MetricsServer.start();
after(() => server.stop());

const readers = new SignalReaders();
const exchanges: HttpExchange[] = [];
const others: Server[] = [];
afterEach(async () => {
  for (const exchange of exchanges.splice(0)) await exchange.close();
  for (const other of others.splice(0)) other.close();
});

function exchangeWith(options: Partial<ExchangeOptions> = {}, url = server.url): HttpExchange {
  const all = {
    clock: systemClock,
    timeout: 5000,
    maxBytes: 1 << 20,
    verifyTls: true,
    keepConnection: true,
    readers,
    ...options,
  };
  const exchange = new HttpExchange(url, ENGINE_VLLM, all);
  exchanges.push(exchange);
  return exchange;
}

/** Lets a server listen until the test ends; returns its port. */
async function listen(other: Server, host = "127.0.0.1"): Promise<number> {
  others.push(other);
  other.listen(0, host);
  await once(other, "listening");
  return (other.address() as { port: number }).port;
}

function run(exchange: HttpExchange): Promise<ExchangeResult> {
  return new Promise((resolve) => exchange.run(resolve));
}

async function runOnce(options?: Partial<ExchangeOptions>, url?: string): Promise<ExchangeResult> {
  const exchange = exchangeWith(options, url);
  const result = await run(exchange);
  await exchange.close();
  return result;
}

beforeEach(() => {
  server.behaviour = { kind: "body", body: vllmExposition({ waiting: 2, running: 3, kv: 0.5 }) };
});

describe("an exchange", () => {
  test("brings signals, over one connection for all of them", async () => {
    const exchange = exchangeWith();
    const before = server.connections;
    for (let turn = 0; turn < 5; turn++) {
      const result = await run(exchange);
      assert.ok(result.outcome === "ok", JSON.stringify(result));
      assert.deepEqual([result.signals.waiting, result.signals.running, result.signals.kvUsage], [2, 3, 0.5]);
    }
    assert.equal(server.connections, before + 1);
    assert.match(server.lastHead, /^GET \/metrics HTTP\/1\.1/);
    await exchange.close();
    await until("the connection is closed", () => server.open === 0);
  });

  test("keeps no connection where it is told not to, and says so", async () => {
    const exchange = exchangeWith({ keepConnection: false });
    const before = server.connections;
    for (let turn = 1; turn <= 3; turn++) {
      assert.equal((await run(exchange)).outcome, "ok");
      assert.match(server.lastHead, /^connection: close$/im);
      await until("the connection is closed", () => server.open === 0);
      assert.equal(server.connections, before + turn);
    }
  });

  test("reads an answer apart from another that comes at the same time", async () => {
    const sockets: Socket[] = [];
    const slow = createServer((socket) => socket.once("data", () => sockets.push(socket)));
    const url = `http://127.0.0.1:${await listen(slow)}/metrics`;
    const patient = [exchangeWith({}, url), exchangeWith({}, url)];
    const results = Promise.all(patient.map(run));
    await until("both are asked", () => sockets.length === 2);
    const pieces = [4, 5].map((running) => vllmExposition({ running }).match(/[\s\S]{1,50}/g)!);
    for (const socket of sockets) socket.write("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n");
    for (let piece = 0; piece < pieces[0]!.length; piece++) {
      for (const [index, socket] of sockets.entries()) socket.write(pieces[index]![piece]!);
      // Lets the other side read.
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (const socket of sockets) socket.end();
    const running = (await results).map((result) => result.outcome === "ok" && result.signals.running);
    assert.deepEqual(running.sort(), [4, 5]);
  });

  test("stands for the moment the request was sent, not the moment the answer came", async () => {
    server.behaviour = { kind: "silent" };
    const clock = new ManualClock();
    const exchange = exchangeWith({ clock, timeout: 1000 });
    const before = server.requests;
    const result = run(exchange);
    await until("the request is there", () => server.requests > before);
    const sent = clock.now();
    clock.advance(1000);
    assert.equal((await result).outcome, "timeout");

    const slow = createServer((socket) =>
      socket.once("data", () => {
        clock.advance(400);
        const body = vllmExposition();
        socket.end(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
      }),
    );
    const port = await listen(slow);
    const late = await runOnce({ clock, timeout: 1000 }, `http://127.0.0.1:${port}/metrics`);
    assert.ok(late.outcome === "ok");
    assert.equal(late.at, sent + 1000);
    assert.equal(clock.now(), sent + 1400);
  });

  test("works with chunks, a path and a query", async () => {
    let path: string | undefined;
    const http = createHttpServer((request, response) => {
      path = request.url;
      for (const piece of vllmExposition({ running: 8 }).match(/[\s\S]{1,7}/g) ?? []) response.write(piece);
      response.end();
    });
    const port = await listen(http);
    const result = await runOnce({}, `http://127.0.0.1:${port}/prometheus/metrics?format=text`);
    assert.ok(result.outcome === "ok" && result.signals.running === 8, JSON.stringify(result));
    assert.equal(path, "/prometheus/metrics?format=text");
  });

  test("works over IPv6", async (context) => {
    const http = createHttpServer((_, response) => response.end(vllmExposition()));
    const port = await listen(http, "::1").catch(() => 0);
    if (port === 0) return context.skip("no IPv6 here");
    assert.equal((await runOnce({}, `http://[::1]:${port}/metrics`)).outcome, "ok");
  });
});

describe("an exchange over TLS", () => {
  test("checks the certificate unless told otherwise", async () => {
    const { key, cert } = selfSigned("metrics");
    const https = createHttpsServer({ key, cert }, (_, response) => response.end(vllmExposition()));
    const url = `https://127.0.0.1:${await listen(https)}/metrics`;
    const checked = await runOnce({}, url);
    assert.ok(checked.outcome === "connect" && /self-signed/.test(checked.reason), JSON.stringify(checked));
    assert.equal((await runOnce({ verifyTls: false }, url)).outcome, "ok");
  });
});

describe("an exchange that fails", () => {
  test("by another status than 200, and keeps the connection", async () => {
    const exchange = exchangeWith();
    const before = server.connections;
    server.behaviour = { kind: "body", body: vllmExposition(), status: 500 };
    assert.deepEqual(await run(exchange), { outcome: "status", reason: "answered 500" });
    server.behaviour = { kind: "body", body: vllmExposition() };
    assert.equal((await run(exchange)).outcome, "ok");
    assert.equal(server.connections, before + 1);
    await exchange.close();
  });

  test("by silence, and is well again with the server", async () => {
    const exchange = exchangeWith({ timeout: 500 });
    server.behaviour = { kind: "silent" };
    assert.deepEqual(await run(exchange), { outcome: "timeout", reason: "no answer within 500 ms" });
    server.behaviour = { kind: "raw", bytes: "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nvllm:" };
    assert.deepEqual(await run(exchange), { outcome: "timeout", reason: "no complete answer within 500 ms" });
    server.behaviour = { kind: "body", body: vllmExposition() };
    const patient = exchangeWith();
    assert.equal((await run(patient)).outcome, "ok");
    await patient.close();
    await exchange.close();
    await until("no connection is left behind", () => server.open === 0);
  });

  test("by a connection that never comes about", async () => {
    server.behaviour = { kind: "silent" };
    // A TLS handshake that nobody answers.
    const exchange = exchangeWith({ timeout: 500 }, server.url.replace("http:", "https:"));
    assert.deepEqual(await run(exchange), { outcome: "timeout", reason: "no answer within 500 ms" });
    await until("the connection is closed", () => server.open === 0);
    await exchange.close();
  });

  test("by size, reading no further", async () => {
    const exchange = exchangeWith({ maxBytes: 100_000 });
    server.behaviour = { kind: "endless" };
    assert.deepEqual(await run(exchange), { outcome: "too_large", reason: "the answer is larger than 100000 bytes" });
    await until("the connection is closed", () => server.open === 0);
    server.behaviour = { kind: "body", body: vllmExposition() };
    assert.equal((await run(exchange)).outcome, "ok");
    await exchange.close();
  });

  test("by no connection", async () => {
    const gone = await MetricsServer.start();
    const { url } = gone;
    await gone.stop();
    const result = await runOnce({}, url);
    assert.ok(result.outcome === "connect" && /ECONNREFUSED/.test(result.reason), JSON.stringify(result));
  });

  test("by a connection that breaks in the middle", async () => {
    server.behaviour = { kind: "raw", bytes: "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nvllm:", close: true };
    assert.equal((await runOnce()).outcome, "connect");
  });

  test("by garbage", async () => {
    server.behaviour = { kind: "raw", bytes: "\0\x01garbage\r\n\r\n", close: true };
    const noHttp = await runOnce();
    assert.ok(noHttp.outcome === "unusable" && /not HTTP/.test(noHttp.reason), JSON.stringify(noHttp));
    server.behaviour = { kind: "body", body: Buffer.alloc(200_000, 0xfe) };
    const noExposition = await runOnce();
    assert.ok(noExposition.outcome === "unusable", JSON.stringify(noExposition));
    assert.match(noExposition.reason, /no vllm:num_requests_waiting .* engine vllm/);
  });

  test("closed in the middle calls nobody back", async () => {
    server.behaviour = { kind: "silent" };
    const exchange = exchangeWith();
    const before = server.requests;
    let called = false;
    exchange.run(() => {
      called = true;
    });
    await until("the request is there", () => server.requests > before);
    await exchange.close();
    await until("the connection is closed", () => server.open === 0);
    assert.equal(called, false);
  });

  test("closed while connecting leaves no connection behind", async () => {
    const before = server.connections;
    const connecting = exchangeWith({}, server.url.replace("http:", "https:"));
    let called = false;
    connecting.run(() => {
      called = true;
    });
    await until("the connection is there", () => server.connections > before);
    await connecting.close();
    await until("the connection is closed", () => server.open === 0);
    assert.equal(called, false);
  });
});
