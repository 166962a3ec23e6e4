import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import { connect as connectTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { connect as connectTls } from "node:tls";
import { openPort, type PortSecurity } from "../../../sidecar/grpc/port.ts";
import { CertificateRefused, openSecurity, type TlsSettings } from "../../../sidecar/grpc/secure-port.ts";
import { selfSigned } from "../../../sidecar/grpc/self-signed.ts";
import { GrpcServer } from "../../../sidecar/grpc/server.ts";
import { ListenError } from "../../../sidecar/observe/listen-error.ts";
import { systemClock } from "../../../sidecar/support/clock.ts";
import { RecordingLog } from "../push/recorder.ts";

const LISTEN = { host: "127.0.0.1", port: 0, flag: "--grpc-port" };
const ANSWERED = "12"; // UNIMPLEMENTED: somebody is there who speaks gRPC

async function open(t: TestContext, security: PortSecurity) {
  const server = new GrpcServer(new Map(), () => undefined);
  const port = await openPort(LISTEN, security, (socket) => server.connect(socket));
  t.after(async () => {
    port.close();
    await server.close(100);
  });
  return port;
}

/** What a call is answered with: a gRPC status, or "refused" where the connection ends instead. */
function call(port: number, scheme: "http" | "https"): Promise<string> {
  return new Promise((resolve) => {
    const session = connectHttp2(`${scheme}://127.0.0.1:${port}`, { rejectUnauthorized: false });
    const done = (outcome: string) => {
      session.destroy();
      resolve(outcome);
    };
    session.on("error", () => done("refused"));
    session.on("close", () => done("refused"));
    const request = session.request({ ":method": "POST", ":path": "/a/B", "content-type": "application/grpc" });
    request.on("error", () => done("refused"));
    request.on("response", (headers) => done(String(headers["grpc-status"])));
    request.end();
  });
}

const PORTS: readonly (readonly [what: string, security: () => PortSecurity, http: string, https: string])[] = [
  ["both", () => ({ tls: selfSigned(), plaintext: true }), ANSWERED, ANSWERED],
  ["only TLS", () => ({ tls: selfSigned(), plaintext: false }), "refused", ANSWERED],
  ["only plaintext", () => ({ plaintext: true }), ANSWERED, "refused"],
];
for (const [what, security, http, https] of PORTS) {
  test(`a port for ${what}`, async (t) => {
    const { port } = await open(t, security());
    assert.deepEqual([await call(port, "http"), await call(port, "https")], [http, https]);
  });
}

test("a client that names no protocol in TLS is served", async (t) => {
  const { port } = await open(t, { tls: selfSigned(), plaintext: false });
  const socket = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false });
  t.after(() => socket.destroy());
  await new Promise((resolve) => socket.once("secureConnect", resolve));
  assert.equal(socket.alpnProtocol, false);
  socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0");
  const first = await new Promise<Buffer>((resolve) => socket.once("data", resolve));
  assert.equal(first[3], 4, "a frame with settings");
});

test("who speaks something else is cut off, and harms nobody", async (t) => {
  const { port } = await open(t, { tls: selfSigned(), plaintext: true });
  for (const words of ["GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\x00\x05hello"]) {
    const socket = connectTcp(port, "127.0.0.1");
    socket.on("error", () => undefined);
    socket.resume();
    socket.write(words);
    await new Promise((resolve) => socket.once("close", resolve));
  }
  assert.equal(await call(port, "http"), ANSWERED);
});

test("a port that is in use", async (t) => {
  const { port } = await open(t, { plaintext: true });
  await assert.rejects(
    openPort({ ...LISTEN, port }, { plaintext: true }, () => undefined),
    ListenError,
  );
});

test("a made-up certificate: ten years, its own, DER as short as can be", () => {
  const { cert } = selfSigned("picker", new Date("2026-03-04T05:06:07Z"));
  const read = new X509Certificate(cert);
  assert.ok(read.verify(read.publicKey));
  assert.equal(read.subject, "CN=picker");
  assert.equal(read.validFrom, "Mar  4 05:06:07 2026 GMT");
  assert.equal(read.validTo, "Mar  4 05:06:07 2036 GMT");
  assert.notEqual(selfSigned().cert, cert);
  // Lengths from 128 to 255 take 0x81 and one byte; Envoy's library reads nothing else.
  assert.equal(read.raw.includes(Buffer.from([0x30, 0x82, 0x00])), false);
});

function folder(t: TestContext, identity: { cert: string; key: string }): string {
  const path = mkdtempSync(join(tmpdir(), "inline-epp-certs-"));
  t.after(() => rmSync(path, { recursive: true }));
  write(path, identity);
  return path;
}

function write(path: string, { cert, key }: { cert: string; key: string }): void {
  writeFileSync(join(path, "tls.crt"), cert);
  writeFileSync(join(path, "tls.key"), key);
}

const FROM_FILES: TlsSettings = { serving: "tls", reload: true };

test("a certificate from files is followed; files that do not fit are not", async (t) => {
  const certPath = folder(t, selfSigned("one"));
  const live = await openSecurity({ ...FROM_FILES, certPath }, systemClock, new RecordingLog());
  t.after(() => live.stop());
  const port = await open(t, live.security);
  live.follow(port.renew);
  const subject = () =>
    new Promise<string>((resolve) => {
      const socket = connectTls({ port: port.port, host: "127.0.0.1", rejectUnauthorized: false }, () => {
        resolve(socket.getPeerX509Certificate()!.subject);
        socket.destroy();
      });
    });
  assert.equal(await subject(), "CN=one");
  const [two, other] = [selfSigned("two"), selfSigned("other")];
  write(certPath, { cert: other.cert, key: two.key });
  write(certPath, two);
  for (const began = performance.now(); (await subject()) !== "CN=two"; ) {
    assert.ok(performance.now() - began < 30_000, "the certificate has not been followed");
  }
});

test("a folder without a certificate, or with one that does not fit its key", async (t) => {
  const { cert } = selfSigned();
  const refused = (certPath: string) => openSecurity({ ...FROM_FILES, certPath }, systemClock, new RecordingLog());
  await assert.rejects(refused("/no/such/folder"), CertificateRefused);
  await assert.rejects(refused(folder(t, { cert, key: selfSigned().key })), /--cert-path .* that belong together/);
});
