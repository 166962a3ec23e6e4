import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Client, credentials, type ServiceError, status } from "@grpc/grpc-js";
import { decodeHealthRequest } from "../../../sidecar/observe/health-messages.ts";
import { healthService, startHealthServer } from "../../../sidecar/observe/health-server.ts";
import { ListenError } from "../../../sidecar/observe/listen-error.ts";
import { Readiness } from "../../../sidecar/observe/readiness.ts";

const LISTEN = { host: "127.0.0.1", port: 0, flag: "--grpc-health-port" };

/** A HealthCheckRequest as any protobuf library writes it. */
function request(service: string): Buffer {
  const name = Buffer.from(service);
  return service === "" ? Buffer.alloc(0) : Buffer.concat([Buffer.from([0x0a, name.length]), name]);
}

async function setUp(t: TestContext) {
  const readiness = new Readiness(["discovery"]);
  const server = await startHealthServer(LISTEN, readiness);
  const client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
  t.after(async () => {
    client.close();
    await server.close(100);
  });
  const { path, requestSerialize, responseDeserialize } = healthService.Check;
  const check = (bytes: Buffer) =>
    new Promise<string>((resolve) => {
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, bytes, (error, answer) =>
        resolve(error ? `${(error as ServiceError).code} ${error.details}` : (answer as Buffer).toString("hex")),
      );
    });
  return { readiness, client, check, server };
}

const READY = [
  "",
  "envoy.service.ext_proc.v3.ExternalProcessor",
  "inference-extension",
  "inlineepp.v1.State",
  "readiness",
];

for (const service of READY) {
  test(`${JSON.stringify(service)} follows readiness`, async (t) => {
    const { readiness, check } = await setUp(t);
    assert.equal(await check(request(service)), "0802");
    readiness.met("discovery");
    assert.equal(await check(request(service)), "0801");
  });
}

test("liveness holds before readiness does", async (t) => {
  const { check } = await setUp(t);
  assert.equal(await check(request("liveness")), "0801");
});

test("an unknown service is not found", async (t) => {
  const { check } = await setUp(t);
  assert.equal(await check(request("nobody")), `${status.NOT_FOUND} no service "nobody"`);
});

test("bytes that are no message are refused", async (t) => {
  const { check } = await setUp(t);
  assert.match(await check(Buffer.from([0x0a, 0x7f, 0x41])), /^3 not a HealthCheckRequest: a field ends behind/);
});

test("watch tells each change once", async (t) => {
  const { readiness, client } = await setUp(t);
  const { path, requestSerialize, responseDeserialize } = healthService.Watch;
  const watch = (service: string) => {
    const call = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request(service));
    call.on("error", () => {});
    t.after(() => call.cancel());
    const seen: string[] = [];
    const next = () =>
      new Promise<string>((resolve) => {
        call.once("data", (bytes: Buffer) => {
          seen.push(bytes.toString("hex"));
          resolve(seen.at(-1)!);
        });
      });
    return { seen, next };
  };
  const known = watch("inference-extension");
  assert.equal(await known.next(), "0802");
  const serving = known.next();
  readiness.met("discovery");
  readiness.met("discovery");
  assert.equal(await serving, "0801");
  const lost = known.next();
  readiness.lost("discovery");
  assert.equal(await lost, "0802");
  assert.deepEqual(known.seen, ["0802", "0801", "0802"]);
  assert.equal(await watch("nobody").next(), "0803", "unknown, and the stream stays");
});

test("requests with unknown fields are read, broken ones are not", () => {
  const service = request("a");
  const unknown = Buffer.from([0x10, 0xff, 0x01, 0x19, 1, 2, 3, 4, 5, 6, 7, 8, 0x22, 1, 9, 0x2d, 1, 2, 3, 4]);
  assert.equal(decodeHealthRequest(Buffer.concat([unknown, service, unknown])), "a");
  assert.equal(decodeHealthRequest(Buffer.alloc(0)), "");
  for (const bytes of [[0x80], [0x0a], [0x0a, 5, 1], [0x0b], new Array(11).fill(0xff)]) {
    assert.throws(() => decodeHealthRequest(Buffer.from(bytes)), RangeError, String(bytes));
  }
});

test("a busy port is told by its number and its flag", async (t) => {
  const { server } = await setUp(t);
  await assert.rejects(startHealthServer({ ...LISTEN, port: server.port }, new Readiness([])), (error) => {
    assert.ok(error instanceof ListenError);
    assert.match(error.message, new RegExp(`^port ${server.port} is in use; .* --grpc-health-port$`));
    return true;
  });
});
