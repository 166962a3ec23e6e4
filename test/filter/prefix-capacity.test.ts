// How much of its prompts an endpoint is trusted to hold: what the plan or its engine says, and what its answers show.

import assert from "node:assert/strict";
import { test } from "node:test";
import { answer, ask, completion, exchange, explained, pickOf, serving, text, type Worker } from "./exchanges.ts";
import { byAddress, explainedProfile } from "./explanation.ts";
import { endpoints, sample, samples } from "./pools.ts";
import { prefix, profile, queue } from "./steps.ts";

const PLAN = [profile("default", queue(), prefix(3))];
const BLOCKS = 16;
const STORY = completion(text("story", BLOCKS));

function heldAt(worker: Worker, body: unknown, address: string): number {
  const details = explainedProfile(explained(worker, body));
  return byAddress(details, details.signals.matchedBlocks).get(address)!;
}

/** The prompt goes to where it is held, and the engine says how many of its 1,024 tokens it had cached. */
function reportCached(worker: Worker, usage: Record<string, unknown>): string {
  const stream = ask(worker, STORY);
  const home = pickOf(stream);
  answer(stream, { choices: [], usage }).close();
  return home;
}

const openAi = (cached: number) => ({
  prompt_tokens: 1024,
  completion_tokens: 10,
  prompt_tokens_details: { cached_tokens: cached },
});

test("as many blocks as the plan says are remembered of an endpoint, a prompt's first the longest", () => {
  const { worker } = serving(1, PLAN, { settings: { lruBlocks: 8 } });
  exchange(worker, STORY);
  assert.equal(heldAt(worker, STORY, "10.0.0.1:8000"), 8);
});

test("without a number in the plan, the engine's blocks count", () => {
  const { rig, pool, worker } = serving(2, PLAN, { settings: { lruBlocks: 0 } });
  // 40 blocks of 16 tokens are 10 of 64; the other engine says nothing.
  rig.stream.message(pool.load([sample({ blockCount: 40, counter: 2 }), sample({ blockCount: 0, counter: 2 })]));
  const [first, second] = endpoints(2).map(({ address }) => address) as [string, string];
  for (let i = 0; i < 40; i++) {
    const stream = ask(worker, STORY);
    answer(stream, "{}", i % 2 === 0 ? first : second).close();
  }
  assert.equal(heldAt(worker, STORY, first), 10);
  assert.equal(heldAt(worker, STORY, second), 16);
});

test("an endpoint that has cached less than expected is trusted with less, until answers fit again", () => {
  const { rig, pool, worker } = serving(3, PLAN, { settings: { lruBlocks: BLOCKS } });
  const home = exchange(worker, STORY);
  const load = () => rig.stream.message(pool.load(samples(3)));
  const heldHere = () => {
    load();
    exchange(worker, STORY);
    return heldAt(worker, STORY, home);
  };
  assert.equal(heldHere(), BLOCKS);
  let trust = 1;
  for (let i = 0; i < 8; i++) {
    assert.equal(reportCached(worker, openAi(0)), home);
    trust *= 0.9;
    const held = heldHere();
    assert.ok(held <= Math.floor(BLOCKS * trust + 1e-6), `${held} held with a trust of ${trust}`);
    assert.ok(held >= 1 && held >= Math.floor(BLOCKS * trust) - 2, `${held} held with a trust of ${trust}`);
  }
  for (let i = 0; i < 60; i++) {
    load();
    assert.equal(reportCached(worker, openAi(1024)), home);
  }
  assert.equal(heldHere(), BLOCKS);
});

test("however often it disappoints, an endpoint is trusted with a little", () => {
  const { rig, pool, worker } = serving(1, PLAN, { settings: { lruBlocks: 100 } });
  exchange(worker, STORY);
  for (let i = 0; i < 100; i++) {
    reportCached(worker, openAi(0));
    rig.stream.message(pool.load(samples(1)));
  }
  exchange(worker, STORY);
  assert.equal(heldAt(worker, STORY, "10.0.0.1:8000"), 2, "a fiftieth");
});

test("other endpoints keep their trust, and one that comes back has it again", () => {
  const { rig, pool, worker } = serving(2, PLAN, { settings: { lruBlocks: BLOCKS } });
  const home = exchange(worker, STORY);
  const [other] = endpoints(2).filter(({ address }) => address !== home);
  for (let i = 0; i < 10; i++) reportCached(worker, openAi(0));
  rig.stream.message(pool.load(samples(2)));
  const elsewhere = ask(worker, STORY);
  answer(elsewhere, "{}", other!.address).close();
  assert.equal(heldAt(worker, STORY, other!.address), BLOCKS);
  assert.ok(heldAt(worker, STORY, home) < BLOCKS);
  rig.stream.message(pool.roster([other!]), pool.load(samples(1)));
  rig.pass(50);
  rig.stream.message(pool.roster(endpoints(2)), pool.load(samples(2)));
  rig.pass(50);
  answer(ask(worker, STORY), "{}", home).close();
  assert.equal(heldAt(worker, STORY, home), BLOCKS);
});

test("an answer that fits, says nothing, or answers a prompt that was new costs no trust", () => {
  const usages: Record<string, unknown>[] = [
    openAi(1024),
    openAi(1024 - 102),
    { prompt_tokens: 2048, prompt_tokens_details: { cached_tokens: 2000 } }, // another tokenizer
    { prompt_tokens: 1024 },
    { input_tokens: 24, cache_read_input_tokens: 1000, output_tokens: 5 },
    {},
  ];
  for (const usage of usages) {
    const { rig, pool, worker } = serving(1, PLAN, { settings: { lruBlocks: BLOCKS } });
    exchange(worker, STORY);
    for (let i = 0; i < 10; i++) reportCached(worker, usage);
    rig.stream.message(pool.load(samples(1)));
    assert.equal(heldAt(worker, STORY, "10.0.0.1:8000"), BLOCKS, JSON.stringify(usage));
  }
  const { rig, pool, worker } = serving(1, PLAN, { settings: { lruBlocks: BLOCKS } });
  for (let i = 0; i < 10; i++) {
    const stream = ask(worker, completion(text(`new ${i}`, 4)));
    answer(stream, { usage: openAi(0) }).close();
  }
  exchange(worker, STORY);
  rig.stream.message(pool.load(samples(1)));
  assert.equal(heldAt(worker, STORY, "10.0.0.1:8000"), BLOCKS);
});
