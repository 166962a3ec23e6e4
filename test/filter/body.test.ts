// Request bodies as the gateway passes them: in pieces, whole or broken, and what the decision learns from them.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as L from "../../wire/layout.ts";
import { findingsOf } from "../body/model.ts";
import { Dice } from "../reference/random-state.ts";
import { BLOCK, bytesOf, completion, explained, serving, text, type Worker, warm } from "./exchanges.ts";
import { explainedProfile, explanationOf, scoresOf } from "./explanation.ts";
import { endpoints, sample } from "./pools.ts";
import { POST } from "./requests.ts";
import { prefix, profile, queue, scorer } from "./steps.ts";

const PLAN = [profile("default", queue(), prefix())];

/** Length of the prompt and its blocks, of a body that passes in pieces that end at these bytes. */
function found(worker: Worker, body: Uint8Array, ends: readonly number[], trailers = false): [number, number] {
  const stream = worker.vm.createStream(worker.root);
  stream.onRequestHeaders([...POST, ["x-explain", "1"]], false);
  let at = 0;
  for (const end of [...ends, body.length]) {
    stream.onRequestBody(body.subarray(at, end), end === body.length && !trailers);
    at = end;
  }
  if (trailers) stream.onRequestTrailers();
  stream.onResponseHeaders(undefined);
  stream.close();
  const { promptTokens, promptBlocks } = explanationOf(stream);
  return [promptTokens, promptBlocks];
}

const CHAT = {
  model: "base",
  tools: [{ type: "function", function: { name: "weather", description: text("tool", 3) } }],
  messages: [
    { role: "system", content: text("rules", 4) },
    { role: "user", content: [{ type: "text", text: `${text("question é 漢字 🙂", 3)}\n\t"quoted"` }] },
  ],
  stream: true,
};

for (const hold of ["buffer", "self"]) {
  test(`hold ${hold}: wherever a body is cut, the same is found`, () => {
    const { worker } = serving(1, PLAN, { fields: { hold } });
    const body = bytesOf(CHAT);
    const model = findingsOf(body, BLOCK, 256);
    const expected = [Math.ceil(model.promptBytes / 4), model.blocks.length];
    assert.ok(model.blocks.length >= 8);
    assert.deepEqual(found(worker, body, []), expected);
    const dice = new Dice(7);
    for (let i = 0; i < 200; i++) {
      const ends = Array.from({ length: dice.integer(1, 6) }, () => dice.integer(0, body.length));
      assert.deepEqual(
        found(
          worker,
          body,
          ends.sort((a, b) => a - b),
          dice.chance(0.2),
        ),
        expected,
        `${ends}`,
      );
    }
    const bytes = Array.from({ length: body.length - 1 }, (_, index) => index + 1);
    if (hold === "buffer") assert.deepEqual(found(worker, body, bytes), expected, "byte by byte");
  });

  test(`hold ${hold}: a body of many slices is read to its end`, () => {
    const { worker } = serving(1, PLAN, { fields: { hold }, settings: { maxBlocks: 4096 } });
    const prompt = "0123456789abcdef".repeat(50_000);
    const body = bytesOf(completion(prompt));
    assert.deepEqual(found(worker, body, []), [200_000, 3125]);
    assert.deepEqual(found(worker, body, [1, 32_768, 100_000, 700_001]), [200_000, 3125]);
  });
}

test("no more blocks are looked at than the plan says, and all tokens are counted", () => {
  const { rig, pool, worker } = serving(1, PLAN, { settings: { maxBlocks: 5 } });
  const body = bytesOf(completion(text("story", 20)));
  assert.deepEqual(found(worker, body, [500]), [1280, 5]);
  rig.stream.message(pool.plan(PLAN, { maxBlocks: 9, blockTokens: 16 }));
  warm(worker);
  assert.deepEqual(found(worker, body, [500]), [1280, 9]);
});

test("a block is as long as the engines' own where the plan leaves it to them, and 16 tokens at least", () => {
  const blocksWith = (blockSize: number) => {
    const { rig, pool, worker } = serving(1, PLAN, { settings: { blockTokens: 0, maxBlocks: 4096 } });
    rig.stream.message(pool.load([sample({ blockSize, counter: 2 })]));
    warm(worker);
    return found(worker, bytesOf(completion(text("story", 16))), [])[1]; // 1,024 tokens
  };
  assert.deepEqual([0, 1, 16, 64, 65, 128, 512, 100_000].map(blocksWith), [64, 64, 64, 16, 15, 8, 2, 1]);
});

test("of what is no JSON object nothing is known, and it is decided all the same", () => {
  const { worker } = serving(2, PLAN);
  const story = JSON.stringify(completion(text("story", 4)));
  const bodies = ["no JSON", "[1, 2]", '"text"', story.slice(0, -1), `${story}x`, story.replace(":", ";"), "\u0000"];
  for (const body of bodies) {
    assert.deepEqual(found(worker, bytesOf(body), [3].slice(0, body.length > 3 ? 1 : 0)), [0, 0], body.slice(0, 20));
  }
  assert.deepEqual(found(worker, new Uint8Array(), []), [0, 0]);
  assert.deepEqual(found(worker, bytesOf(story), []), [256, 4], "and the next is read again");
});

test("the model's name finds its adapter", () => {
  const lora = [profile("default", scorer(L.PLUGIN_LORA_AFFINITY_SCORER, "lora"))];
  const { rig, pool, worker } = serving(4, lora);
  rig.stream.message(
    pool.load([
      sample({ runningAdapters: ["sql", "größe"], maxAdapters: 2, counter: 2 }),
      sample({ waitingAdapters: ["sql"], runningAdapters: ["x"], maxAdapters: 2, counter: 2 }),
      sample({ maxAdapters: 1, counter: 2 }),
      sample({ counter: 2 }),
    ]),
  );
  const scores = (body: unknown) => {
    const found = scoresOf(explainedProfile(explained(worker, body)), "lora");
    return endpoints(4).map(({ address }) => found.get(address));
  };
  assert.deepEqual(scores({ model: "sql" }), [1, 0.6, 0.8, 0]);
  assert.deepEqual(scores({ prompt: "the model's name comes last", model: "größe" }), [1, 0, 0.8, 0]);
  assert.deepEqual(scores('{"model":"\\u0073ql"}'), [1, 0.6, 0.8, 0]);
  assert.deepEqual(scores({ model: "base" }), [0, 0, 0.8, 0]);
  assert.deepEqual(scores({ messages: [{ model: "sql" }] }), [0, 0, 0.8, 0]);
});

test("a request that begins before there is a pool is decided once there is one", () => {
  const { rig, pool, worker } = serving(1, PLAN);
  const { vm } = worker;
  const root = vm.createRoot(
    JSON.stringify({ stateCluster: "sidecar", pool: "default/later", explainHeader: "x-explain" }),
  );
  const body = bytesOf(completion(text("story", 4)));
  const stream = vm.createStream(root);
  stream.onRequestHeaders([...POST, ["x-explain", "1"]], false);
  stream.onRequestBody(body.subarray(0, 300), false);
  const later = new (pool.constructor as new (name: string) => typeof pool)("default/later");
  rig.stream.message(later.roster(endpoints(1)), later.plan(PLAN), later.load([sample()]));
  stream.onRequestBody(body.subarray(300), true);
  stream.onResponseHeaders(undefined);
  assert.deepEqual(explanationOf(stream).promptBlocks, 4);
});
