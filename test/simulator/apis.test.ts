// The calls beside text and chat: tools, messages, responses, embeddings. Shapes are those that the APIs document.

import assert from "node:assert/strict";
import { test } from "node:test";
import { chatBody, events, start } from "./server-support.ts";

/** JSON as it comes. */
// biome-ignore lint/suspicious/noExplicitAny: the assertions are what says of which shape an answer must be
type Json = any;

const SCHEMA = {
  type: "object",
  properties: { city: { type: "string" }, days: { type: "integer" }, unit: { enum: ["celsius"] } },
};
const TOOLS = [
  { type: "function", function: { name: "get_time", parameters: { type: "object", properties: {} } } },
  { type: "function", function: { name: "get_weather", parameters: SCHEMA } },
];
const NAMED = { type: "function", function: { name: "get_weather" } };

/** Events whose `event:` line is the type in their data. */
function namedEvents(stream: string): Json[] {
  assert.ok(stream.endsWith("\n\n"));
  return stream
    .slice(0, -2)
    .split("\n\n")
    .map((event) => {
      const [, name, data] = /^event: (\S+)\ndata: (.+)$/.exec(event)!;
      assert.equal(JSON.parse(data!).type, name);
      return JSON.parse(data!);
    });
}

const typesOf = (all: Json[]): string[] =>
  all.map(({ type }) => type).filter((type, at, types) => type !== types[at - 1]);

test("a tool that is named is called, with arguments after its schema", async (t) => {
  const client = await start(t);
  const answer: Json = await client.chat("Rain?", { tools: TOOLS, tool_choice: NAMED });
  const [{ message, finish_reason }] = answer.choices;
  assert.equal(finish_reason, "tool_calls");
  assert.equal(message.content, null);
  assert.equal(message.tool_calls.length, 1);
  const [{ type, function: called }] = message.tool_calls;
  assert.deepEqual([type, called.name], ["function", "get_weather"]);
  const { city, days, unit } = JSON.parse(called.arguments);
  assert.deepEqual([typeof city, Number.isInteger(days), unit], ["string", true, "celsius"]);
  assert.equal(answer.usage.completion_tokens, Math.ceil(called.arguments.length / 4));

  const first: Json = await client.chat("Rain?", { tools: TOOLS, tool_choice: "required" });
  assert.equal(first.choices[0].message.tool_calls[0].function.name, "get_time");
  assert.equal(first.choices[0].message.tool_calls[0].function.arguments, "{}");
  for (const tool_choice of ["auto", "none", null]) {
    const spoken: Json = await client.chat("Rain?", { tools: TOOLS, tool_choice });
    assert.equal(typeof spoken.choices[0].message.content, "string", `${tool_choice}`);
  }
  const cut: Json = await client.chat("Rain?", { tools: TOOLS, tool_choice: NAMED, max_tokens: 2 });
  assert.equal(cut.choices[0].finish_reason, "length");
  assert.equal(cut.choices[0].message.tool_calls[0].function.arguments, called.arguments.slice(0, 8));
});

test("a tool that is not there is a bad request", async (t) => {
  const client = await start(t);
  const missing = { type: "function", function: { name: "fly" } };
  for (const extra of [
    { tools: TOOLS, tool_choice: missing },
    { tool_choice: "required" },
    { tools: [3], tool_choice: "required" },
  ]) {
    const response = await client.post("/v1/chat/completions", chatBody("Hi", extra));
    assert.equal(response.status, 400);
    assert.match(((await response.json()) as Json).error.message, /tool/);
  }
});

test("a streamed tool call has the name first, then the arguments piece by piece", async (t) => {
  const client = await start(t);
  const extra = { tools: TOOLS, tool_choice: NAMED };
  const whole: Json = await client.chat("Rain?", extra);
  const response = await client.post("/v1/chat/completions", chatBody("Rain?", { ...extra, stream: true }));
  const lines = events(await response.text());
  assert.equal(lines.pop(), "[DONE]");
  const choices = lines.map((line) => JSON.parse(line).choices[0]);
  assert.equal(choices.at(-1).finish_reason, "tool_calls");
  const calls = choices.flatMap(({ delta }) => delta.tool_calls ?? []);
  assert.equal(calls[0].function.name, "get_weather");
  assert.equal(calls[0].function.arguments, "");
  assert.ok(calls[0].id.length > 0);
  assert.ok(calls.every(({ index }) => index === 0));
  const joined = calls.map((call) => call.function.arguments).join("");
  assert.equal(joined, whole.choices[0].message.tool_calls[0].function.arguments);
});

test("a message has Anthropic's shape, and counts cached tokens apart", async (t) => {
  const client = await start(t);
  const body = {
    model: "base",
    max_tokens: 8,
    system: "Be brief.",
    messages: [{ role: "user", content: "x".repeat(129) }],
  };
  const ask = async (): Promise<Json> => (await client.post("/v1/messages", body)).json();
  const answer = await ask();
  assert.deepEqual(
    [answer.type, answer.role, answer.model, answer.content.length],
    ["message", "assistant", "base", 1],
  );
  assert.match(answer.id, /^msg/);
  const [{ type, text }] = answer.content;
  assert.equal(type, "text");
  assert.equal(text.split(" ").length, answer.usage.output_tokens);
  assert.equal(answer.stop_reason, answer.usage.output_tokens === 8 ? "max_tokens" : "end_turn");
  // "<|system|>\nBe brief.\n<|user|>\n...\n<|assistant|>\n" has 11 + 10 + 9 + 130 + 14 = 174 characters: 44 tokens.
  assert.deepEqual([answer.usage.input_tokens, answer.usage.cache_read_input_tokens], [44, 0]);
  // Of its two full blocks of 16 tokens, all are cached now.
  const { usage } = await ask();
  assert.deepEqual([usage.input_tokens, usage.cache_read_input_tokens], [12, 32]);
});

test("a streamed message has the events of Anthropic's API in their order", async (t) => {
  const client = await start(t);
  const body = { model: "base", max_tokens: 8, messages: [{ role: "user", content: "Hello" }] };
  const whole: Json = await (await client.post("/v1/messages", body)).json();
  const all = namedEvents(await (await client.post("/v1/messages", { ...body, stream: true })).text());
  assert.deepEqual(typesOf(all), [
    "message_start",
    "content_block_start",
    "content_block_delta",
    "content_block_stop",
    "message_delta",
    "message_stop",
  ]);
  const text = all.map(({ delta }) => delta?.text ?? "").join("");
  assert.equal(text, whole.content[0].text);
  assert.equal(all[0].message.usage.input_tokens, whole.usage.input_tokens);
  const last = all.at(-2);
  assert.equal(last.delta.stop_reason, whole.stop_reason);
  assert.deepEqual(last.usage, whole.usage);
});

test("a message may use a tool, whole and streamed", async (t) => {
  const client = await start(t);
  const tools = [{ name: "get_weather", input_schema: SCHEMA }];
  const messages = [{ role: "user", content: [{ type: "text", text: "Rain?" }] }];
  const body = { model: "base", max_tokens: 64, messages, tools, tool_choice: { type: "any" } };
  const whole: Json = await (await client.post("/v1/messages", body)).json();
  assert.equal(whole.stop_reason, "tool_use");
  assert.deepEqual([whole.content[0].type, whole.content[0].name], ["tool_use", "get_weather"]);
  assert.equal(whole.content[0].input.unit, "celsius");
  const all = namedEvents(await (await client.post("/v1/messages", { ...body, stream: true })).text());
  assert.deepEqual([all[1].content_block.type, all[1].content_block.input], ["tool_use", {}]);
  const input = all.map(({ delta }) => delta?.partial_json ?? "").join("");
  assert.deepEqual(JSON.parse(input), whole.content[0].input);
});

test("errors of messages have Anthropic's shape", async (t) => {
  const client = await start(t);
  const messages = [{ role: "user", content: "Hi" }];
  for (const [body, status, type] of [
    [{ model: "base", messages }, 400, "invalid_request_error"],
    [{ model: "other", max_tokens: 1, messages }, 404, "not_found_error"],
  ] as const) {
    const response = await client.post("/v1/messages", body);
    assert.equal(response.status, status);
    const answer = (await response.json()) as Json;
    assert.deepEqual([answer.type, answer.error.type], ["error", type]);
    assert.equal(typeof answer.error.message, "string");
  }
});

test("a response has OpenAI's shape, whole and streamed", async (t) => {
  const client = await start(t);
  const body = { model: "base", input: "Tell me", instructions: "Be brief.", max_output_tokens: 4 };
  const whole: Json = await (await client.post("/v1/responses", body)).json();
  assert.deepEqual([whole.object, whole.output.length, whole.output[0].type], ["response", 1, "message"]);
  const [{ text }] = whole.output[0].content;
  const { input_tokens, output_tokens, total_tokens } = whole.usage;
  assert.equal(text.split(" ").length, output_tokens);
  assert.equal(total_tokens, input_tokens + output_tokens);
  assert.equal(whole.status, output_tokens === 4 ? "incomplete" : "completed");

  const all = namedEvents(await (await client.post("/v1/responses", { ...body, stream: true })).text());
  assert.deepEqual(typesOf(all), [
    "response.created",
    "response.in_progress",
    "response.output_item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    `response.${whole.status}`,
  ]);
  assert.deepEqual(
    all.map(({ sequence_number }) => sequence_number),
    all.map((_, index) => index),
  );
  assert.equal(all.map(({ delta }) => delta ?? "").join(""), text);
  assert.deepEqual(all.at(-1).response.usage, whole.usage);
});

test("a response takes a list of items, and may call a tool", async (t) => {
  const client = await start(t);
  const input = [
    { role: "user", content: [{ type: "input_text", text: "Rain?" }] },
    { type: "function_call", call_id: "1", name: "get_time", arguments: "{}" },
    { type: "function_call_output", call_id: "1", output: "noon" },
  ];
  const tools = [{ type: "function", name: "get_weather", parameters: SCHEMA }];
  const body = { model: "base", input, tools, tool_choice: { type: "function", name: "get_weather" } };
  const whole: Json = await (await client.post("/v1/responses", body)).json();
  const [called] = whole.output;
  assert.deepEqual([called.type, called.name, whole.status], ["function_call", "get_weather", "completed"]);
  assert.equal(JSON.parse(called.arguments).unit, "celsius");
  const all = namedEvents(await (await client.post("/v1/responses", { ...body, stream: true })).text());
  assert.equal(all.map(({ delta }) => delta ?? "").join(""), called.arguments);
  for (const bad of [[], 3, undefined]) {
    assert.equal((await client.post("/v1/responses", { model: "base", input: bad })).status, 400);
  }
});

test("embeddings are unit vectors that follow from their input, as numbers and as base64", async (t) => {
  const client = await start(t);
  const ask = async (extra: object): Promise<Json> =>
    (await client.post("/v1/embeddings", { model: "base", ...extra })).json();
  const { object, data, usage } = await ask({ input: ["first one", "another", "first one"] });
  assert.deepEqual([object, data.length, data[1].object, data[1].index], ["list", 3, "embedding", 1]);
  assert.deepEqual(data[0].embedding, data[2].embedding);
  assert.notDeepEqual(data[0].embedding, data[1].embedding);
  assert.equal(data[0].embedding.length, 32);
  assert.ok(Math.abs(Math.hypot(...data[0].embedding) - 1) < 1e-6);
  // Nine characters are three tokens, seven are two.
  assert.deepEqual(usage, { prompt_tokens: 8, total_tokens: 8 });

  const encoded = (await ask({ input: "first one", encoding_format: "base64" })).data[0].embedding;
  const bytes = Buffer.from(encoded, "base64");
  const numbers = Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readFloatLE(index * 4));
  assert.deepEqual(numbers, data[0].embedding);
  assert.equal((await ask({ input: [5, 6, 7], dimensions: 8 })).data[0].embedding.length, 8);
  assert.equal((await client.post("/v1/embeddings", { model: "base", input: [] })).status, 400);
  assert.equal((await client.post("/v1/embeddings", { model: "base", input: "a", encoding_format: "x" })).status, 400);
});

for (const [path, body] of [
  ["/v1/messages", { max_tokens: 4, messages: [{ role: "user", content: "Hi" }] }],
  ["/v1/responses", { input: "Hi" }],
  ["/v1/embeddings", { input: "Hi" }],
] as const) {
  test(`${path} breaks off where it is told to`, async (t) => {
    const client = await start(t);
    await client.admin({ reset: "mid-stream" });
    for (const stream of [false, true]) {
      const call = client.post(path, { model: "base", stream, ...body }).then((response) => response.text());
      await assert.rejects(call, `stream: ${stream}`);
    }
  });
}

test("an upload is transcribed after its bytes", async (t) => {
  const client = await start(t);
  const upload = async (model: string, bytes: string): Promise<{ status: number; text: string }> => {
    const form = new FormData();
    form.set("model", model);
    form.set("file", new Blob([bytes]), "speech.wav");
    const response = await fetch(`${client.url}/v1/audio/transcriptions`, { method: "POST", body: form });
    return { status: response.status, text: ((await response.json()) as Json).text };
  };
  const { status, text } = await upload("base", "one");
  assert.equal(status, 200);
  assert.equal(text.split(" ").length, 8);
  assert.equal((await upload("base", "one")).text, text);
  assert.notEqual((await upload("base", "two")).text, text);
  assert.equal((await upload("other", "one")).status, 404);
  assert.equal((await client.post("/v1/audio/transcriptions", { model: "base" })).status, 400);
});

test("an image is a PNG", async (t) => {
  const client = await start(t);
  const answer = await client.post("/v1/images/generations", { model: "base", prompt: "a rainbow" });
  const { data } = (await answer.json()) as Json;
  assert.equal(Buffer.from(data[0].b64_json, "base64").subarray(1, 4).toString(), "PNG");
  assert.equal((await client.post("/v1/images/generations", { model: "base" })).status, 400);
});
