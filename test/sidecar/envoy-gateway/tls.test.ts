import assert from "node:assert/strict";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type Client, credentials } from "@grpc/grpc-js";
import { waitUntil } from "../../../scripts/stack/ready.ts";
import { startExtensionServer } from "../../../sidecar/envoy-gateway/extension-server.ts";
import { selfSigned } from "../../../sidecar/grpc/self-signed.ts";
import { createLogger } from "../../../sidecar/observe/log.ts";
import { systemClock } from "../../../sidecar/support/clock.ts";
import { callHook, startExtension } from "./extension.ts";

const HOST = "inline-epp.models.svc";
const PATIENCE_MS = 30_000;
const UNCHANGED = Buffer.alloc(0);

const server = selfSigned(HOST);
const client = selfSigned("envoy-gateway");
const stranger = selfSigned("envoy-gateway");

async function filesOf(t: TestContext, pair: { cert: string; key: string }) {
  const folder = await mkdtemp(join(tmpdir(), "inline-epp-tls-"));
  t.after(() => rm(folder, { recursive: true }));
  const path = (name: string) => join(folder, name);
  await writeFile(path("tls.crt"), pair.cert);
  await writeFile(path("tls.key"), pair.key);
  await writeFile(path("ca.crt"), client.cert);
  const replace = async (name: string, text: string) => {
    await writeFile(path("new"), text);
    await rename(path("new"), path(name));
  };
  return { certificate: path("tls.crt"), key: path("tls.key"), clientAuthorities: path("ca.crt"), replace };
}

type Extension = Awaited<ReturnType<typeof startExtension>>;

/** A client that trusts a certificate, and has one itself or not. */
function connect(extension: Extension, trusted: string, own?: { cert: string; key: string }): Client {
  const bytes = (text: string | undefined) => (text === undefined ? null : Buffer.from(text));
  return extension.connect(credentials.createSsl(bytes(trusted), bytes(own?.key), bytes(own?.cert)), {
    "grpc.ssl_target_name_override": HOST,
    "grpc.use_local_subchannel_pool": 1,
  });
}

const ask = (one: Client) => callHook(one, "PostVirtualHostModify", UNCHANGED);
const away = { code: 14 };

test("with a certificate the port speaks TLS only", async (t) => {
  const { certificate, key } = await filesOf(t, server);
  const extension = await startExtension(t, { certificate, key });
  assert.equal((await ask(connect(extension, server.cert))).length, 0);
  await assert.rejects(ask(connect(extension, stranger.cert)), away);
  await assert.rejects(ask(extension.connect(credentials.createInsecure())), away);
});

test("with authorities for clients only those with such a certificate are answered", async (t) => {
  const { certificate, key, clientAuthorities } = await filesOf(t, server);
  const extension = await startExtension(t, { certificate, key, clientAuthorities });
  assert.equal((await ask(connect(extension, server.cert, client))).length, 0);
  await assert.rejects(ask(connect(extension, server.cert)), away);
  await assert.rejects(ask(connect(extension, server.cert, stranger)), away);
});

test("files that are replaced are taken up, bad ones are not", async (t) => {
  const { replace, ...files } = await filesOf(t, server);
  const extension = await startExtension(t, files);
  const works = (trusted: string, own: { cert: string; key: string }) => async () =>
    ask(connect(extension, trusted, own)).then(
      () => true,
      () => false,
    );
  assert.ok(await works(server.cert, client)());
  await replace("ca.crt", stranger.cert);
  await waitUntil("the other authority", works(server.cert, stranger), PATIENCE_MS);
  assert.equal(await works(server.cert, client)(), false);

  // A key that does not fit its certificate: until the certificate comes too, the old pair stays.
  const next = selfSigned(HOST);
  await replace("tls.key", next.key);
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.ok(await works(server.cert, stranger)());
  await replace("tls.crt", next.cert);
  await waitUntil("the new certificate", works(next.cert, stranger), PATIENCE_MS);
  assert.equal(await works(server.cert, stranger)(), false);
});

for (const [what, spoil, message] of [
  ["a missing file", { key: "/nowhere/tls.key" }, /cannot read \/nowhere\/tls\.key: ENOENT/],
  ["files that are no PEM", { certificate: import.meta.filename }, /cannot be used for TLS/],
] as const) {
  test(`${what} refuses the start`, async (t) => {
    const { certificate, key } = await filesOf(t, server);
    const start = startExtensionServer(
      { host: "127.0.0.1", port: 0, flag: "--x" },
      { port: 0, gatewayAddress: { host: HOST, port: 9002 }, filter: {}, tls: { certificate, key, ...spoil } },
      systemClock,
      createLogger("silent", "json"),
    );
    await assert.rejects(start, message);
  });
}
