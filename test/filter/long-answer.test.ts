// An answer of 10,000 tokens, an event each: what a piece costs does not depend on how many came before it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeObserved } from "../../wire/decode-observed.ts";
import { ask, bytesOf, completion, pickOf, serving } from "./exchanges.ts";
import { latency, picker, prefix, profile, queue } from "./steps.ts";

const TOKENS = 10_000;
const HEADERS = [
  [":status", "200"],
  ["content-type", "text/event-stream"],
] as const;
/** The pieces after the first ones, whose calls must all be alike. */
const SETTLED = 4;

const event = (model: string, text: string) =>
  bytesOf(`data: {"id":"c-1","object":"text_completion","model":"${model}","choices":[{"text":"${text}"}]}\n\n`);
const LAST = bytesOf(
  'data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":10000,"prompt_tokens_details":{"cached_tokens":4}}}' +
    "\n\ndata: [DONE]\n\n",
);

/** A worker whose pool has every part that reads answers; `renaming`: and replaces the model. */
function reading(renaming: boolean) {
  const setting = serving(2, [profile("default", queue(), prefix(), latency(), picker())]);
  const { rig, pool } = setting;
  const rules = renaming ? [{ models: ["base"], targets: [{ model: "tuned-for-tests", weight: 1 }] }] : [];
  rig.stream.message(pool.policy({ rules }));
  rig.pass(300);
  for (const call of rig.calls.splice(0)) call.done(new Uint8Array());
  return setting;
}

for (const renaming of [false, true]) {
  const model = renaming ? "tuned-for-tests" : "base";
  const how = renaming ? "with the model renamed" : "untouched";

  test(`a long answer, ${how}: every piece takes the same calls of the host, and no memory`, () => {
    const { rig, worker } = reading(renaming);
    const { vm } = worker;
    const stream = ask(worker, completion("Hello", { stream: true }));
    stream.onResponseHeaders(pickOf(stream), HEADERS);
    let first: string[] | undefined;
    let memory = 0;
    for (let token = 0; token < TOKENS; token++) {
      rig.now += 1000n;
      vm.calls = [];
      stream.onResponseBody(event(model, `word ${token % 10}`), false);
      if (token === SETTLED) {
        first = vm.calls;
        memory = vm.memoryBytes;
      }
      if (token > SETTLED) assert.deepEqual(vm.calls, first, `at token ${token}`);
    }
    vm.calls = undefined;
    assert.match(Buffer.from(stream.passed).toString(), /"model":"base"/);
    assert.ok(first!.length <= (renaming ? 3 : 1), `calls: ${first}`);
    assert.equal(vm.memoryBytes, memory);
    stream.onResponseBody(LAST, true);
    stream.close();
    rig.pass(260);
    const [record] = decodeObserved(rig.calls.at(-1)!.message).records;
    const { chunks, prompt, output, cached, ttft, itl } = record!;
    // The first event came 1 ms after the headers, the last piece with the 10,000th.
    assert.deepEqual([chunks, prompt, output, cached, ttft], [TOKENS + 1, 7, 10_000, 4, 1000]);
    assert.equal(itl, Math.floor(((TOKENS - 1) / TOKENS) * 1000));
  });

  test(`many long answers at once, ${how}: no more memory the longer they get`, () => {
    const { worker } = reading(renaming);
    const streams = Array.from({ length: 50 }, () => ask(worker, completion("Hello", { stream: true })));
    for (const stream of streams) stream.onResponseHeaders(pickOf(stream), HEADERS);
    const piece = event(model, "word");
    // Cut within the model's name: what is kept of a piece is for the next one.
    const cuts = [0, piece.indexOf(0x22, 40) + 12, piece.length];
    const round = () => {
      for (const stream of streams) {
        for (let part = 1; part < cuts.length; part++) {
          stream.onResponseBody(piece.subarray(cuts[part - 1], cuts[part]), false);
        }
      }
    };
    for (let token = 0; token < 10; token++) round();
    const memory = worker.vm.memoryBytes;
    for (let token = 10; token < 1000; token++) round();
    assert.equal(worker.vm.memoryBytes, memory);
    for (const stream of streams) stream.close();
  });
}
