// Answers pass through the filter, which reads along, as the model server gives them.

import assert from "node:assert/strict";
import { request as httpRequest } from "node:http";
import { text } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { type Echo, largeBody, STREAM_CHUNKS, startEchoServers, streamChunk } from "../harness/echo-servers.ts";
import { connectionManager, type EnvoyConfig, listenerOf } from "../harness/envoy-config.ts";
import { chatBody } from "../harness/requests.ts";
import { type Stack, startStack } from "../harness/stack.ts";

const LARGE = 10 * 1024 * 1024;
/** An answer that is held back would never go on. */
const PATIENCE_MS = 30_000;

/** Trailers pass over HTTP/1.1 only where both sides of Envoy are told so. */
function passTrailers(config: EnvoyConfig): void {
  connectionManager(listenerOf(config)).http_protocol_options = { enable_trailers: true };
  const models = config.static_resources.clusters.find(({ name }) => name === "model-servers")!;
  const [options] = Object.values(models.typed_extension_protocol_options as Record<string, Record<string, unknown>>);
  options!.explicit_http_config = { http_protocol_options: { enable_trailers: true } };
}

/** A stack of echo servers, under a configuration for which the filter reads answers. */
async function answeringStack(
  t: TestContext,
  hold: "buffer" | "self",
  proceed?: (chunk: number) => Promise<void>,
): Promise<Stack> {
  const servers = await startEchoServers(2, proceed);
  t.after(() => servers.stop());
  return startStack({ modelServers: servers.alive, envoy: { hold, edit: passTrailers } }, t);
}

/** Posts a chat completion whose body ends with trailers. */
function postWithTrailers(url: string, trailers: Record<string, string>): Promise<{ echo: Echo; trailers: object }> {
  return new Promise((resolve, reject) => {
    const headers = { "transfer-encoding": "chunked", trailer: Object.keys(trailers).join(", ") };
    const request = httpRequest(url, { method: "POST", headers }, async (answer) => {
      const body = await text(answer);
      if (answer.statusCode === 200) resolve({ echo: JSON.parse(body), trailers: answer.trailers });
      else reject(new Error(`${answer.statusCode} ${body}`));
    });
    request.on("error", reject);
    request.addTrailers(trailers);
    request.end(chatBody());
  });
}

for (const hold of ["buffer", "self"] as const) {
  test(`hold ${hold}: a stream's chunks arrive one by one, each before the next is produced`, async (t) => {
    const received = Array.from({ length: STREAM_CHUNKS }, () => Promise.withResolvers<void>());
    const stack = await answeringStack(t, hold, (chunk) => received[chunk - 1]!.promise);
    const body = JSON.stringify({ model: "base", prompt: "Hello", stream: true });
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const answer = await fetch(`${stack.url}/stream`, { method: "POST", body, signal });
    let arrived = "";
    for await (const piece of answer.body!.pipeThrough(new TextDecoderStream())) {
      arrived += piece;
      const chunks = arrived.split("\n\n").length - 1;
      received[chunks - 1]?.resolve();
    }
    assert.equal(arrived, received.map((_, chunk) => streamChunk(chunk)).join(""));
  });

  test(`hold ${hold}: an answer of 10 MB and trailers pass unchanged`, async (t) => {
    const stack = await answeringStack(t, hold);
    const answer = await fetch(`${stack.url}/large?bytes=${LARGE}`, { method: "POST", body: chatBody() });
    assert.ok(Buffer.from(await answer.arrayBuffer()).equals(largeBody(LARGE)));

    for (let i = 0; i < 3; i++) {
      const { echo, trailers } = await postWithTrailers(`${stack.url}/trailers`, { "x-signature": `signature-${i}` });
      // Envoy's buffer filter gives the request a content-length, and HTTP/1.1 has no trailers then.
      assert.deepEqual(echo.trailers, hold === "self" ? { "x-signature": `signature-${i}` } : {});
      assert.equal(echo.bytes, chatBody().length);
      assert.equal(echo.headers["x-gateway-destination-endpoint"]?.split(",")[0], echo.address, "it was picked for");
      assert.deepEqual(trailers, { "x-bytes": `${chatBody().length}` });
    }
  });
}
