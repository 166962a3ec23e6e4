import assert from "node:assert/strict";
import { test } from "node:test";
import { lastEvents, tokensEvent } from "../../../sidecar/simulate/answer.ts";
import { Engine, type Sequence } from "../../../simulator/engine.ts";
import { VirtualClock } from "../../../simulator/virtual-clock.ts";

function events(bytes: Uint8Array): unknown[] {
  const text = new TextDecoder().decode(bytes);
  assert.match(text, /\n\n$/);
  return text
    .slice(0, -2)
    .split("\n\n")
    .map((event) => {
      assert.ok(event.startsWith("data: "), event);
      const data = event.slice(6);
      return data === "[DONE]" ? data : JSON.parse(data);
    });
}

function finished(): Sequence {
  const clock = new VirtualClock();
  const timing = { prefillBaseMs: 1, prefillPerTokenMs: 0, decodePerTokenMs: 1, maxNumSeqs: 1, timeScale: 1 };
  const engine = new Engine({ ...timing, maxLoras: 1, blockSize: 16, numGpuBlocks: 16 }, clock);
  const spec = { adapter: null, promptTokens: 40, outputTokens: 3, finishReason: "stop" as const };
  const submit = () => engine.submit({ ...spec, blockHashes: [1, 2], onTokens: () => {} });
  submit();
  const second = submit();
  clock.runAll();
  return second;
}

test("tokens are words of one event", () => {
  const [event, ...others] = events(tokensEvent("base", 2)) as { choices: { text: string }[]; model: string }[];
  assert.equal(others.length, 0);
  assert.equal(event?.model, "base");
  assert.equal(event.choices[0]?.text, " word word");
});

test("an answer ends with its last text, the usage and the mark", () => {
  const [text, usage, mark] = events(lastEvents("base", 1, finished())) as [
    { choices: unknown[] },
    { choices: unknown[]; usage: unknown },
    string,
  ];
  assert.deepEqual(text.choices, [{ index: 0, text: " word", logprobs: null, finish_reason: "stop" }]);
  assert.deepEqual(usage.choices, []);
  assert.deepEqual(usage.usage, {
    prompt_tokens: 40,
    completion_tokens: 3,
    total_tokens: 43,
    prompt_tokens_details: { cached_tokens: 32 },
  });
  assert.equal(mark, "[DONE]");
});
