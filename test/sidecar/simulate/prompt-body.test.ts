import assert from "node:assert/strict";
import { test } from "node:test";
import { completionBody } from "../../../sidecar/simulate/prompt-body.ts";
import type { TraceRequest } from "../../../sidecar/simulate/trace.ts";
import { request } from "./traces.ts";

function promptOf(one: TraceRequest): string {
  return JSON.parse(new TextDecoder().decode(completionBody(one, "base"))).prompt;
}

test("a body is a streamed completion that asks for usage", () => {
  const { prompt, ...fields } = JSON.parse(new TextDecoder().decode(completionBody(request(), 'a "model"')));
  assert.deepEqual(fields, { model: 'a "model"', stream: true, stream_options: { include_usage: true } });
  assert.equal(prompt.length, 2048);
});

test("prompts have four bytes per token, 2,048 per id, and the last id's text is cut", () => {
  const whole = promptOf(request({ promptTokens: 1536, hashIds: [1, 2, 3] }));
  assert.equal(whole.length, 6144);
  assert.equal(promptOf(request({ promptTokens: 1025, hashIds: [1, 2, 3] })), whole.slice(0, 4100));
});

test("equal ids have equal text wherever they stand, different ids differ at once", () => {
  const one = promptOf(request({ promptTokens: 1024, hashIds: [1, 2] }));
  const other = promptOf(request({ promptTokens: 1024, hashIds: [2, 1] }));
  assert.equal(one.slice(0, 2048), other.slice(2048));
  assert.equal(one.slice(2048), other.slice(0, 2048));
  const ids = [...Array(2000).keys(), 2 ** 32, 2 ** 32 + 1, 2 ** 33, Number.MAX_SAFE_INTEGER];
  const starts = ids.map((id) => promptOf(request({ hashIds: [id] })).slice(0, 64));
  assert.equal(new Set(starts).size, ids.length);
});

test("the text needs no escapes and does not repeat", () => {
  const text = promptOf(request({ hashIds: [123] }));
  assert.match(text, /^[A-Za-z0-9 .]+$/);
  const tokens = text.match(/.{4}/g)!;
  assert.ok(new Set(tokens).size > 500, `${new Set(tokens).size} different tokens of ${tokens.length}`);
});
