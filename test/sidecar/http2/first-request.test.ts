import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { type FirstRequest, peekFirstRequest } from "../../../sidecar/http2/first-request.ts";
import { record } from "./requests.ts";

/** A connection to a server that looks for the first request, what it is told, and the server's end. */
async function dial(t: TestContext) {
  const told = Promise.withResolvers<FirstRequest | null>();
  const accepted = Promise.withResolvers<Socket>();
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    accepted.resolve(socket);
    peekFirstRequest(socket, told.resolve);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  client.setNoDelay(true).on("error", () => undefined);
  const socket = await accepted.promise;
  t.after(() => {
    client.destroy();
    socket.destroy();
    server.close();
  });
  return { client, told: told.promise, socket };
}

/** All that a connection brings from now on. */
async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const request = (authority: string) => record([{ ":method": "POST", ":path": "/a/B", ":authority": authority }]);

test("a request that comes with the connection's begin is told of, and all bytes are put back", async (t) => {
  for (const [authority, taken] of [
    ["a.b", true],
    ["outbound|9002||a.b", false],
  ] as const) {
    const bytes = await request(authority);
    const { client, told, socket } = await dial(t);
    client.write(bytes);
    assert.deepEqual(await told, { path: "/a/B", taken });
    assert.equal(socket.isPaused(), true);
    client.end("more");
    assert.deepEqual(await readAll(socket), Buffer.concat([bytes, Buffer.from("more")]));
  }
});

test("one that does not come is not waited for: the server may have to speak first", async (t) => {
  const bytes = (await request("a.b")).subarray(0, 24 + 9);
  for (const begin of [Buffer.alloc(0), bytes.subarray(0, 10), bytes]) {
    const { client, told, socket } = await dial(t);
    client.write(begin);
    assert.equal(await told, null);
    client.end("more");
    assert.deepEqual(await readAll(socket), Buffer.concat([begin, Buffer.from("more")]));
  }
});

test("nothing is lost of a client that sends byte by byte", async (t) => {
  const bytes = await request("a|b");
  const { client, told, socket } = await dial(t);
  for (const byte of bytes) await new Promise((sent) => client.write(Buffer.from([byte]), sent));
  client.end();
  await told;
  assert.deepEqual(await readAll(socket), bytes);
});

test("what makes no sense is not looked at for long", async (t) => {
  const settings = Buffer.from("000000040000000000", "hex");
  const { client, told, socket } = await dial(t);
  const bytes = Buffer.concat([Buffer.alloc(24), ...Array.from({ length: 2000 }, () => settings)]);
  client.end(bytes);
  assert.equal(await told, null);
  assert.deepEqual(await readAll(socket), bytes);
  const other = await dial(t);
  other.client.end(Buffer.concat([Buffer.alloc(24), Buffer.from("000001010400000001ff", "hex")]));
  assert.deepEqual(await other.told, { path: null, taken: false });
});

test("a client that is gone is not told of", async (t) => {
  const { client, told, socket } = await dial(t);
  told.then(() => assert.fail("told of"));
  client.end("PRI");
  await once(socket, "close");
});
