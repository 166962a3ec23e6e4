// Requests, answers and changes of the state in any order: nothing stays in flight, and memory settles.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { FilterStream } from "../../sidecar/wasm-host/stream.ts";
import { encodeGone } from "../../wire/encode.ts";
import { ask, bytesOf, completion, serving, text } from "./exchanges.ts";
import { configuration, endpoints, samples } from "./pools.ts";
import { POST, picksOf } from "./requests.ts";
import { latency, picker, prefix, profile, queue, session, tokenLoad } from "./steps.ts";

const STEPS = 20_000;
const MOST_OPEN = 60;
const PLANS = [
  [profile("spread", queue(2), prefix(3), picker(3))],
  [profile("fast", latency(), session())],
  [profile("even", tokenLoad(10_000), picker(2))],
];
const STORY = text("story", 40);
const USAGE = 'data: {"usage":{"prompt_tokens":500,"completion_tokens":20,"cached_tokens":10}}\n\n';

/** A request that is on its way, and how much of its body has passed. */
type Passing = { readonly stream: FilterStream; readonly body: Uint8Array; passed: number; ended: boolean };

/** Repeatable numbers from 0 to below `bound`. */
function chance(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % bound;
  };
}

for (const seed of [1, 2]) {
  test(`whatever comes in whatever order, nothing stays in flight (seed ${seed})`, () => {
    const below = chance(seed);
    const oneOf = <T>(list: readonly T[]): T => list[below(list.length)] as T;
    const { rig, pool, all } = serving(6, PLANS[0]!, { workers: 2 });
    const held = configuration({
      hold: "self",
      failureMode: "FailOpen",
      watchdog: "200ms",
      explainHeader: "x-explain",
    });
    const roots = all.map(({ vm, root }) => ({ vm, ids: [root, vm.createRoot(held)] }));
    const passing: Passing[] = [];

    const begin = () => {
      const { vm, ids } = oneOf(roots);
      const stream = vm.createStream(oneOf(ids));
      const explain = below(4) === 0 ? [["x-explain", String(below(5))] as const] : [];
      const ended = below(12) === 0;
      stream.onRequestHeaders([...POST, ...explain], ended);
      const prompt = STORY.slice(0, below(STORY.length));
      const fields = below(2) === 0 ? {} : { stream: true, max_tokens: below(100) };
      passing.push({ stream, body: bytesOf(completion(prompt, fields)), passed: 0, ended });
    };
    const goOn = (request: Passing) => {
      if (below(30) === 0) {
        request.stream.onRequestTrailers();
        return;
      }
      const ends = below(2) === 0;
      const to = ends ? request.body.length : request.passed + below(request.body.length - request.passed + 1);
      request.stream.onRequestBody(request.body.subarray(request.passed, to), ends && !request.ended);
      request.passed = to;
      request.ended ||= ends;
    };
    const answer = ({ stream }: Passing) => {
      const known = endpoints(8).map(({ address }) => address);
      const upstream = oneOf([undefined, "192.0.2.1:80", ...picksOf(stream), ...known]);
      stream.onResponseHeaders(upstream, [[":status", oneOf(["200", "200", "503", "400"])]], below(10) === 0);
    };
    const change = () => {
      if (rig.openStreams.length === 0) return;
      const count = 1 + below(8);
      const settings = { blockTokens: oneOf([0, 16, 64]), maxBlocks: 1 + below(300), outputRatio: below(3) };
      const blockSize = oneOf([0, 16, 32]);
      const kind = below(30);
      if (kind === 0) rig.stream.message(encodeGone(pool.pool));
      else if (kind === 1) rig.stream.close();
      else if (kind < 10) rig.stream.message(pool.plan(oneOf(PLANS), settings));
      else rig.stream.message(pool.roster(endpoints(count)), pool.plan(), pool.load(samples(count, { blockSize })));
    };

    const run = (steps: number) => {
      for (let step = 0; step < steps; step++) {
        const kind = below(100);
        if (kind < 25) {
          if (passing.length < MOST_OPEN) begin();
        } else if (kind >= 97) change();
        else if (kind >= 94) rig.pass(10 * below(5));
        else if (passing.length === 0) continue;
        else if (kind < 60) goOn(oneOf(passing));
        else if (kind < 75) answer(oneOf(passing));
        else if (kind < 85) {
          oneOf(passing).stream.onResponseBody(bytesOf(USAGE.slice(0, below(USAGE.length + 1))), below(4) === 0);
        } else passing.splice(below(passing.length), 1)[0]?.stream.close();
      }
    };
    run(STEPS / 2);
    const bytes = all.map(({ vm }) => vm.memoryBytes);
    run(STEPS / 2);
    assert.deepEqual(
      all.map(({ vm }) => vm.memoryBytes),
      bytes,
    );

    for (const { stream } of passing) stream.close();
    rig.pass(2000);
    rig.stream.message(...pool.start(endpoints(1)));
    const inFlight = () => {
      rig.pass(200);
      const entries = rig.stream.flights.at(-1)?.entries ?? [];
      return entries.map(({ requests, tokens, prefill }) => ({ requests, tokens, prefill }));
    };
    assert.deepEqual(inFlight(), []);
    assert.equal(rig.metrics.value("inline_epp_in_flight"), 0);
    const streams = all.map((worker) => ask(worker, completion(text("another", 4))));
    assert.deepEqual(inFlight(), [{ requests: 2, tokens: 512, prefill: 512 }]);
    for (const stream of streams) stream.close();
    assert.deepEqual(inFlight(), []);
  });
}
