// Gateways that say anything at any time: whatever comes, others are served, and nothing is left behind.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "../../../simulator/random.ts";
import { encodeRequest } from "./messages.ts";
import { BUFFERED, bodyOf, DESTINATION, DUPLEX, NONE, type Request, STREAMED, setUp } from "./test-gateway.ts";

const MODES = [NONE, STREAMED, BUFFERED, 3, DUPLEX, 9];
const STREAMS = 400;

test("messages in any order, cut, broken and given up", async (t) => {
  const { open, until, inFlight, server } = await setUp(t);
  const draw = createRandom(7);
  const of = <T>(values: readonly T[]): T => values[Math.floor(draw() * values.length)]!;
  const body = bodyOf(3000);
  const part = () => body.slice(Math.floor(draw() * 1000), Math.floor(draw() * 3000));
  const actions: readonly ((request: Request) => unknown)[] = [
    (request) => request.headers([of(MODES), of(MODES)], { end: draw() < 0.1 }),
    (request) => request.headers(undefined, { headers: { "x-gateway-model-name-rewrite": "other" } }),
    (request) => request.body(body),
    (request) => request.body(part(), draw() < 0.5),
    (request) => request.trailers(),
    (request) => request.response({ "content-type": "application/json" }),
    (request) => request.responseBody(part(), draw() < 0.5),
    (request) => request.responseTrailers(),
    (request) => {
      const bytes = encodeRequest({ requestBody: { body: Buffer.from(body) } });
      for (let i = 0; i < 3; i++) bytes[Math.floor(draw() * Math.min(bytes.length, 40))] = Math.floor(draw() * 256);
      request.send(bytes);
    },
  ];
  for (let i = 0; i < STREAMS; i++) {
    const request = open();
    if (draw() < 0.9) request.headers([of(MODES), of(MODES)]);
    for (let sent = 0; sent < 6; sent++) of(actions)(request);
    // The client of these tests does not tell the server of a stream that it gives up in the turn in which it began it.
    await new Promise((resolve) => setImmediate(resolve));
    if (draw() < 0.5) request.cancel();
    else request.halfClose();
    if (i % 20 === 19) await request.status;
  }
  await until("no stream is left", () => server.streams === 0);
  await until("nothing is in flight", () => inFlight() === 0);
  const request = open().headers([DUPLEX, DUPLEX]).body(bodyOf());
  assert.match((await request.next()).set[DESTINATION]!, /^10\./);
});
