import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../simulator/virtual-clock.ts";
import { type Answer, type Client, chatBody, events, start, until } from "./server-support.ts";

async function stream(client: Client, extra: Record<string, unknown> = {}): Promise<Answer[]> {
  const response = await client.post("/v1/chat/completions", chatBody("Tell me", { stream: true, ...extra }));
  assert.equal(response.headers.get("content-type"), "text/event-stream; charset=utf-8");
  const lines = events(await response.text());
  assert.equal(lines.pop(), "[DONE]");
  return lines.map((line) => JSON.parse(line) as Answer);
}

test("a streamed chat is the same text, token by token", async (t) => {
  const client = await start(t);
  const whole = await client.chat("Tell me", { max_tokens: 12 });
  const chunks = await stream(client, { max_tokens: 12 });
  assert.deepEqual(chunks[0]!.choices[0]!.delta, { role: "assistant", content: "" });
  const tokens = chunks.slice(1);
  assert.equal(tokens.length, whole.usage!.completion_tokens);
  assert.equal(tokens.map((chunk) => chunk.choices[0]!.delta!.content).join(""), whole.choices[0]!.message!.content);
  const reasons = chunks.map((chunk) => chunk.choices[0]!.finish_reason);
  assert.equal(reasons.pop(), whole.choices[0]!.finish_reason);
  assert.ok(reasons.every((reason) => reason === null));
  assert.equal(new Set(chunks.map(({ id }) => id)).size, 1);
  for (const chunk of chunks) {
    assert.deepEqual([chunk.object, chunk.model], ["chat.completion.chunk", "base"]);
    assert.ok(!("usage" in chunk));
  }
});

test("a stream's usage comes last, with no choices, where it is asked for", async (t) => {
  const client = await start(t);
  const chunks = await stream(client, { max_tokens: 6, ignore_eos: true, stream_options: { include_usage: true } });
  const last = chunks.pop()!;
  assert.deepEqual(last.choices, []);
  assert.deepEqual(last.usage, {
    prompt_tokens: 8,
    completion_tokens: 6,
    total_tokens: 14,
    prompt_tokens_details: { cached_tokens: 0 },
  });
  for (const chunk of chunks) assert.equal(chunk.usage, null);
});

test("a text completion streams every prompt's choice", async (t) => {
  const client = await start(t);
  const body = { model: "base", prompt: ["one", "two"], max_tokens: 3, ignore_eos: true };
  const whole = (await (await client.post("/v1/completions", body)).json()) as Answer;
  const lines = events(await (await client.post("/v1/completions", { ...body, stream: true })).text());
  assert.equal(lines.pop(), "[DONE]");
  const chunks = lines.map((line) => JSON.parse(line) as Answer);
  for (const index of [0, 1]) {
    const own = chunks.map(({ choices }) => choices[0]!).filter((choice) => choice.index === index);
    assert.equal(own.map(({ text }) => text).join(""), whole.choices[index]!.text);
    assert.deepEqual(
      own.map(({ finish_reason }) => finish_reason),
      [null, null, "length"],
    );
  }
});

test("headers come at once, tokens when the engine has them", async (t) => {
  const clock = new VirtualClock();
  const latencies = { prefillBaseMs: 20, decodePerTokenMs: 10, maxNumSeqs: 1 };
  const client = await start(t, latencies, clock);
  const body = chatBody("Hi", { stream: true, max_tokens: 3, ignore_eos: true });
  const response = await client.post("/v1/chat/completions", body);
  assert.equal(response.status, 200);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  const contents = async (): Promise<unknown[]> => {
    const lines = events((await reader.read()).value!);
    return lines.map((line) => (line === "[DONE]" ? line : (JSON.parse(line) as Answer).choices[0]!.delta));
  };
  clock.advanceTo(20);
  const [role, first] = await contents();
  assert.deepEqual(role, { role: "assistant", content: "" });
  assert.match((first as { content: string }).content, /^\w+$/);
  clock.advanceTo(30);
  assert.equal((await contents()).length, 1);
  clock.advanceTo(40);
  assert.equal((await contents()).at(-1), "[DONE]");
  assert.ok((await reader.read()).done);
});

test("a client that hangs up frees its place, running or waiting", async (t) => {
  const clock = new VirtualClock();
  const client = await start(t, { decodePerTokenMs: 10, prefillBaseMs: 10, maxNumSeqs: 1 }, clock);
  const [streaming, running, waiting] = [0, 1, 2].map(() => new AbortController());
  const send = (stop: AbortController, extra: Record<string, unknown>): Promise<Response> =>
    client.post("/v1/chat/completions", chatBody("Hi", { max_tokens: 50, ignore_eos: true, ...extra }), stop.signal);
  const inEngine = async (): Promise<number[]> => {
    const { live } = await client.state();
    return [live.running, live.waiting];
  };
  const reach = (expected: number[]): Promise<void> => until(async () => (await inEngine()).join() === expected.join());

  await send(streaming!, { stream: true });
  const second = send(running!, {});
  await reach([1, 1]);
  const third = send(waiting!, {});
  await reach([1, 2]);
  waiting!.abort();
  await assert.rejects(third);
  await reach([1, 1]);
  streaming!.abort();
  await reach([1, 0]);
  running!.abort();
  await assert.rejects(second);
  await reach([0, 0]);
  assert.equal((await client.state()).live.requestsServed, 0);
  assert.match(await (await client.get("/metrics")).text(), /request_success_total\{finished_reason="abort",.*\} 3\n/);
});
