// A request's model is replaced on its way through Envoy, and has the client's name again in the answer.

import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { postPieces } from "../harness/requests.ts";
import { startStack } from "../harness/stack.ts";

const TARGET = "food-lora-v2";
const EVENTS = 20;

type Received = { headers: IncomingMessage["headers"]; body: string };

/** A model server that answers with its request's model, as JSON or as events that are cut anywhere. */
async function startModelServer(t: TestContext): Promise<{ address: string; received: Received[] }> {
  const received: Received[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.method !== "POST") {
      response.end("vllm:num_requests_waiting 0\nvllm:num_requests_running 0\nvllm:kv_cache_usage_perc 0\n");
      return;
    }
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const body = Buffer.concat(pieces).toString();
    received.push({ headers: request.headers, body });
    const { model, stream } = JSON.parse(body) as { model: string; stream?: boolean };
    if (stream !== true) {
      const text = JSON.stringify({ id: "1", model, choices: [] });
      response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
      response.end(text);
      return;
    }
    response.writeHead(200, { "content-type": "text/event-stream" });
    const event = `data: ${JSON.stringify({ model, choices: [{ text: `"model":"${model}"` }] })}\n\n`;
    for (let i = 0; i < EVENTS; i++) {
      const cut = 3 * i + 1;
      await new Promise((written) => response.write(event.slice(0, cut), written));
      await new Promise((turn) => setImmediate(turn));
      await new Promise((written) => response.write(event.slice(cut), written));
    }
    response.end("data: [DONE]\n\n");
  };
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((listening) => {
    server.listen(0, "127.0.0.1", listening);
  });
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, received };
}

for (const hold of ["buffer", "self"] as const) {
  test(`hold ${hold}: a model that is replaced`, async (t) => {
    const { address, received } = await startModelServer(t);
    const stack = await startStack({ modelServers: [address], envoy: { hold } }, t);
    const headers = { "x-gateway-model-name-rewrite": TARGET, "x-gateway-model-name": "spoofed" };
    const before = JSON.stringify({
      messages: [{ role: "user", content: "word ".repeat(20_000) }],
      model: "food",
      n: 1,
    });
    const after = before.replace('"model":"food"', `"model":"${TARGET}"`);
    const inModel = before.indexOf('"food"') + 3;
    const cuts = [[before], [before.slice(0, inModel), before.slice(inModel)], before.match(/[\s\S]{1,9973}/g)!];
    for (const pieces of cuts) {
      for (const length of [{ "content-length": `${before.length}` }, { "transfer-encoding": "chunked" }]) {
        const answer = await postPieces(stack.url, pieces, 5, { ...headers, ...length });
        assert.equal(answer.status, 200, answer.text);
        assert.deepEqual(JSON.parse(answer.text), { id: "1", model: "food", choices: [] });
        const sent = received.at(-1)!;
        assert.equal(sent.body, after);
        assert.equal(sent.headers["x-gateway-model-name"], TARGET);
        if (hold === "buffer" || "content-length" in length)
          assert.equal(sent.headers["content-length"], `${after.length}`);
      }
    }

    const streamed = await postPieces(
      stack.url,
      [JSON.stringify({ model: "food", prompt: "hi", stream: true })],
      0,
      headers,
    );
    const event = JSON.stringify({ model: "food", choices: [{ text: `"model":"${TARGET}"` }] });
    assert.equal(streamed.text, `${`data: ${event}\n\n`.repeat(EVENTS)}data: [DONE]\n\n`);

    const plain = await postPieces(stack.url, [JSON.stringify({ model: "base", prompt: "hi" })], 0);
    assert.equal((JSON.parse(plain.text) as { model: string }).model, "base");
    assert.equal(received.at(-1)!.headers["x-gateway-model-name"], "base");
  });
}
