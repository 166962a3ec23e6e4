// What the protocol and the endpoint picker's agreement with gateways demand, one by one.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Client, credentials, status } from "@grpc/grpc-js";
import { xxh64 } from "../../../wire/xxh64.ts";
import { encodeRequest } from "./messages.ts";
import { BUFFERED, bodyOf, DESTINATION, DUPLEX, NONE, type Request, type SetUp, setUp } from "./test-gateway.ts";

const FULL = [DUPLEX, DUPLEX] as const;
const HEADERS = encodeRequest({ requestHeaders: { endOfStream: false } });

/** Passes a chat completion on; the destination that it gets. */
async function ask(request: Request, more: Parameters<Request["headers"]>[1] = {}): Promise<string> {
  request.headers(FULL, more).body(bodyOf());
  const { kind, set, status: answered } = await request.next();
  assert.equal(kind, "requestHeaders", `answered ${answered}`);
  await request.next();
  return set[DESTINATION]!;
}

const VIOLATIONS: readonly (readonly [what: string, send: (request: Request) => void, why: RegExp])[] = [
  ["a body first", (r) => r.body("{}"), /begins with request_headers/],
  ["an answer first", (r) => r.response({}), /begins with request_headers/],
  ["two headers", (r) => r.send(HEADERS).send(HEADERS), /a second request_headers/],
  ["a body behind its end", (r) => r.headers(FULL).body(bodyOf()).body("{}"), /request_body where none was to come/],
  ["a body that was not to come", (r) => r.headers([NONE, NONE]).body("{}"), /request_body where none was to come/],
  ["nothing in a message", (r) => r.send(HEADERS).send(Buffer.alloc(0)), /no headers, body or trailers/],
  ["bytes that are no message", (r) => r.send(Buffer.from([0x12, 0xff])), /a field ends behind its message/],
  ["a field of no wire type", (r) => r.send(Buffer.from([0x17])), /wire type 7/],
];
for (const [what, send, why] of VIOLATIONS) {
  test(`${what}: the stream ends with the reason, others go on`, async (t) => {
    const { open, server } = await setUp(t);
    const request = open();
    send(request);
    const { code, details } = await request.status;
    assert.equal(code, status.INVALID_ARGUMENT);
    assert.match(details, why);
    assert.match(await ask(open()), /^10\./);
    assert.equal(server.streams, 1);
  });
}

test("a gateway that ends its side is answered by the end, at any point", async (t) => {
  const { open, until, server } = await setUp(t);
  const requests = [open(), open().headers(FULL), open().headers(FULL).body("{", false)];
  const decided = open();
  await ask(decided);
  for (const request of [...requests, decided]) assert.equal((await request.halfClose().status).code, status.OK);
  await until("no stream is left", () => server.streams === 0);
});

test("who only watches is not answered, but let go", async (t) => {
  const { open } = await setUp(t);
  const request = open().send({ requestHeaders: { endOfStream: false }, observabilityMode: true });
  assert.equal((await request.status).code, status.OK);
  assert.equal(request.answers.length, 0);
});

test("requests at once do not meet", async (t) => {
  const { open } = await setUp(t);
  const bodies = Array.from({ length: 20 }, (_, i) => bodyOf(200 + i * 37));
  const requests = bodies.map(() => open().headers(FULL));
  for (const [i, request] of requests.entries()) request.body(bodies[i]!.slice(0, 90 + i), false);
  for (const [i, request] of [...requests.entries()].reverse()) request.body(bodies[i]!.slice(90 + i));
  for (const [i, request] of requests.entries()) {
    assert.equal((await request.next()).set["content-length"], String(bodies[i]!.length));
    assert.equal((await request.next()).body! + (await request.next()).body!, bodies[i]);
  }
});

test("a client has no say in what the picker says", async (t) => {
  const { open } = await setUp(t);
  const names = [DESTINATION, "x-prefiller-host-port", "x-encoder-hosts-ports", "x-data-parallel-host-port"];
  const forged = Object.fromEntries(names.map((name) => [name, "6.6.6.6:80"]));
  const answer = await open().headers(FULL, { headers: forged }).body(bodyOf()).next();
  assert.match(answer.set[DESTINATION]!, /^10\./);
  assert.deepEqual([...answer.removed].sort(), names.slice(1).sort());
});

test("a body that nobody could serve is answered 400 in the API's shape, and the stream ends", async (t) => {
  const { open } = await setUp(t);
  for (const request of [open().headers(FULL).body("{"), open().headers([BUFFERED, NONE]).body("{}")]) {
    let answer = await request.next();
    if (answer.kind === "requestHeaders") answer = await request.next();
    assert.deepEqual([answer.kind, answer.status], ["immediateResponse", 400]);
    assert.equal(answer.set["content-type"], "application/json");
    assert.equal(JSON.parse(answer.body!).error.type, "invalid_request_error");
    assert.match(answer.details!, /^inline_epp_/);
    assert.equal((await request.status).code, status.OK);
  }
});

const SUBSETS: readonly (readonly [what: string, subset: string | readonly string[], allowed: readonly string[]])[] = [
  ["one endpoint", ["10.0.0.1:8000"], ["10.0.0.1:8000"]],
  ["two of which one is unknown", ["10.0.0.9:8000", "10.0.0.2:8000"], ["10.0.0.2:8000"]],
  ["an address without a port", ["10.0.0.0"], ["10.0.0.0:8000"]],
  ["text with commas", "10.0.0.1:8000, 10.0.0.2:8000", ["10.0.0.1:8000", "10.0.0.2:8000"]],
  ["nobody", [], []],
  ["strangers", ["10.0.0.1:80", "10.0.0.11:8000", "0.0.0.1:8000"], []],
];
for (const [what, subset, allowed] of SUBSETS) {
  test(`a subset: ${what}`, async (t) => {
    const { open } = await setUp(t);
    for (let i = 0; i < 20; i++) {
      const request = open().headers(FULL, { subset }).body(bodyOf());
      const answer = await request.next();
      await request.halfClose().status; // nothing is in flight, so that load does not choose
      if (allowed.length === 0) {
        assert.equal(answer.status, 503);
        assert.equal(answer.set["x-llm-d-request-dropped-reason"], "rejected-no-endpoints");
      } else {
        for (const address of answer.set[DESTINATION]!.split(",")) assert.ok(allowed.includes(address), address);
      }
    }
    // The next request is not held to it.
    const seen = new Set<string>();
    for (let i = 0; i < 30; i++) {
      const request = open();
      seen.add((await ask(request)).split(",")[0]!);
      await request.halfClose().status;
    }
    assert.equal(seen.size, 3);
  });
}

test("a subset is for requests without a body, too", async (t) => {
  const { open } = await setUp(t);
  for (let i = 0; i < 10; i++) {
    const headers = { ":method": "GET", ":path": "/v1/models" };
    const request = open().headers(FULL, { headers, subset: ["10.0.0.1:8000"], end: true });
    assert.equal((await request.next()).set[DESTINATION], "10.0.0.1:8000");
  }
});

test("subsets and steering, as the settings say", async (t) => {
  const of = async (settings: SetUp["settings"]) => {
    const { open } = await setUp(t, settings && { settings });
    const seen = new Set<string>();
    for (let i = 0; i < 30; i++) {
      const headers = { "test-epp-endpoint-selection": "10.0.0.2" };
      seen.add((await ask(open(), { subset: ["10.0.0.1:8000"], headers })).split(",")[0]!);
    }
    return [...seen].sort();
  };
  assert.deepEqual(await of({}), ["10.0.0.1:8000"]);
  assert.equal((await of({ subsets: false })).length, 3);
  assert.deepEqual(await of({ steered: true }), ["10.0.0.2:8000"]);
});

test("conformance tests are told who served", async (t) => {
  const { open } = await setUp(t, { settings: { steered: true } });
  const request = open();
  await ask(request);
  const { set } = await request.response({}, { metadata: "10.0.0.1:8000" }).next();
  assert.equal(set["x-conformance-test-served-endpoint"], "10.0.0.1:8000");
});

test("names that a gateway is used to", async (t) => {
  const { open } = await setUp(t, { settings: { destinationKey: "x-target", destinationNamespace: "lb" } });
  const { set, metadata } = await open()
    .headers(FULL, { headers: { "x-target": "6.6.6.6:80" } })
    .body(bodyOf())
    .next();
  assert.match(set["x-target"]!, /^10\./);
  assert.deepEqual(metadata, { lb: { "x-target": set["x-target"] } });
});

const SERVED: readonly (readonly [how: string, served: Parameters<Request["response"]>[1]])[] = [
  ["by metadata", { metadata: "10.0.0.2:8000" }],
  ["by attribute", { attribute: "10.0.0.2:8000" }],
  ["not at all: the first pick", undefined],
];
for (const [how, served] of SERVED) {
  test(`who served is told ${how}`, async (t) => {
    const { open, until, observed } = await setUp(t);
    const request = open();
    const first = (await ask(request)).split(",")[0]!;
    await request.response({ "content-type": "application/json" }, served).next();
    const usage = '{"usage":{"prompt_tokens":7,"completion_tokens":5}}';
    await request.responseBody(usage, true).next();
    await request.halfClose().status;
    await until("the request is told of", () => observed.length === 1);
    const [{ endpoint, status: code, prompt, output, local }] = observed as [(typeof observed)[number]];
    assert.equal(endpoint, xxh64(served === undefined ? first : "10.0.0.2:8000"));
    assert.deepEqual([code, prompt, output, local], [200, 7, 5, false]);
  });
}

test("a gateway that answers before the body has come is let, and what is on its way is dropped", async (t) => {
  const { open, until, server, inFlight } = await setUp(t);
  const request = open().headers(FULL).body("{", false);
  assert.equal((await request.response({ ":status": "408" }).next()).kind, "responseHeaders");
  request.body("}").responseBody("too slow", true);
  const { kind, body, end } = await request.next();
  assert.deepEqual([kind, body, end], ["responseBody", "too slow", true]);
  assert.equal((await request.halfClose().status).code, status.OK);
  await until("no stream is left", () => server.streams === 0);
  assert.equal(inFlight(), 0);
});

test("an answer of our own is told of as the gateway's", async (t) => {
  const { open, until, observed } = await setUp(t);
  assert.equal((await open().headers(FULL).body("{").next()).status, 400);
  await until("the request is told of", () => observed.length === 1);
  assert.deepEqual([observed[0]!.status, observed[0]!.local], [400, true]);
});

test("a request that its client gives up is in flight no more, at any point", async (t) => {
  const { open, until, inFlight, server } = await setUp(t);
  const requests = Array.from({ length: 8 }, open);
  for (const request of requests) await ask(request);
  await until("eight are in flight", () => inFlight() === 8);
  for (const request of requests.slice(0, 4)) await request.response({}).next();
  for (const request of requests) request.cancel();
  await until("none is in flight", () => inFlight() === 0);
  await until("no stream is left", () => server.streams === 0);
});

const ONE_EACH = `
apiVersion: llm-d.ai/v1alpha1
kind: EndpointPickerConfig
featureGates: [flowControl]
saturationDetector: { pluginRef: one }
plugins:
  - { name: one, type: concurrency-detector, parameters: { maxConcurrency: 1 } }
  - { type: max-score-picker }
schedulingProfiles:
  - { name: default, plugins: [{ pluginRef: max-score-picker }] }
`;

for (const mode of [FULL, [BUFFERED, NONE]] as const) {
  test(`a request waits for room: mode ${mode[0]}`, async (t) => {
    const { open, until, server } = await setUp(t, { config: ONE_EACH, endpoints: 1 });
    const first = open();
    await ask(first);
    const start = async () => {
      const request = open().headers(mode);
      if (mode[0] === BUFFERED) await request.next();
      return request.body(bodyOf());
    };
    const gone = await start();
    const waiting = await start();
    await until("two wait", () => server.metrics.value("inline_epp_held_total") === 2);
    assert.deepEqual(
      [gone, waiting].map((each) => each.answers.length),
      mode[0] === BUFFERED ? [1, 1] : [0, 0],
    );
    gone.cancel();
    // The gateway answers in the place of one, say for its timeout.
    const answered = await start();
    await until("two wait", () => server.metrics.value("inline_epp_held_total") === 3);
    assert.equal((await answered.response({ ":status": "504" }).next()).kind, "responseHeaders");
    answered.halfClose();
    first.halfClose();
    const decision = await waiting.next();
    assert.equal(decision.set[DESTINATION], "10.0.0.0:8000");
  });
}

test("a gateway may begin and reset streams as fast as it likes", async (t) => {
  const { client, open } = await setUp(t);
  await ask(open());
  const path = "/envoy.service.ext_proc.v3.ExternalProcessor/Process";
  const asIs = (bytes: Buffer) => bytes;
  for (let round = 0; round < 15; round++) {
    const calls = Array.from({ length: 100 }, () => client.makeBidiStreamRequest(path, asIs, asIs));
    for (const call of calls) {
      call.on("error", () => undefined);
      call.write(HEADERS);
    }
    await new Promise((resolve) => setImmediate(resolve));
    for (const call of calls) call.cancel();
  }
  assert.match(await ask(open()), /^10\./);
});

test("no method, and a message that is too long", async (t) => {
  const { push, open } = await setUp(t, { settings: { mostBytes: 1000 } });
  const other = new Client(`127.0.0.1:${push.port}`, credentials.createInsecure());
  t.after(() => other.close());
  const asIs = (bytes: Buffer) => bytes;
  const answer = await new Promise<{ code: number }>((resolve) => {
    other.makeUnaryRequest("/no.such/Method", asIs, asIs, HEADERS, (error) => resolve(error!));
  });
  assert.equal(answer.code, status.UNIMPLEMENTED);
  const { code, details } = await open().headers(FULL).body(bodyOf(2000)).status;
  assert.equal(code, status.RESOURCE_EXHAUSTED);
  assert.match(details, /1000 are the most/);
});
