import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Client, type ClientDuplexStream, credentials } from "@grpc/grpc-js";
import { waitUntil } from "../../../scripts/stack/ready.ts";
import { openPort } from "../../../sidecar/grpc/port.ts";
import { GrpcServer } from "../../../sidecar/grpc/server.ts";
import { createLogger } from "../../../sidecar/observe/log.ts";
import { filterConfigs } from "../../../sidecar/xds/filter-configs.ts";
import { LoadAssignments } from "../../../sidecar/xds/load-assignments.ts";
import { DiscoveryServices } from "../../../sidecar/xds/services.ts";
import { decode, encode, inAny, type Plain } from "../envoy-gateway/codec.ts";
import { FakeSource } from "../push/fake-source.ts";
import { ManualClock } from "../support/manual-clock.ts";

const ENDPOINTS = "/envoy.service.endpoint.v3.EndpointDiscoveryService/StreamEndpoints";
const FILTERS = "/envoy.service.extension.v3.ExtensionConfigDiscoveryService/StreamExtensionConfigs";
const ASSIGNMENT = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment";
const MODULE = Buffer.from("\0asm the module");
const PATIENCE_MS = 30_000;
const asIs = (bytes: Buffer): Buffer => bytes;

/** One stream of an Envoy. */
class Stream {
  readonly answers: Plain[] = [];
  failure: { code?: number; details?: string } | undefined;
  ended = false;
  readonly #call: ClientDuplexStream<Buffer, Buffer>;

  constructor(client: Client, path: string) {
    this.#call = client.makeBidiStreamRequest(path, asIs, asIs);
    this.#call.on("data", (bytes: Buffer) => this.answers.push(decode("DiscoveryResponse", bytes)));
    this.#call.on("error", (error) => {
      this.failure = error as typeof this.failure;
    });
    this.#call.on("end", () => {
      this.ended = true;
    });
  }

  ask(names: readonly string[], more: Plain = {}): void {
    this.send(encode("DiscoveryRequest", { resource_names: names, node: { id: "gateway-1" }, ...more }));
  }

  send(bytes: Buffer): void {
    this.#call.write(bytes);
  }

  /** Says that the last answer is taken, or why not. */
  confirm(names: readonly string[], reason?: string): void {
    const { version_info, nonce } = this.answers.at(-1);
    const error = reason === undefined ? {} : { error_detail: { code: 13, message: reason } };
    this.ask(names, { version_info, response_nonce: nonce, ...error });
  }

  close(): void {
    this.#call.end();
  }

  async answer(count: number): Promise<Plain> {
    await waitUntil(`answer ${count}`, async () => this.answers.length >= count, PATIENCE_MS);
    assert.equal(this.answers.length, count);
    return this.answers[count - 1];
  }
}

async function setUp(t: TestContext) {
  const source = new FakeSource();
  const clock = new ManualClock();
  const lines: Plain[] = [];
  const log = Object.assign(createLogger("silent", "json"), {
    error: (fields: object, msg: string) => void lines.push({ ...fields, msg }),
  });
  const assignments = new LoadAssignments(source, clock);
  const services = new DiscoveryServices([assignments, filterConfigs(MODULE, { hold: "self" })], clock, log);
  const at = { host: "127.0.0.1", port: 0, flag: "--x" };
  const server = new GrpcServer(new Map(services.methods), () => undefined);
  const port = await openPort(at, { plaintext: true }, (socket) => server.connect(socket));
  const client = new Client(`127.0.0.1:${port.port}`, credentials.createInsecure());
  t.after(async () => {
    client.close();
    port.close();
    await server.close(0);
  });
  return {
    source,
    clock,
    lines,
    assignments,
    services,
    server,
    stream: (path = ENDPOINTS) => new Stream(client, path),
  };
}

/** A ClusterLoadAssignment in an answer, as "address" or "address not ready". */
function assignment(answer: Plain, index = 0): { pool: string; endpoints: string[]; weight?: number } {
  assert.equal(answer.resources[index].type_url, ASSIGNMENT);
  const { cluster_name, endpoints = [] } = inAny("ClusterLoadAssignment", answer.resources[index]);
  if (endpoints.length === 0) return { pool: cluster_name, endpoints: [] };
  assert.equal(endpoints.length, 1);
  const [{ lb_endpoints, load_balancing_weight }] = endpoints;
  const rows = lb_endpoints.map(({ endpoint, health_status }: Plain) => {
    const { address, port_value } = endpoint.address.socket_address;
    return `${address}:${port_value}${health_status === 2 ? " not ready" : ""}`;
  });
  return { pool: cluster_name, endpoints: rows, weight: load_balancing_weight.value };
}

test("a cluster gets its pool's endpoints, and again when they are others", async (t) => {
  const { source, clock, stream } = await setUp(t);
  source.setRoster("models/llama", 2);
  source.setRoster("models/other", 1);
  const envoy = stream();
  envoy.ask(["models/llama"]);
  const first = await envoy.answer(1);
  assert.equal(first.type_url, ASSIGNMENT);
  assert.deepEqual(assignment(first), {
    pool: "models/llama",
    endpoints: ["10.0.0.0:8000", "10.0.0.1:8000"],
    weight: 2,
  });
  envoy.confirm(["models/llama"]);

  // What concerns neither the pool nor who its endpoints are is no news.
  source.setRoster("models/other", 2);
  source.setWaiting("models/llama", 0, 9);
  clock.advance(1000);
  source.setReady("models/llama", 1, false);
  clock.advance(1000);
  assert.deepEqual(assignment(await envoy.answer(2)).endpoints, ["10.0.0.0:8000", "10.0.0.1:8000 not ready"]);
  envoy.confirm(["models/llama"]);
  source.remove("models/llama");
  clock.advance(1000);
  const last = await envoy.answer(3);
  assert.deepEqual(assignment(last), { pool: "models/llama", endpoints: [] });
  assert.equal(new Set(envoy.answers.map(({ nonce }) => nonce)).size, 3);
});

test("changes at once are one", async (t) => {
  const { source, clock, stream } = await setUp(t);
  const envoy = stream();
  envoy.ask(["models/llama"]);
  assert.deepEqual(assignment(await envoy.answer(1)).endpoints, [], "of a pool that is not there, that it is empty");
  for (let pods = 1; pods <= 20; pods++) source.setRoster("models/llama", pods);
  clock.advance(1000);
  assert.equal(assignment(await envoy.answer(2)).endpoints.length, 20);
  assert.equal(source.loads, 1, "encoded once");
});

test("another Envoy asks for several, then for others", async (t) => {
  const { source, stream } = await setUp(t);
  for (const name of ["a", "b", "c"]) source.setRoster(`models/${name}`, 1);
  const envoy = stream();
  envoy.ask(["models/a", "models/b"]);
  const both = await envoy.answer(1);
  assert.deepEqual([assignment(both, 0).pool, assignment(both, 1).pool], ["models/a", "models/b"]);
  envoy.confirm(["models/a", "models/b"]);
  envoy.ask(["models/c"]);
  assert.equal(assignment(await envoy.answer(2)).pool, "models/c");
});

test("IPv6 addresses lose their brackets", async (t) => {
  const { source, stream } = await setUp(t);
  source.setRoster("models/llama", 1, { address: "[2001:db8::1]:8000" });
  const envoy = stream();
  envoy.ask(["models/llama"]);
  assert.deepEqual(assignment(await envoy.answer(1)).endpoints, ["2001:db8::1:8000"]);
});

test("the filter comes with its module and settings", async (t) => {
  const { stream } = await setUp(t);
  const envoy = stream(FILTERS);
  envoy.ask(["inline-epp"]);
  const { resources, type_url } = await envoy.answer(1);
  assert.equal(type_url, "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig");
  const { name, typed_config } = inAny("TypedExtensionConfig", resources[0]);
  assert.equal(name, "inline-epp");
  assert.equal(typed_config.type_url, "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm");
  const { config } = inAny("Wasm", { value: typed_config.value });
  assert.equal(config.root_id, "inline-epp");
  assert.equal(config.failure_policy, 1, "FAIL_RELOAD");
  assert.deepEqual(config.allow_on_headers_stop_iteration, { value: true });
  assert.equal(config.vm_config.runtime, "envoy.wasm.runtime.v8");
  assert.equal(config.vm_config.code.local.inline_bytes, MODULE.toString("base64"));
  assert.equal(config.configuration.type_url, "type.googleapis.com/google.protobuf.StringValue");
  assert.equal(inAny("StringValue", config.configuration).value, '{"hold":"self"}');
  envoy.ask(["another"]);
  envoy.ask(["inline-epp"]);
  await envoy.answer(2);
});

test("what an Envoy does not take is logged with its reason, once a minute", async (t) => {
  const { lines, source, stream } = await setUp(t);
  source.setRoster("models/llama", 1);
  const envoy = stream();
  envoy.ask(["models/llama"]);
  await envoy.answer(1);
  envoy.confirm(["models/llama"], "malformed IP address");
  envoy.confirm(["models/llama"], "malformed IP address");
  await waitUntil("the log", async () => lines.length > 0, PATIENCE_MS);
  assert.deepEqual(lines, [
    {
      node: "gateway-1",
      names: ["models/llama"],
      reason: "malformed IP address",
      unsaid: 0,
      msg: "a gateway refuses what it was sent",
    },
  ]);
  assert.equal(envoy.answers.length, 1, "it is not sent again");
});

test("what is no request ends the stream with the reason", async (t) => {
  const { stream } = await setUp(t);
  const envoy = stream();
  envoy.send(Buffer.from([0x0a, 0x09]));
  await waitUntil("the failure", async () => envoy.failure !== undefined, PATIENCE_MS);
  assert.equal(envoy.failure?.code, 3);
  assert.equal(envoy.failure?.details, "not a DiscoveryRequest: a field ends behind its message");
});

test("streams end with the services, and leave nothing behind when they end", async (t) => {
  const { assignments, clock, services, source, stream } = await setUp(t);
  source.setRoster("models/llama", 1);
  const [first, second] = [stream(), stream()];
  for (const envoy of [first, second]) {
    envoy.ask(["models/llama"]);
    await envoy.answer(1);
  }
  first.close();
  await waitUntil("the end", async () => first.ended, PATIENCE_MS);
  services.end();
  await waitUntil("the other's end", async () => second.ended, PATIENCE_MS);
  assignments.stop();
  assert.equal(source.listeners, 0);
  assert.equal(clock.pending, 0);
});
