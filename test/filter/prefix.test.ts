// Prompts go back to where their beginning is cached.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { FilterStream } from "../../sidecar/wasm-host/stream.ts";
import { encodeJournal } from "../../wire/encode.ts";
import { RECORD_HELD, RECORD_LOST } from "../../wire/layout.ts";
import { xxh64 } from "../../wire/xxh64.ts";
import { findingsOf } from "../body/model.ts";
import {
  answer,
  ask,
  BLOCK,
  bytesOf,
  completion,
  exchange,
  explained,
  pickOf,
  serving,
  text,
  type Worker,
} from "./exchanges.ts";
import { byAddress, explainedProfile } from "./explanation.ts";
import { endpoints, sample, samples } from "./pools.ts";
import { picksOf } from "./requests.ts";
import { kvCache, picker, prefix, profile, queue } from "./steps.ts";

/** As plans mostly weigh them. */
const PLAN = [profile("default", queue(2), kvCache(2), prefix(3))];

/** Blocks of a request's prompt that each endpoint holds, those that hold none left out. */
function held(worker: Worker, body: unknown): Record<string, number> {
  const profile = explainedProfile(explained(worker, body));
  const blocks = [...byAddress(profile, profile.signals.matchedBlocks)];
  return Object.fromEntries(blocks.filter(([, count]) => count !== 0).sort()) as Record<string, number>;
}

test("a prompt, and one that goes on from it, goes back to where it was answered", () => {
  const { worker } = serving(5, PLAN);
  const story = text("story", 8);
  const home = exchange(worker, completion(story));
  for (let i = 0; i < 20; i++) {
    assert.equal(exchange(worker, completion(story)), home);
    assert.equal(exchange(worker, completion(`${story}.${text(`reply ${i}`, 4)}`)), home);
  }
  assert.deepEqual(held(worker, completion(story)), { [home]: 8 });
  assert.deepEqual(held(worker, completion(`${story.slice(0, 5 * BLOCK)}, otherwise`)), { [home]: 5 });
  assert.deepEqual(held(worker, completion(`x${story}`)), {}, "another beginning");
});

test("a conversation stays where its first turns were answered", () => {
  const { worker } = serving(5, PLAN);
  const messages = [
    { role: "system", content: text("rules", 3) },
    { role: "user", content: text("question", 2) },
  ];
  const home = exchange(worker, { model: "base", messages });
  for (let turn = 0; turn < 5; turn++) {
    messages.push({ role: "assistant", content: text(`answer ${turn}`, 2) });
    messages.push({ role: "user", content: text(`question ${turn}`, 1) });
    assert.equal(exchange(worker, { model: "base", messages }), home);
  }
});

test("another model or cache salt shares nothing, other parameters share everything", () => {
  const { worker } = serving(3, PLAN);
  const story = text("story", 4);
  const home = exchange(worker, completion(story, { cache_salt: "tenant", temperature: 1 }));
  const salted = { cache_salt: "tenant" };
  assert.deepEqual(held(worker, completion(story, { ...salted, model: "adapter" })), {});
  assert.deepEqual(held(worker, completion(story)), {});
  assert.deepEqual(held(worker, completion(story, { cache_salt: "other" })), {});
  assert.deepEqual(held(worker, completion(story, { ...salted, temperature: 0, max_tokens: 5, stream: true })), {
    [home]: 4,
  });
});

test("a beginning that all requests share leaves no endpoint without work", () => {
  const { rig, pool, worker } = serving(6, PLAN);
  const rules = text("rules", 10);
  const running = new Map(endpoints(6).map(({ address }) => [address, [] as FilterStream[]]));
  const total = new Map(endpoints(6).map(({ address }) => [address, 0]));
  for (let i = 0; i < 1200; i++) {
    const stream = ask(worker, completion(`${rules}.${text(`question ${i}`, 2)}`));
    const picked = pickOf(stream);
    answer(stream);
    running.get(picked)!.push(stream);
    if (i >= 600) total.set(picked, total.get(picked)! + 1);
    if (i % 10 !== 9) continue;
    // Ten come in 50 ms and a sixteenth of those that run ends: about 160 run, where each engine has room for 32.
    rig.pass(50);
    const loads = [...running.values()].map((streams) => {
      for (const done of streams.splice(0, Math.round(Math.min(streams.length, 32) / 16))) done.close();
      const here = Math.min(streams.length, 32);
      return sample({ counter: i, running: here, waiting: streams.length - here, kvUsage: here / 32 });
    });
    rig.stream.message(pool.load(loads));
  }
  for (const [address, count] of total) assert.ok(count > 50, `${address} got ${count} of 600, not about 100`);
});

test("the endpoint that really served holds the prompt, not the one that was picked", () => {
  const { worker } = serving(3, [profile("default", queue(2), prefix(3), picker(2))]);
  const stream = ask(worker, completion(text("story", 4)));
  const [first, second] = picksOf(stream) as [string, string];
  assert.notEqual(first, second);
  assert.deepEqual(held(worker, completion(text("story", 4))), { [first]: 4 }, "picked");
  answer(stream, "{}", second).close();
  assert.deepEqual(held(worker, completion(text("story", 4))), { [second]: 4 });
});

test("a prompt that reached nobody is held by nobody, and what was held before stays", () => {
  const { worker } = serving(3, PLAN);
  const story = text("story", 4);
  ask(worker, completion(story)).close();
  assert.deepEqual(held(worker, completion(story)), {}, "the client left");
  const refused = ask(worker, completion(story));
  refused.onResponseHeaders(undefined);
  refused.close();
  assert.deepEqual(held(worker, completion(story)), {}, "the gateway answered");

  const home = exchange(worker, completion(story.slice(0, 2 * BLOCK)));
  const longer = ask(worker, completion(story));
  assert.equal(pickOf(longer), home);
  assert.deepEqual(held(worker, completion(story)), { [home]: 4 });
  longer.close();
  assert.deepEqual(held(worker, completion(story)), { [home]: 2 });
});

test("a prompt of two requests stays where one of them is answered, though the other never was", () => {
  const { worker } = serving(2, [profile("default", prefix(3))]);
  const story = text("story", 4);
  const first = ask(worker, completion(story));
  const second = ask(worker, completion(story));
  const home = pickOf(first);
  assert.equal(pickOf(second), home);
  first.close();
  assert.deepEqual(held(worker, completion(story)), {});
  answer(second).close();
  assert.deepEqual(held(worker, completion(story)), { [home]: 4 });
});

test("an endpoint that has gone holds nothing when it comes back", () => {
  const { rig, pool, worker } = serving(3, PLAN);
  const story = text("story", 4);
  const home = exchange(worker, completion(story));
  const others = endpoints(3).filter(({ address }) => address !== home);
  rig.stream.message(pool.roster(others), pool.load(samples(2)));
  assert.notEqual(pickOf(ask(worker, completion(text("another", 1)))), home);
  rig.stream.message(pool.roster(endpoints(3)), pool.load(samples(3)));
  assert.deepEqual(held(worker, completion(story)), {});
});

test("other workers know where a prompt is after 100 ms, and that it is there no more", () => {
  const { rig, all } = serving(5, PLAN, { workers: 3 });
  const [one, two, three] = all as [Worker, Worker, Worker];
  const story = text("story", 4);
  const stream = ask(one, completion(story));
  const home = pickOf(stream);
  rig.pass(100);
  assert.deepEqual(held(two, completion(story)), { [home]: 4 });
  const elsewhere = ask(three, completion(story));
  assert.equal(pickOf(elsewhere), home);
  elsewhere.close();
  stream.close();
  rig.pass(100);
  for (const worker of all) assert.deepEqual(held(worker, completion(story)), {});
});

test("what other gateways have learned comes with the sidecar's journal", () => {
  const { rig, all } = serving(4, PLAN, { workers: 2 });
  const story = completion(text("story", 4));
  const { blocks } = findingsOf(bytesOf(story), BLOCK, 256);
  assert.equal(blocks.length, 4);
  const [, second] = endpoints(4);
  const tell = (kind: number, values: readonly bigint[]) => {
    const records = [{ kind, endpoint: xxh64(second!.address), values }];
    rig.stream.message(encodeJournal({ owner: 0n, first: 0n, records }));
    rig.pass(100);
  };
  tell(RECORD_HELD, blocks);
  for (const worker of all) assert.deepEqual(held(worker, story), { [second!.address]: 4 });
  tell(RECORD_LOST, blocks.slice(3));
  for (const worker of all) assert.equal(exchange(worker, story), second!.address);
});

test("a plan that does not ask for prefixes finds none, whatever the request before found", () => {
  const { rig, pool, worker } = serving(2, PLAN);
  const story = completion(text("story", 4));
  const home = exchange(worker, story);
  assert.deepEqual(held(worker, story), { [home]: 4 });
  rig.stream.message(pool.plan([profile("default", queue())]));
  explained(worker, "{}");
  assert.deepEqual(held(worker, completion(text("other", 4))), {});
  assert.deepEqual(held(worker, story), {});
});

test("a full index forgets for no request that reaches nobody what it held for others", () => {
  const { worker } = serving(1, PLAN, { settings: { lruBlocks: 16 } });
  const story = completion(text("story", 14));
  exchange(worker, completion(text("early", 2)));
  exchange(worker, story);
  ask(worker, completion(`${text("story", 14)}.${text("more", 6)}`)).close();
  const [left] = Object.values(held(worker, story));
  assert.ok(left !== undefined && left >= 8, `${left} of 14 blocks`);
});
