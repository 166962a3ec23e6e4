import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { type Answer, chatBody, type ErrorAnswer, start } from "./server-support.ts";

test("a chat completion has OpenAI's shape and says who served it", async (t) => {
  const client = await start(t, { name: "sim-1" });
  const response = await client.post("/v1/chat/completions", chatBody("Hello there", { max_tokens: 8 }));
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "application/json");
  assert.equal(response.headers.get("x-inference-pod"), "sim-1");
  const answer = (await response.json()) as Answer;
  assert.equal(answer.object, "chat.completion");
  assert.equal(answer.model, "base");
  assert.match(answer.id, /^chatcmpl-/);
  assert.ok(Number.isInteger(answer.created));
  assert.equal(answer.choices.length, 1);
  const [choice] = answer.choices;
  assert.equal(choice!.index, 0);
  assert.equal(choice!.message!.role, "assistant");
  const { prompt_tokens, completion_tokens, total_tokens, prompt_tokens_details } = answer.usage!;
  assert.equal(choice!.message!.content.split(" ").length, completion_tokens);
  // "<|user|>\nHello there\n<|assistant|>\n" has 35 characters.
  assert.equal(prompt_tokens, 9);
  assert.equal(total_tokens, prompt_tokens + completion_tokens);
  assert.equal(prompt_tokens_details.cached_tokens, 0);
  assert.ok(completion_tokens >= 1 && completion_tokens <= 8);
  assert.equal(choice!.finish_reason, completion_tokens === 8 ? "length" : "stop");
});

test("a text completion has OpenAI's shape", async (t) => {
  const client = await start(t);
  const body = { model: "base", prompt: "Once upon a time", max_tokens: 5, ignore_eos: true };
  const answer = (await (await client.post("/v1/completions", body)).json()) as Answer;
  assert.equal(answer.object, "text_completion");
  assert.match(answer.id, /^cmpl-/);
  assert.equal(answer.choices[0]!.text!.split(" ").length, 5);
  assert.equal(answer.choices[0]!.finish_reason, "length");
  assert.equal(answer.usage!.prompt_tokens, 4);
});

test("the output limit is honoured under both names, and has a default", async (t) => {
  const client = await start(t);
  const tokens = async (extra: Record<string, unknown>): Promise<number> =>
    (await client.chat("Hi", { ignore_eos: true, ...extra })).usage!.completion_tokens;
  assert.equal(await tokens({}), 16);
  assert.equal(await tokens({ max_tokens: 3 }), 3);
  assert.equal(await tokens({ max_completion_tokens: 4 }), 4);
  assert.equal(await tokens({ max_tokens: 3, max_completion_tokens: 4 }), 4);
});

test("a prompt may be a list of strings or of token ids", async (t) => {
  const client = await start(t);
  const complete = async (prompt: unknown): Promise<Answer> =>
    (await (await client.post("/v1/completions", { model: "base", prompt, max_tokens: 4 })).json()) as Answer;
  const several = await complete(["first one", "another"]);
  assert.deepEqual(
    several.choices.map(({ index }) => index),
    [0, 1],
  );
  assert.equal(several.usage!.prompt_tokens, 3 + 2);
  assert.equal((await complete([10, 11, 12])).usage!.prompt_tokens, 3);
  const lists = await complete([[10, 11, 12], [13]]);
  assert.equal(lists.choices.length, 2);
  assert.equal(lists.usage!.prompt_tokens, 4);
});

test("content parts, tools and empty contents belong to the prompt", async (t) => {
  const client = await start(t);
  const tokens = async (body: Record<string, unknown>): Promise<number> =>
    (await client.chat("", body)).usage!.prompt_tokens;
  const plain = await tokens({ messages: [{ role: "user", content: "What is this?" }] });
  const parts = [
    { type: "text", text: "What is " },
    { type: "text", text: "this?" },
  ];
  assert.equal(await tokens({ messages: [{ role: "user", content: parts }] }), plain);
  const image = { type: "image_url", image_url: { url: "http://images.test/1.png" } };
  assert.ok((await tokens({ messages: [{ role: "user", content: [...parts, image] }] })) > plain);
  const tools = [{ type: "function", function: { name: "weather" } }];
  assert.ok((await tokens({ messages: [{ role: "user", content: "What is this?" }], tools })) > plain);
  const call = { role: "assistant", content: null, tool_calls: [{ id: "1", function: { name: "weather" } }] };
  assert.ok((await tokens({ messages: [{ role: "user", content: "What is this?" }, call] })) > plain);
});

test("a repeated prefix is reported as cached; another model or cache salt has its own", async (t) => {
  const client = await start(t, { loras: ["reviews-1"] });
  const cached = async (extra: Record<string, unknown>): Promise<number> =>
    (await client.chat("A long story. ".repeat(40), extra)).usage!.prompt_tokens_details.cached_tokens;
  assert.equal(await cached({}), 0);
  assert.equal(await cached({}), 144);
  assert.equal(await cached({ cache_salt: "mine" }), 0);
  assert.equal(await cached({ model: "reviews-1" }), 0);
  assert.equal(await cached({ model: "reviews-1" }), 144);
});

test("the same seed gives the same answers, whatever was asked before", async (t) => {
  const first = await start(t, { seed: 5 });
  const second = await start(t, { seed: 5 });
  const other = await start(t, { seed: 6 });
  await second.chat("Something else");
  const ask = { max_tokens: 200 };
  const { choices } = await first.chat("Tell me", ask);
  assert.deepEqual((await second.chat("Tell me", ask)).choices, choices);
  assert.deepEqual((await first.chat("Tell me", ask)).choices, choices);
  assert.notDeepEqual((await other.chat("Tell me", ask)).choices, choices);
  assert.notDeepEqual((await first.chat("Tell me", { ...ask, seed: 2 })).choices, choices);
});

test("an unknown model is not found, as vLLM says it", async (t) => {
  const client = await start(t);
  const response = await client.post("/v1/chat/completions", chatBody("Hi", { model: "nobody" }));
  assert.equal(response.status, 404);
  const message = "The model `nobody` does not exist.";
  assert.deepEqual(await response.json(), { error: { message, type: "NotFoundError", param: null, code: 404 } });
});

test("a bad request is refused by the name of its field", async (t) => {
  const client = await start(t, { maxModelLen: 64 });
  const bad: [string, unknown, RegExp][] = [
    ["/v1/chat/completions", "{", /not JSON/],
    ["/v1/chat/completions", "[]", /JSON object/],
    ["/v1/chat/completions", { messages: [] }, /^model is missing/],
    ["/v1/chat/completions", { model: 1 }, /^model must be a string, not 1/],
    ["/v1/chat/completions", { model: "base" }, /^messages must be/],
    ["/v1/chat/completions", { model: "base", messages: [] }, /^messages must be/],
    ["/v1/chat/completions", { model: "base", messages: ["Hi"] }, /^messages\[0\] must be an object/],
    ["/v1/chat/completions", { model: "base", messages: [{ content: "Hi" }] }, /^messages\[0\]\.role/],
    ["/v1/chat/completions", { model: "base", messages: [{ role: "user", content: 1 }] }, /^messages\[0\]\.content/],
    [
      "/v1/chat/completions",
      { model: "base", messages: [{ role: "user", content: [{ type: "text" }] }] },
      /^messages\[0\]\.content\[0\]\.text/,
    ],
    ["/v1/chat/completions", chatBody("Hi", { max_tokens: 0 }), /^max_tokens must be a whole number from 1, not 0/],
    ["/v1/chat/completions", chatBody("Hi", { stream: "yes" }), /^stream must be a boolean/],
    ["/v1/chat/completions", chatBody("Hi", { stream_options: {} }), /^stream_options/],
    ["/v1/chat/completions", chatBody("Hi", { n: 2 }), /^n must be 1/],
    ["/v1/chat/completions", chatBody("x".repeat(300)), /maximum context length is 64 tokens.*81 in the prompt/],
    ["/v1/chat/completions", chatBody("Hi", { max_tokens: 60 }), /maximum context length is 64 tokens/],
    ["/v1/completions", { model: "base" }, /^prompt must be/],
    ["/v1/completions", { model: "base", prompt: "" }, /^prompt must be/],
    ["/v1/completions", { model: "base", prompt: [] }, /^prompt must be/],
    ["/v1/completions", { model: "base", prompt: ["a", 1] }, /^prompt must be/],
    ["/v1/completions", { model: "base", prompt: [-1] }, /^prompt must be/],
  ];
  for (const [path, body, expected] of bad) {
    const response = await client.post(path, body);
    const { error } = (await response.json()) as ErrorAnswer;
    assert.equal(response.status, 400, error.message);
    assert.match(error.message, expected);
    assert.deepEqual([error.type, error.param, error.code], ["BadRequestError", null, 400]);
  }
  assert.equal((await client.state()).live.requestsServed, 0);
});

test("models, health, version, and nothing else", async (t) => {
  const client = await start(t, { loras: ["reviews-1", "reviews-2"], name: "sim-9" });
  const models = (await (await client.get("/v1/models")).json()) as { object: string; data: Record<string, unknown>[] };
  assert.equal(models.object, "list");
  assert.deepEqual(
    models.data.map(({ id, parent }) => [id, parent]),
    [
      ["base", null],
      ["reviews-1", "base"],
      ["reviews-2", "base"],
    ],
  );
  assert.equal((await client.get("/health")).status, 200);
  assert.deepEqual(Object.keys((await (await client.get("/version")).json()) as object), ["version"]);
  const absent = await client.get("/v1/nothing?a=b");
  assert.equal(absent.status, 404);
  assert.equal(absent.headers.get("x-inference-pod"), "sim-9");
  assert.equal(((await absent.json()) as ErrorAnswer).error.message, "there is nothing at /v1/nothing");
  const wrong = await client.get("/v1/completions");
  assert.deepEqual([wrong.status, wrong.headers.get("allow")], [405, "POST"]);
});

test("a client that goes away in the middle of its request harms nobody", async (t) => {
  const client = await start(t);
  const socket = connect(client.port, "127.0.0.1");
  const headers = "host: x\r\ncontent-length: 1000\r\nexpect: 100-continue";
  socket.write(`POST /v1/completions HTTP/1.1\r\n${headers}\r\n\r\n`);
  const [interim] = await once(socket, "data");
  assert.match(String(interim), /100 Continue/);
  socket.destroy();
  await client.chat("Hi");
  await client.chat("Hi again");
});
