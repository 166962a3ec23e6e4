import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { waitUntil } from "../../scripts/stack/ready.ts";
import { chat, chatBody, postPieces } from "../harness/requests.ts";
import { type Stack, startStack } from "../harness/stack.ts";

const PATIENCE_MS = 30_000;
const inFlight = (stack: Stack) => stack.envoy.stat("wasmcustom.inline_epp_in_flight");
const atRest = (stack: Stack) => waitUntil("in flight zero", async () => (await inFlight(stack)) === 0, PATIENCE_MS);

for (const hold of ["buffer", "self"] as const) {
  test(`hold ${hold}: large, chunked, slow and empty bodies`, async (t) => {
    const stack = await startStack(
      { simulators: [{ maxModelLen: 2_000_000, numGpuBlocks: 200_000 }], envoy: { hold } },
      t,
    );
    const large = chatBody({ prompt: "word ".repeat(200_000) });
    assert.ok(large.length > 1_000_000);
    const pieces = large.match(/[\s\S]{1,65536}/g) ?? [];
    const whole = await postPieces(stack.url, [large], 0, { "content-length": `${large.length}` });
    // The filter that holds for itself is bound by Envoy's own buffer limit, 1 MiB unless a route says otherwise.
    assert.equal(whole.status, large.length < 1 << 20 || hold === "buffer" ? 200 : 413);
    const chunked = await postPieces(stack.url, pieces, 0);
    assert.equal(chunked.status, whole.status);

    const small = chatBody();
    const slow = await postPieces(stack.url, [...small].slice(0, 20).concat(small.slice(20)), 20);
    assert.equal(slow.status, 200);
    assert.equal(slow.pod, "sim-1");

    const empty = await postPieces(stack.url, [], 0, { "content-length": "0" });
    assert.equal(empty.status, 400);
    const emptyChunked = await postPieces(stack.url, [], 0, { "transfer-encoding": "chunked" });
    assert.equal(emptyChunked.status, 400);
    await atRest(stack);
  });

  test(`hold ${hold}: a client that leaves, before or after the pick, leaves nothing behind`, async (t) => {
    const stack = await startStack({ simulators: [{}, {}], envoy: { hold } }, t);
    const { port } = new URL(stack.url);
    const body = chatBody();
    const send = (part: string) => {
      const socket = connect(Number(port), "127.0.0.1");
      socket.on("error", () => undefined);
      socket.write(`POST /v1/chat/completions HTTP/1.1\r\nhost: t\r\ncontent-length: ${body.length}\r\n\r\n${part}`);
      return socket;
    };
    const midBody = Array.from({ length: 20 }, () => send(body.slice(0, 10)));
    const begun = () => stack.envoy.stat("http.inference.downstream_rq_active");
    await waitUntil("all have begun", async () => (await begun()) === midBody.length, PATIENCE_MS);
    // A figure of ticks: those after a pick would show it.
    await sleep(100);
    assert.equal(await inFlight(stack), 0, "nothing is picked before the body's end");
    for (const socket of midBody) socket.destroy();

    for (const simulator of stack.simulators) await simulator.set({ stuck: true });
    const waiting = Array.from({ length: 20 }, () => send(body));
    await waitUntil("in flight 20", async () => (await inFlight(stack)) === 20, PATIENCE_MS);
    for (const socket of waiting) socket.destroy();
    await atRest(stack);
    for (const simulator of stack.simulators) await simulator.reset();
    assert.equal((await chat(stack.url)).status, 200);
    await atRest(stack);
  });

  test(`hold ${hold}: servers that are gone, reset or fail`, async (t) => {
    const stack = await startStack({ envoy: { hold } }, t);
    const [first, second, third] = stack.simulators;
    assert.ok(first && second && third);
    // Gone: the connection is refused, and the retry takes the next of the list. No request fails.
    await first.stop();
    for (let i = 0; i < 60; i++) {
      const answer = await chat(stack.url);
      assert.equal(answer.status, 200, answer.text);
      assert.notEqual(answer.pod, "sim-1");
    }
    await first.start();

    for (const simulator of stack.simulators) await simulator.set({ reset: "mid-stream" });
    for (let i = 0; i < 5; i++) await assert.rejects(chat(stack.url));
    for (const simulator of stack.simulators) await simulator.set({ reset: null, errorRate: 1, errorStatus: 500 });
    for (let i = 0; i < 5; i++) assert.equal((await chat(stack.url)).status, 500);
    for (const simulator of stack.simulators) await simulator.reset();
    for (const simulator of stack.simulators) await simulator.stop();
    assert.equal((await chat(stack.url)).status, 503);
    await atRest(stack);
  });
}
