// Prefill, decode and encode on endpoints of their own: who is picked, and how the picks travel.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { FilterStream } from "../../sidecar/wasm-host/stream.ts";
import * as L from "../../wire/layout.ts";
import { answer, ask, completion, exchange, explained, pickOf, serving, text, type Worker } from "./exchanges.ts";
import { byAddress, explanationOf } from "./explanation.ts";
import { endpoint, sample } from "./pools.ts";
import { DESTINATION, POST, picksOf } from "./requests.ts";
import { labelFilter, picker, prefix, profile, queue, tokenLoad } from "./steps.ts";

const ROLE = "llm-d.ai/role";
const PREFILLER = "x-prefiller-host-port";
const ENCODERS = "x-encoder-hosts-ports";

function withRole(number: number, role: string) {
  return endpoint(number, { labels: role === "" ? {} : { [ROLE]: role } });
}

const LIST = [
  withRole(1, "decode"),
  withRole(2, "decode"),
  withRole(3, "prefill"),
  withRole(4, "prefill"),
  withRole(5, "encode"),
  withRole(6, "encode"),
];
const DECODERS = ["10.0.0.1:8000", "10.0.0.2:8000"];
const PREFILLERS = ["10.0.0.3:8000", "10.0.0.4:8000"];
const ENCODER_LIST = ["10.0.0.5:8000", "10.0.0.6:8000"];

const role = (...values: string[]) => labelFilter("role", { key: ROLE, operator: L.TERM_IN, values });
const PROFILES = [
  profile("decode", role("decode"), queue(2), prefix(3)),
  profile("prefill", role("prefill"), queue(2), prefix(3)),
  profile("encode", role("encode"), queue(), picker(2)),
];

/** Deciders of the two stages beside decode, and what prefill's goes by. */
function settings(prefill: number, encode: number, { nonCached = 0, least = 0, port = 0 } = {}) {
  return {
    handler: L.HANDLER_DISAGG,
    handlerParameters: [0, 1, 2, prefill, nonCached, least, encode, port],
  };
}

/** Where the parts of a request's work go, by filter state. */
function parts({ state }: FilterStream) {
  return { dest: state.get("dest"), prefiller: state.get("prefiller"), encoders: state.get("encoders") };
}

const IMAGES = {
  model: "base",
  messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: "https://example.com/a.png" } }] }],
};

test("where deciders always say so, a decoder, a prefiller and encoders are picked, each of its role", () => {
  const { worker } = serving(6, PROFILES, { list: LIST, settings: settings(L.DECIDER_ALWAYS, L.DECIDER_ALWAYS) });
  const seen = new Set<string>();
  for (let i = 0; i < 40; i++) {
    const { dest, prefiller, encoders } = parts(ask(worker, completion(text(`story ${i}`, 2))));
    assert.ok(DECODERS.includes(dest!) && PREFILLERS.includes(prefiller!));
    assert.deepEqual(encoders?.split(",").sort(), ENCODER_LIST);
    seen.add(dest!).add(prefiller!).add(encoders!);
  }
  assert.equal(seen.size, 6, "every decoder, every prefiller, encoders in either order");
});

test("where deciders never say so, only a decoder is picked", () => {
  const { worker } = serving(6, PROFILES, { list: LIST, settings: settings(L.DECIDER_NEVER, L.DECIDER_NEVER) });
  const { dest, prefiller, encoders } = parts(ask(worker, IMAGES));
  assert.ok(DECODERS.includes(dest!));
  assert.deepEqual([prefiller, encoders], [undefined, undefined]);
});

test("media decide for encoders", () => {
  const { worker } = serving(6, PROFILES, { list: LIST, settings: settings(L.DECIDER_NEVER, L.DECIDER_MULTIMODAL) });
  assert.equal(parts(ask(worker, completion("text only"))).encoders, undefined);
  assert.deepEqual(parts(ask(worker, IMAGES)).encoders?.split(",").sort(), ENCODER_LIST);
});

test("a prompt that the decoder has not cached is prefilled elsewhere, one that it has is not", () => {
  const by = settings(L.DECIDER_PREFIX, L.DECIDER_NEVER, { nonCached: 128 });
  const { worker } = serving(6, PROFILES, { list: LIST, settings: by });
  const story = completion(text("story", 4));
  assert.ok(PREFILLERS.includes(parts(ask(worker, story)).prefiller!), "256 tokens, none cached");
  const home = exchange(worker, story);
  const again = ask(worker, story);
  assert.equal(pickOf(again), home);
  assert.equal(parts(again).prefiller, undefined, "all cached");
  assert.equal(parts(ask(worker, completion(text("short", 1)))).prefiller, undefined, "64 tokens are too few");
  assert.ok(parts(ask(worker, completion(`${text("story", 4)}.${text("more", 3)}`))).prefiller, "192 more");
});

test("a prompt shorter than promptTokens is never prefilled elsewhere", () => {
  const by = settings(L.DECIDER_PREFIX, L.DECIDER_NEVER, { nonCached: 64, least: 200 });
  const { worker } = serving(6, PROFILES, { list: LIST, settings: by });
  assert.equal(parts(ask(worker, completion(text("short", 3)))).prefiller, undefined, "192 tokens");
  assert.ok(parts(ask(worker, completion(text("long", 4)))).prefiller, "256 tokens");
});

test("where nobody can prefill or encode, the decoder does it all; where nobody decodes, the answer is 429", () => {
  const by = settings(L.DECIDER_ALWAYS, L.DECIDER_ALWAYS);
  const { rig, pool, worker } = serving(6, PROFILES, { list: LIST, settings: by });
  const without = (...gone: number[]) =>
    pool.load(LIST.map((_, index) => sample({ ready: !gone.includes(index + 1), counter: 2 })));
  rig.stream.message(without(3, 4, 5, 6));
  const alone = parts(ask(worker, IMAGES));
  assert.ok(DECODERS.includes(alone.dest!));
  assert.deepEqual([alone.prefiller, alone.encoders], [undefined, undefined]);
  rig.stream.message(without(1, 2));
  const none = ask(worker, IMAGES);
  assert.equal(none.localResponse?.status, 429);
  assert.deepEqual(parts(none), { dest: undefined, prefiller: undefined, encoders: undefined });
});

test("the explanation has a profile for each part, in the order in which they run", () => {
  const by = settings(L.DECIDER_ALWAYS, L.DECIDER_ALWAYS);
  const { worker } = serving(6, PROFILES, { list: LIST, settings: by });
  const stream = explained(worker, completion(text("story", 4)));
  const { profiles } = explanationOf(stream);
  assert.deepEqual(
    profiles.map(({ name }) => name),
    ["decode", "encode", "prefill"],
  );
  for (const part of profiles) {
    const step = part.steps[0]!;
    assert.ok("filter" in step);
    assert.equal(step.left, 2);
    assert.equal(part.candidates, 6);
    const kept = [...byAddress(part, step.kept)].filter(([, kept]) => kept === 1).map(([address]) => address);
    const expected = { decode: DECODERS, prefill: PREFILLERS, encode: ENCODER_LIST }[part.name];
    assert.deepEqual(kept.sort(), expected);
  }
});

test("hold self: the picks are headers", () => {
  const by = settings(L.DECIDER_ALWAYS, L.DECIDER_ALWAYS);
  const { worker } = serving(6, PROFILES, { list: LIST, settings: by, fields: { hold: "self" } });
  const { headers, state } = ask(worker, completion(text("story", 4)));
  assert.ok(DECODERS.includes(headers?.get(DESTINATION) ?? ""));
  assert.ok(PREFILLERS.includes(headers?.get(PREFILLER) ?? ""));
  assert.deepEqual(headers?.get(ENCODERS)?.split(",").sort(), ENCODER_LIST);
  assert.equal(state.size, 0);
});

for (const hold of ["buffer", "self"]) {
  test(`hold ${hold}: a client has no say in who prefills or encodes`, () => {
    const by = settings(L.DECIDER_NEVER, L.DECIDER_NEVER);
    const { worker } = serving(6, PROFILES, { list: LIST, settings: by, fields: { hold } });
    const forged = [PREFILLER, ENCODERS, "x-data-parallel-host-port"];
    const stream = ask(worker, IMAGES, ...forged.map((name) => [name, "169.254.169.254:80"] as const));
    for (const name of forged) assert.equal(stream.headers?.has(name), false, name);
    const bodyless = worker.vm.createStream(worker.root);
    bodyless.onRequestHeaders([...POST, ...forged.map((name) => [name, "169.254.169.254:80"] as const)], true);
    for (const name of forged) assert.equal(bodyless.headers?.has(name), false, `${name}, without a body`);
  });
}

test("prompts are held where they are decoded", () => {
  const by = settings(L.DECIDER_ALWAYS, L.DECIDER_NEVER);
  const { worker } = serving(6, PROFILES, { list: LIST, settings: by });
  const holders = (worker: Worker, body: unknown) => {
    const [decode] = explanationOf(explained(worker, body)).profiles;
    const blocks = [...byAddress(decode!, decode!.signals.matchedBlocks)];
    return blocks.filter(([, count]) => count !== 0).map(([address]) => address);
  };
  const story = completion(text("story", 4));
  const stream = ask(worker, story);
  answer(stream).close();
  assert.ok(holders(worker, story).includes(pickOf(stream)));
  assert.equal(pickOf(ask(worker, story)), pickOf(stream));
  assert.equal(picksOf(stream).length, 1);
});

test("a prompt is prefilled again where it was, whoever decodes", () => {
  const { worker } = serving(6, PROFILES, { list: LIST, settings: settings(L.DECIDER_ALWAYS, L.DECIDER_NEVER) });
  const story = completion(text("story", 6));
  const first = ask(worker, story);
  const { prefiller } = parts(first);
  answer(first).close();
  for (let i = 0; i < 20; i++) {
    const next = ask(worker, story);
    assert.equal(parts(next).prefiller, prefiller);
    answer(next).close();
  }
});

test("a prompt counts at its prefiller until the answer begins, and at its decoder to the end", () => {
  const profiles = [
    profile("decode", role("decode"), queue()),
    profile("prefill", role("prefill"), tokenLoad(1_000_000)),
  ];
  const list = LIST.slice(0, 4);
  const plan = { ...settings(L.DECIDER_ALWAYS, L.DECIDER_NEVER), handlerParameters: [0, 1, -1, L.DECIDER_ALWAYS] };
  const { rig, worker } = serving(4, profiles, { list, settings: plan });
  const inFlight = () => {
    rig.pass(20);
    return rig.metrics.value("inline_epp_in_flight");
  };
  const first = ask(worker, completion(text("one", 40)));
  const { prefiller } = parts(first);
  for (let i = 0; i < 10; i++) {
    const other = ask(worker, completion(text(`other ${i}`, 1)));
    assert.notEqual(parts(other).prefiller, prefiller, "2,560 tokens are ahead there");
    other.close();
  }
  assert.equal(inFlight(), 2, "one request, at two endpoints");
  first.onResponseHeaders(pickOf(first));
  first.onResponseBody(new TextEncoder().encode("data: {}\n\n"), false);
  assert.equal(inFlight(), 1);
  first.close();
  assert.equal(inFlight(), 0);
  const left = ask(worker, completion(text("two", 1)));
  left.close();
  assert.equal(inFlight(), 0, "a client that leaves before the answer leaves nothing at either");
});
