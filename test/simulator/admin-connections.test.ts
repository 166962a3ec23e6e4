import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";
import { DEFAULT_GONE_MS } from "../../simulator/admin-state.ts";
import { startSimulator } from "../../simulator/server.ts";
import { VirtualClock } from "../../simulator/virtual-clock.ts";
import { chatBody, start, until } from "./server-support.ts";

/** Asserts that a call fails as a client sees a connection that was broken off. */
async function assertReset(call: Promise<unknown>): Promise<void> {
  await assert.rejects(call, (error: Error) => {
    const { code } = error.cause as NodeJS.ErrnoException;
    assert.ok(code === "ECONNRESET" || code === "UND_ERR_SOCKET", code);
    return true;
  });
}

test("a completion's connection can be reset before its headers", async (t) => {
  const client = await start(t);
  await client.admin({ reset: "before-headers" });
  await assertReset(client.post("/v1/chat/completions", chatBody("Hi")));
  await assertReset(client.post("/v1/completions", { model: "base", prompt: "Hi", stream: true }));
  assert.equal((await client.get("/v1/models")).status, 200);
  await client.admin({ reset: null });
  await client.chat("Hi");
});

for (const stream of [true, false]) {
  test(`a completion's connection can be reset in the middle, ${stream ? "streamed" : "whole"}`, async (t) => {
    const client = await start(t);
    await client.admin({ reset: "mid-stream" });
    const body = chatBody("Hi", { stream, max_tokens: 30, ignore_eos: true });
    const response = await client.post("/v1/chat/completions", body);
    assert.equal(response.status, 200);
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    const readAll = async (): Promise<void> => {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        text += value;
      }
    };
    await assertReset(readAll());
    assert.match(text, /chat\.completion/);
    assert.doesNotMatch(text, /DONE|usage/);
    await until(async () => (await client.state()).live.running === 0);
  });
}

test("a stream that is reset in the middle leaves the engine", async (t) => {
  const clock = new VirtualClock();
  const client = await start(t, { prefillBaseMs: 10, decodePerTokenMs: 10 }, clock);
  await client.admin({ reset: "mid-stream" });
  const response = await client.post("/v1/chat/completions", chatBody("Hi", { stream: true, ignore_eos: true }));
  clock.advance(10);
  await assertReset(response.text());
  await until(async () => (await client.state()).live.running === 0);
  assert.match(await (await client.get("/metrics")).text(), /finished_reason="abort",.*\} 1\n/);
});

/** Whether a server answers. */
function answers(url: string): Promise<boolean> {
  return fetch(`${url}/health`).then(
    (response) => response.ok,
    () => false,
  );
}

test("a server that is gone drops everybody, refuses connections, and comes back on its port", async (t) => {
  const clock = new VirtualClock();
  const client = await start(t, {}, clock);
  await client.chat("A long story. ".repeat(40));
  await client.admin({ stuck: true, waiting: 9 });
  const held = assertReset(client.post("/v1/chat/completions", chatBody("Hi")));
  await until(async () => (await client.state()).live.waiting === 1);

  const answer = await client.admin({ gone: true, goneFor: "3s" });
  assert.deepEqual(answer.overrides, { stuck: true, waiting: 9 });
  await held;
  assert.equal(await answers(client.url), false);
  clock.advanceTo(2999);
  assert.equal(await answers(client.url), false);
  clock.advanceTo(3000);
  await until(() => answers(client.url));
  const { overrides, live } = await client.admin({ stuck: null });
  assert.deepEqual(overrides, { waiting: 9 });
  assert.deepEqual([live.waiting, live.running], [0, 0]);
  assert.equal((await client.chat("A long story. ".repeat(40))).usage!.prompt_tokens_details.cached_tokens, 144);
});

test("a server whose port was taken while it was gone comes back when the port is free", async (t) => {
  const clock = new VirtualClock();
  const client = await start(t, {}, clock);
  await client.admin({ gone: true });
  await until(async () => !(await answers(client.url)));
  const squatter = createServer((socket) => socket.destroy()).listen(client.port, "127.0.0.1");
  await once(squatter, "listening");
  clock.advance(DEFAULT_GONE_MS);
  assert.equal(await answers(client.url), false);
  squatter.close();
  await until(() => {
    clock.advance(100);
    return answers(client.url);
  });
});

test("stopping closes idle and active connections at once, and works while gone", async () => {
  const simulator = await startSimulator({ port: 0 });
  await (await fetch(`${simulator.url}/health`)).text();
  await fetch(`${simulator.url}/admin/state`, { method: "POST", body: '{"stuck": true}' });
  const held = assert.rejects(
    fetch(`${simulator.url}/v1/chat/completions`, { method: "POST", body: JSON.stringify(chatBody("Hi")) }),
  );
  await until(async () => {
    const state = (await (await fetch(`${simulator.url}/admin/state`)).json()) as { live: { waiting: number } };
    return state.live.waiting === 1;
  });
  await simulator.stop();
  await held;
  await assert.rejects(fetch(`${simulator.url}/health`));

  const gone = await startSimulator({ port: 0 });
  await (await fetch(`${gone.url}/admin/state`, { method: "POST", body: '{"gone": true, "goneFor": "1m"}' })).text();
  await until(async () => !(await answers(gone.url)));
  await gone.stop();
});
