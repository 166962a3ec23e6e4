// What the filter tells of requests that are over, call by call.

import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeObserved } from "../../wire/decode-observed.ts";
import { FINISH_STOP } from "../../wire/layout.ts";
import { xxh64 } from "../../wire/xxh64.ts";
import { OPENAI_JSON } from "../response/answers.ts";
import { ask, bytesOf, completion, pickOf, serving } from "./exchanges.ts";
import { picker, profile } from "./steps.ts";

const DROPPED = "inline_epp_observations_dropped_total";
const OK = [[":status", "200"]] as const;

function observing() {
  const { rig, worker } = serving(1, [profile("default", picker())]);
  rig.pass(300);
  for (const call of rig.calls.splice(0)) call.done(new Uint8Array());
  return { rig, worker };
}

test("a whole answer is told with its times, bytes, tokens and end, a quarter of a second later", () => {
  const { rig, worker } = observing();
  const body = completion("Hello", { stream: true });
  const stream = ask(worker, body);
  const upstream = pickOf(stream);
  rig.now += 40_000n;
  stream.onResponseHeaders(upstream, OK);
  const answer = `data: ${OPENAI_JSON}\n\n`;
  stream.onResponseBody(bytesOf(answer), false);
  rig.now += 20_000n;
  stream.onResponseBody(bytesOf(answer), true);
  stream.close();
  rig.pass(260);
  const [call, ...others] = rig.calls;
  assert.equal(others.length, 0);
  assert.equal(call!.path, "/inlineepp.v1.State/Observe");
  const base = { hash: xxh64("base"), name: "base" };
  assert.deepEqual(decodeObserved(call!.message), [
    {
      pool: xxh64("default/base"),
      endpoint: xxh64(upstream),
      model: base,
      target: base,
      priority: 0,
      status: 200,
      streamed: true,
      local: false,
      finish: FINISH_STOP,
      duration: 60_000,
      queued: 0,
      ttft: 40_000,
      itl: 20_000,
      chunks: 2,
      requestBytes: bytesOf(body).length,
      answerBytes: 2 * answer.length,
      prompt: 1234,
      output: 56,
      cached: 1024,
    },
  ]);
});

test("a compressed answer is not read", () => {
  const { rig, worker } = observing();
  const stream = ask(worker, completion("Hello"));
  stream.onResponseHeaders(pickOf(stream), [...OK, ["content-encoding", "gzip"]]);
  stream.onResponseBody(bytesOf(OPENAI_JSON), true);
  stream.close();
  rig.pass(260);
  const [record] = decodeObserved(rig.calls[0]!.message);
  assert.deepEqual([record!.prompt, record!.finish, record!.answerBytes], [0, 0, OPENAI_JSON.length]);
});

test("one call at a time; what finds no room and what a failed call carried is dropped and counted", () => {
  const { rig, worker } = observing();
  const requests = (count: number) => {
    for (let i = 0; i < count; i++) ask(worker, completion("Hello")).close();
  };
  requests(10);
  rig.pass(300);
  requests(2000);
  rig.pass(1000);
  assert.equal(rig.calls.length, 1, "nothing more while a call is under way");
  assert.equal(rig.metrics.value(DROPPED), 2000 - 781, "64 KiB have room for 781 records");
  rig.calls[0]!.done(14);
  rig.pass(10);
  assert.equal(rig.metrics.value(DROPPED), 2000 - 781 + 10);
  assert.equal(rig.calls.length, 2);
  assert.equal(decodeObserved(rig.calls[1]!.message).length, 781);
  rig.calls[1]!.done(new Uint8Array());
  requests(5);
  rig.pass(6300);
  assert.equal(rig.calls.length, 3);
  requests(1);
  rig.pass(6100);
  assert.equal(rig.metrics.value(DROPPED), 2000 - 781 + 10 + 5 + 1, "a call of which nothing is heard is given up");
});
