// Gateways of Istio name the cluster as their :authority, with `|`, which Node's HTTP/2 refuses by itself.

import assert from "node:assert/strict";
import { once } from "node:events";
import { type ClientHttp2Session, connect as connectHttp2, constants } from "node:http2";
import { connect as connectTcp } from "node:net";
import { type TestContext, test } from "node:test";
import { openPort } from "../../../sidecar/grpc/port.ts";
import { selfSigned } from "../../../sidecar/grpc/self-signed.ts";
import { GrpcServer } from "../../../sidecar/grpc/server.ts";

const LISTEN = { host: "127.0.0.1", port: 0, flag: "--grpc-port" };
const ISTIO = "outbound|9002||picker.models.svc.cluster.local";
const GOOD = "picker.models:9002";
const [STREAM, PER_REQUEST] = ["/a.B/Stream", "/a.B/PerRequest"];

/** A port with two methods, which answer the client's address. */
async function open(t: TestContext): Promise<number> {
  const answer = { serve: (call: { peer: string; fail(code: number, text: string): void }) => call.fail(0, call.peer) };
  const server = new GrpcServer(
    new Map([
      [STREAM, { ...answer, mostBytes: 1000 }],
      [PER_REQUEST, { ...answer, mostBytes: 1000, perRequest: true }],
    ]),
    () => undefined,
  );
  const port = await openPort(LISTEN, { tls: selfSigned(), plaintext: true }, (socket) => server.connect(socket));
  t.after(async () => {
    port.close();
    await server.close(100);
  });
  return port.port;
}

function dial(t: TestContext, port: number, scheme: string): ClientHttp2Session {
  const session = connectHttp2(`${scheme}://127.0.0.1:${port}`, { rejectUnauthorized: false });
  session.on("error", () => undefined);
  t.after(() => session.destroy());
  return session;
}

/** The address that a call is answered with, or why it is not. */
async function call(session: ClientHttp2Session, path: string, authority: string): Promise<string> {
  const type = { "content-type": "application/grpc" };
  const stream = session.request({ ":method": "POST", ":path": path, ":authority": authority, ...type });
  stream.end();
  try {
    const [headers] = await once(stream, "response");
    return `${headers["grpc-message"]}`;
  } catch (error) {
    return (error as Error).message;
  }
}

for (const scheme of ["http", "https"]) {
  for (const path of [STREAM, PER_REQUEST]) {
    test(`${scheme}, ${path}: an :authority with and without |`, async (t) => {
      const port = await open(t);
      for (const authority of [ISTIO, GOOD]) {
        const session = dial(t, port, scheme);
        for (let count = 0; count < 3; count++) {
          const { localAddress, localPort } = session.socket;
          const peer = await call(session, path, authority);
          assert.match(peer, /^127\.0\.0\.1:\d+$/, authority);
          if (count > 0) assert.equal(peer, `${localAddress}:${localPort}`);
        }
      }
    });
  }
  test(`${scheme}: the filter's stream, with its own authority, and ext_proc share a connection`, async (t) => {
    const session = dial(t, await open(t), scheme);
    assert.match(await call(session, STREAM, "inline-epp"), /^127/);
    assert.match(await call(session, PER_REQUEST, ISTIO), /^127/);
    assert.match(await call(session, PER_REQUEST, "inline-epp"), /^127/);
    assert.match(await call(session, STREAM, ISTIO), /^127/);
  });

  test(`${scheme}: a client that waits for the server's settings before it asks`, async (t) => {
    const session = dial(t, await open(t), scheme);
    await once(session, "remoteSettings");
    assert.match(await call(session, PER_REQUEST, ISTIO), /^127/);
  });
}

const BEGIN = Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), frame(4, 0, 0)]);
/** What makes a request a mended one; then comes what is wrong. */
const REQUEST = frame(1, 4, 1, Buffer.from(`\x83\x86\x84\x01\x03a|b`, "latin1"));

function frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}

/** The reason in a GOAWAY among a server's frames. */
function reasonIn(frames: Buffer): number | undefined {
  for (let at = 0; at + 17 <= frames.length; at += 9 + frames.readUIntBE(at, 3)) {
    if (frames[at + 3] === 7) return frames.readUInt32BE(at + 13);
  }
  return undefined;
}

/** Why the server says goodbye; undefined where the connection ends before it does. */
async function farewell(port: number, bytes: Buffer, end: boolean): Promise<number | undefined> {
  const socket = connectTcp(port, "127.0.0.1");
  socket.on("error", () => undefined);
  let answer = Buffer.alloc(0);
  socket.on("data", (chunk) => {
    answer = Buffer.concat([answer, chunk]);
    if (reasonIn(answer) !== undefined) socket.destroy(); // not every release of Node closes by itself
  });
  socket.write(bytes);
  if (end) socket.end();
  await new Promise((resolve) => socket.once("close", resolve)); // an error, which may come first, is one, too
  return reasonIn(answer);
}

test("clients that break the protocol are told goodbye, and harm nobody", async (t) => {
  const port = await open(t);
  const filler = Buffer.alloc(16_384, 0x82);
  const {
    NGHTTP2_PROTOCOL_ERROR: PROTOCOL,
    NGHTTP2_FRAME_SIZE_ERROR: SIZE,
    NGHTTP2_COMPRESSION_ERROR: COMPRESSION,
  } = constants;
  const wrong: readonly (readonly [what: string, frames: readonly Buffer[], reason?: number])[] = [
    ["a truncated frame header", [frame(1, 4, 3).subarray(0, 5)]],
    ["a truncated frame", [frame(1, 4, 3, filler).subarray(0, 100)]],
    ["a block that never goes on", [frame(1, 0, 3, filler)]],
    ["fields that are none", [frame(1, 4, 3, Buffer.from("ffffffffffff7f", "hex"))], COMPRESSION],
    ["an entry that no table has", [frame(1, 4, 3, Buffer.from("ff00", "hex"))], COMPRESSION],
    ["data within a block", [frame(1, 0, 3, filler), frame(0, 0, 1)], PROTOCOL],
    ["what continues nothing", [frame(9, 4, 3, Buffer.from([0x82]))], PROTOCOL],
    ["a frame that is too long", [frame(1, 4, 3, Buffer.alloc(16_385, 0x82))], SIZE],
    ["a flood of continuations", [frame(1, 0, 3), ...Array.from({ length: 5000 }, () => frame(9, 0, 3))]],
    ["a flood of fields", [frame(1, 0, 3, filler), ...Array.from({ length: 500 }, () => frame(9, 0, 3, filler))]],
    ["garbage", [Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * 7919) % 251))]],
  ];
  for (const [what, frames, reason] of wrong) {
    const end = reason === undefined;
    const told = await farewell(port, Buffer.concat([BEGIN, REQUEST, ...frames]), end);
    if (!end) assert.equal(told, reason, what);
  }
  assert.match(await call(dial(t, port, "http"), PER_REQUEST, ISTIO), /^127/);
});
