// Answers that say nothing of the endpoint's work: errors, and those that come when nothing has been decided yet.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { FilterStream } from "../../sidecar/wasm-host/stream.ts";
import {
  answer,
  ask,
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
import { endpoint, endpoints, samples } from "./pools.ts";
import { POST, picksOf } from "./requests.ts";
import type { Rig } from "./rig.ts";
import { latency, picker, prefix, profile, queue, session } from "./steps.ts";

const STORY = text("story", 4);

/** Blocks of a prompt that each endpoint is taken to hold, those that hold none left out. */
function held(worker: Worker, body: unknown = completion(STORY)): Record<string, number> {
  const profile = explainedProfile(explained(worker, body));
  return Object.fromEntries(
    [...byAddress(profile, profile.signals.matchedBlocks)].filter(([, count]) => count !== 0),
  ) as Record<string, number>;
}

/** An endpoint's predicted time to the first token; null: nobody has been observed yet. */
function predicted(worker: Worker, address: string): number | null {
  const profile = explainedProfile(explained(worker, completion("hello")));
  return byAddress(profile, profile.signals.ttft ?? []).get(address) ?? null;
}

/** A streamed answer whose first piece comes after so many milliseconds. */
function streamed(rig: Rig, worker: Worker, status: string, milliseconds: number, upstream?: string): string {
  const stream = ask(worker, completion(STORY, { stream: true }));
  const home = pickOf(stream);
  rig.now += BigInt(milliseconds * 1000);
  stream.onResponseHeaders(upstream ?? home, [[":status", status]]);
  stream.onResponseBody(bytesOf(status === "200" ? 'data: {"choices":[]}\n\n' : '{"error":{}}'), true);
  stream.close();
  return home;
}

test("an error teaches no latency, however fast it comes", () => {
  for (const status of ["400", "404", "429", "500", "503", "504"]) {
    const { rig, worker } = serving(1, [profile("default", latency())]);
    const home = streamed(rig, worker, status, 1);
    assert.equal(predicted(worker, home), null, status);
    streamed(rig, worker, "200", 800);
    const learned = predicted(worker, home);
    assert.ok(learned !== null && learned > 100, status);
    for (let i = 0; i < 20; i++) streamed(rig, worker, status, 1);
    assert.equal(predicted(worker, home), learned, status);
  }
});

test("an endpoint that answers with an error holds no more of the prompt than before", () => {
  const { worker } = serving(3, [profile("default", queue(), prefix(3), picker(2))]);
  const failed = ask(worker, completion(STORY));
  failed.onResponseHeaders(pickOf(failed), [[":status", "503"]]);
  assert.deepEqual(held(worker), {}, "the picked one");
  failed.close();
  const retried = ask(worker, completion(STORY));
  retried.onResponseHeaders(picksOf(retried)[1], [[":status", "500"]]);
  retried.onResponseBody(bytesOf("{}"), true);
  retried.close();
  assert.deepEqual(held(worker), {}, "the second of the list");

  const home = exchange(worker, completion(STORY));
  const longer = ask(worker, completion(`${STORY}.${text("more", 2)}`));
  longer.onResponseHeaders(home, [[":status", "400"]]);
  longer.close();
  assert.deepEqual(
    held(worker, completion(`${STORY}.${text("more", 2)}`)),
    { [home]: 3 },
    "a string's end is in its last block",
  );
});

test("an error gives no session", () => {
  const { worker } = serving(2, [profile("default", session())]);
  const stream = ask(worker, completion(STORY));
  stream.onResponseHeaders(pickOf(stream), [[":status", "503"]]);
  assert.equal(stream.responseHeaders?.has("x-session-token"), false);
  stream.close();
});

test("a prompt's computation has ended with an error's headers", () => {
  const { rig, worker } = serving(1, [profile("default", queue())]);
  const stream = ask(worker, completion(STORY));
  const told = () => {
    rig.pass(100);
    return rig.stream.flights.at(-1)?.entries.map(({ requests, tokens, prefill }) => ({ requests, tokens, prefill }));
  };
  assert.deepEqual(told(), [{ requests: 1, tokens: 256, prefill: 256 }]);
  stream.onResponseHeaders(pickOf(stream), [[":status", "500"]]);
  assert.deepEqual(told(), [{ requests: 1, tokens: 256, prefill: 0 }]);
  stream.close();
  assert.deepEqual(told(), []);
});

test("who was picked holds nothing where somebody unknown answers", () => {
  const { worker } = serving(3, [profile("default", queue(), prefix(3))]);
  const stream = ask(worker, completion(STORY));
  stream.onResponseHeaders("192.0.2.1:80", [[":status", "200"]]);
  assert.deepEqual(held(worker), {});
  stream.close();
});

test("an answer that comes before the request's end decides nothing, and leaves no tokens behind", () => {
  for (const hold of ["buffer", "self"]) {
    for (const early of ["10.0.0.1:8000", "10.0.0.2:8000", "192.0.2.1:80", undefined]) {
      const { rig, worker } = serving(2, [profile("default", queue(), prefix())], { fields: { hold } });
      const start = (): FilterStream => {
        const stream = worker.vm.createStream(worker.root);
        stream.onRequestHeaders(POST, false);
        stream.onResponseHeaders(early, [[":status", "200"]]);
        stream.onRequestBody(bytesOf(completion(STORY)), true);
        stream.onResponseBody(bytesOf("{}"), true);
        return stream;
      };
      const streams = Array.from({ length: 8 }, start);
      rig.pass(100);
      for (const { tokens, prefill } of rig.stream.flights.at(-1)?.entries ?? []) {
        assert.deepEqual({ tokens, prefill }, { tokens: 0, prefill: 0 }, `${hold} ${early}`);
      }
      for (const stream of streams) stream.close();
      const last = ask(worker, completion(STORY));
      rig.pass(100);
      const entries = rig.stream.flights.at(-1)?.entries.map(({ tokens, prefill }) => ({ tokens, prefill }));
      assert.deepEqual(entries, [{ tokens: 256, prefill: 256 }], `${hold} ${early}`);
      last.close();
    }
  }
});

test("a held request that has been answered is no business of the watchdog's", () => {
  const { rig, worker } = serving(1, [profile("default", queue())], { fields: { hold: "self", watchdog: "1s" } });
  const stream = worker.vm.createStream(worker.root);
  stream.onRequestHeaders(POST, false);
  stream.onResponseHeaders(undefined, [[":status", "408"]]);
  rig.pass(2000);
  assert.equal(stream.localResponse, undefined);
  assert.equal(stream.continued, false);
  assert.equal(rig.metrics.value("inline_epp_watchdog_total"), 0);
  stream.close();
});

test("a prompt whose blocks were cut before the plan changed counts by the size they were cut in", () => {
  const plan = [profile("default", queue(), prefix(3))];
  const { rig, pool, worker } = serving(1, plan, { list: [endpoint(1)] });
  const home = exchange(worker, completion(STORY));
  const stream = worker.vm.createStream(worker.root);
  stream.onRequestHeaders(POST, false);
  const body = bytesOf(completion(STORY));
  stream.onRequestBody(body.subarray(0, 100), false);
  rig.stream.message(pool.plan(plan, { blockTokens: 16 }), pool.load(samples(endpoints(1).length)));
  stream.onRequestBody(body.subarray(100), true);
  rig.pass(100);
  const entries = rig.stream.flights.at(-1)?.entries.map(({ tokens, prefill }) => ({ tokens, prefill }));
  assert.deepEqual(entries, [{ tokens: 256, prefill: 0 }], "all of it is cached");
  answer(stream, "{}", home).close();
});
