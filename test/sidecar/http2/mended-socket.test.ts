// Connections of real clients to Node's server, with what mends them in between.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import {
  connect as connectHttp2,
  createServer as createHttp2Server,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  sensitiveHeaders,
} from "node:http2";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { MendedSocket } from "../../../sidecar/http2/mended-socket.ts";
import { createRandom } from "../../../simulator/random.ts";
import { makeRequest, mendedText } from "./requests.ts";

/** A port whose connections are given to a function. */
async function listen(t: TestContext, connected: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    connected(socket);
  });
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** Both ends of a connection, the server's mended. */
async function pair(t: TestContext): Promise<{ client: Socket; mended: MendedSocket }> {
  const connected = Promise.withResolvers<MendedSocket>();
  const port = await listen(t, (socket) => connected.resolve(new MendedSocket(socket)));
  const client = connect(port, "127.0.0.1");
  client.on("error", () => undefined);
  t.after(() => client.destroy());
  return { client, mended: await connected.promise };
}

/** Fields in an order of their own, and which of them are never to be compressed. */
function fieldsOf(headers: IncomingHttpHeaders | OutgoingHttpHeaders): object {
  const sensitive = (headers as OutgoingHttpHeaders & { [sensitiveHeaders]?: string[] })[sensitiveHeaders];
  return [Object.entries(headers).sort(), sensitive?.toSorted()];
}

test("thousands of requests on one connection: of their fields nothing changes but bad authorities", async (t) => {
  const seen: IncomingHttpHeaders[] = [];
  const server = createHttp2Server();
  server.on("stream", (stream, headers) => {
    seen.push(headers);
    stream.respond({ ":status": 200 });
    stream.end();
  });
  const port = await listen(t, (socket) => server.emit("connection", new MendedSocket(socket)));
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  t.after(() => session.destroy());
  const random = createRandom(42);
  for (let sent = 0; sent < 3000; sent += 50) {
    const requests = Array.from({ length: 50 }, () => makeRequest(random));
    const statuses = requests.map(async (headers) => {
      const stream = session.request(headers).resume().end();
      const [{ ":status": status }] = await once(stream, "response");
      await once(stream, "close");
      return status;
    });
    assert.deepEqual([...new Set(await Promise.all(statuses))], [200]);
    for (const [index, headers] of seen.splice(0).entries()) {
      const wanted = { ...requests[index], ":authority": mendedText(`${requests[index]![":authority"]}`) };
      assert.deepEqual(fieldsOf(headers), fieldsOf(wanted));
    }
  }
});

test("a server that does not read holds its client back", async (t) => {
  const { client, mended } = await pair(t);
  const sent = randomBytes(1 << 20);
  // What the operating system takes in between is a few megabytes.
  for (let count = 0; count < 64; count++) client.write(sent);
  for (let before = -1; before !== client.bytesWritten - client.writableLength; ) {
    before = client.bytesWritten - client.writableLength;
    for (let count = 0; count < 200; count++) await turn();
  }
  assert.ok(client.writableLength > 32 << 20, `${client.writableLength} of 64 MiB wait at the client`);
  assert.ok(mended.readableLength < 1 << 20);
  client.end();
  let read = 0;
  for await (const chunk of mended) read += chunk.length;
  assert.equal(read, 64 << 20);
});

test("a client that does not read holds its server back", async (t) => {
  const { client, mended } = await pair(t);
  mended.resume();
  client.pause();
  const chunk = randomBytes(1 << 16);
  const most = 1024; // 64 MiB
  let taken = 0;
  const write = (): void => {
    if (taken < most) mended.write(chunk, write);
    taken++;
  };
  write();
  for (let before = -1; before !== taken; ) {
    before = taken;
    for (let count = 0; count < 200; count++) await turn();
  }
  assert.ok(taken < most / 2, `${taken} of ${most} were taken`);
  let read = 0;
  client.on("data", ({ length }) => {
    read += length;
    if (read === most * chunk.length) client.end();
  });
  client.resume();
  await once(mended, "close");
  assert.equal(read, most * chunk.length);
});

test("either end's end is the other's", async (t) => {
  const one = await pair(t);
  one.client.destroy();
  one.mended.resume();
  await once(one.mended, "close");
  const other = await pair(t);
  other.mended.destroy();
  other.client.resume();
  await once(other.client, "close");
  const last = await pair(t);
  last.client.resume();
  last.mended.end("the end");
  const [chunk] = await once(last.client, "data");
  assert.equal(`${chunk}`, "the end");
  await once(last.client, "end");
});
