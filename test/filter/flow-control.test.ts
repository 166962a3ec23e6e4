// Requests that wait while their pool is saturated, and those that are turned away.

import assert from "node:assert/strict";
import { test } from "node:test";
import { DataStatus, HeadersStatus } from "../../sidecar/wasm-host/abi.ts";
import type { FilterStream } from "../../sidecar/wasm-host/stream.ts";
import { encodeGone } from "../../wire/encode.ts";
import * as L from "../../wire/layout.ts";
import type { PlanAdmission } from "../../wire/model.ts";
import { PLAIN_ADMISSION } from "../../wire/plan-settings.ts";
import { dice, OBJECTIVES, reasonOf, serve, waiting } from "./admission.ts";
import { bestOf, sample, samples, servingRig } from "./pools.ts";
import { DESTINATION, POST, picksOf } from "./requests.ts";
import { labelFilter, profile } from "./steps.ts";

/** A pool of `count` endpoints under some admission, whose requests the test sends and ends. */
function admitting(count: number, admission: PlanAdmission, fields: Record<string, unknown> = {}) {
  const it = servingRig(count, fields);
  it.rig.stream.message(it.pool.plan(bestOf(3), { admission }), it.pool.policy(OBJECTIVES));
  const self = fields.hold === "self";
  return {
    ...it,
    /** A request and what became of its body's last piece. */
    send(headers: Record<string, string> = {}, bytes = 100): { stream: FilterStream; status: number } {
      const stream = it.vm.createStream(it.root);
      stream.onRequestHeaders([...POST, ...Object.entries(headers)], false);
      const body = Buffer.from(
        JSON.stringify({ model: "m", messages: [{ role: "user", content: "x".repeat(bytes) }] }),
      );
      return { stream, status: stream.onRequestBody(body, true) };
    },
    picked: (stream: FilterStream) => (self ? stream.headers?.get(DESTINATION) : picksOf(stream)[0]),
    metric: (name: string) => {
      it.rig.pass(10);
      return it.rig.metrics.value(`inline_epp_${name}_total`);
    },
  };
}

test("without flow control only priorities below 0 are turned away, from saturation 1 on", () => {
  const { rig, pool, send, metric } = admitting(2, { ...PLAIN_ADMISSION, detectorParameters: [5, 0.8, 200, 0] });
  const low = { "x-llm-d-inference-objective": "low" };
  rig.stream.message(pool.load([sample({ waiting: 5 }), sample({ waiting: 4 })]));
  assert.equal(send(low).status, DataStatus.continue);
  rig.stream.message(pool.load([sample({ waiting: 6 }), sample({ waiting: 6 })]));
  const { stream, status } = send(low);
  assert.equal(status, DataStatus.stopIterationNoBuffer);
  assert.deepEqual(reasonOf(stream), [429, "rejected-saturated"]);
  assert.match(stream.localResponse?.body ?? "", /system saturated, sheddable request dropped/);
  assert.equal(send().status, DataStatus.continue);
  assert.equal(metric("shed"), 1);
});

for (const hold of ["buffer", "self"]) {
  test(`hold ${hold}: a request waits for room and goes when another ends`, () => {
    const { send, picked, metric } = admitting(1, waiting(2), { hold });
    const first = send();
    const second = send();
    const third = send();
    assert.deepEqual([first.status, second.status], [DataStatus.continue, DataStatus.continue]);
    assert.equal(third.status, DataStatus.stopIterationAndBuffer);
    assert.equal(picked(third.stream), undefined);
    serve(first.stream);
    assert.equal(third.stream.continued, true);
    assert.equal(picked(third.stream), "10.0.0.1:8000");
    serve(second.stream);
    serve(third.stream);
    assert.deepEqual([metric("held"), metric("dispatched")], [1, 1]);
    assert.equal(send().status, DataStatus.continue);
  });

  test(`hold ${hold}: trailers wait, too`, () => {
    const { vm, root, send } = admitting(1, waiting(1), { hold });
    const first = send();
    const stream = vm.createStream(root);
    stream.onRequestHeaders(POST, false);
    stream.onRequestBody(Buffer.from('{"model":"m","messages":[]}'), false);
    assert.equal(stream.onRequestTrailers(), HeadersStatus.stopIteration);
    serve(first.stream);
    assert.equal(stream.continued, true);
    stream.close();
  });
}

test("higher priorities go first, and nobody overtakes their own", () => {
  const { send } = admitting(1, waiting(1));
  const first = send();
  const low = send({ "x-llm-d-inference-objective": "low" });
  const plain = send();
  const high = send({ "x-llm-d-inference-objective": "high" });
  let last = first.stream;
  for (const { stream } of [high, plain, low]) {
    assert.equal(stream.continued, false);
    serve(last);
    assert.equal(stream.continued, true);
    last = stream;
  }
  serve(last);
});

test("flows take turns, however many requests each has waiting", () => {
  const { send } = admitting(1, waiting(1, {}, { fairness: L.FAIRNESS_ROUND_ROBIN }));
  let last = send().stream;
  const many = Array.from({ length: 20 }, () => send({ "x-llm-d-inference-fairness-id": "many" }));
  const few = Array.from({ length: 2 }, () => send({ "x-llm-d-inference-fairness-id": "few" }));
  for (const { stream } of [many[0]!, few[0]!, many[1]!, few[1]!, ...many.slice(2)]) {
    assert.equal(stream.continued, false);
    serve(last);
    assert.equal(stream.continued, true);
    last = stream;
  }
});

test("what may wait has limits, and the answer says when to come again", () => {
  const { send, metric } = admitting(1, waiting(1, {}, { maxRequests: 2, maxBytes: 2000n }));
  const running = send();
  assert.equal(send({}, 5000).stream.localResponse?.status, 429, "more bytes than may wait");
  send();
  send();
  const { stream, status } = send();
  assert.equal(status, DataStatus.stopIterationNoBuffer);
  assert.deepEqual(reasonOf(stream), [429, "rejected-saturated"]);
  assert.equal(stream.localResponse?.headers["retry-after"], "60");
  assert.equal(metric("overflowed"), 2);
  serve(running.stream);
});

test("nobody waits longer than the time to live", () => {
  const { rig, send, metric } = admitting(1, waiting(1, { ttl: 500 }));
  send();
  const { stream } = send();
  rig.pass(490);
  assert.equal(stream.localResponse, undefined);
  rig.pass(20);
  assert.deepEqual(reasonOf(stream), [429, "rejected-ttl-expired"]);
  stream.onResponseHeaders(undefined, [[":status", "429"]], true);
  stream.close();
  assert.equal(metric("expired"), 1);
});

test("while no endpoint takes requests all wait, for a time of its own, and go when one does", () => {
  const { rig, pool, send } = admitting(1, waiting(10, { ttl: 100, noEndpointTtl: 1000 }));
  rig.stream.message(pool.load(samples(1, { ready: false })));
  rig.pass(10);
  const { stream } = send();
  rig.pass(800);
  assert.equal(stream.localResponse, undefined);
  const late = send();
  rig.pass(300);
  assert.deepEqual(reasonOf(stream), [503, "rejected-no-endpoints"]);
  assert.equal(late.stream.continued, false);
  const later = send();
  rig.stream.message(pool.load(samples(1)));
  rig.pass(10);
  assert.deepEqual(reasonOf(late.stream), [429, "rejected-ttl-expired"], "with an endpoint the shorter time counts");
  assert.equal(later.stream.continued, true);
});

test("new samples that show room let requests go", () => {
  const admission: PlanAdmission = { ...PLAIN_ADMISSION, flowControl: true };
  const { rig, pool, send } = admitting(1, admission);
  rig.stream.message(pool.load([sample({ waiting: 5 })]));
  rig.pass(10);
  const { stream } = send();
  rig.pass(50);
  assert.equal(stream.continued, false);
  rig.stream.message(pool.load([sample({ waiting: 4 })]));
  rig.pass(10);
  assert.equal(stream.continued, true);
});

test("a client that goes leaves the queue", () => {
  const { send } = admitting(1, waiting(1));
  const first = send();
  const gone = send();
  const second = send();
  gone.stream.close();
  serve(first.stream);
  assert.equal(second.stream.continued, true);
});

test("a plan without flow control lets all go", () => {
  const { rig, pool, send } = admitting(1, waiting(1));
  const streams = [send(), send(), send()].map(({ stream }) => stream);
  rig.stream.message(pool.plan());
  rig.pass(10);
  assert.deepEqual(
    streams.map(({ continued }) => continued),
    [false, true, true],
  );
});

test("a pool that is gone: what waits goes by the failure mode at the next tick", () => {
  for (const failureMode of ["FailOpen", "FailClose"]) {
    const { rig, pool, send } = admitting(1, waiting(1), { failureMode });
    send();
    const { stream } = send();
    rig.stream.message(encodeGone(pool.pool));
    rig.pass(20);
    assert.equal(stream.continued, failureMode === "FailOpen");
    assert.equal(stream.localResponse?.status, failureMode === "FailOpen" ? undefined : 503);
  }
});

test("a refusal is not sent from another stream's callback, but at the next tick", () => {
  const { rig, pool, send } = admitting(1, waiting(1));
  const first = send();
  const second = send();
  const nobody = profile("none", labelFilter("l", { key: "a", operator: L.TERM_EXISTS, values: [] }));
  rig.stream.message(pool.plan([nobody], { admission: waiting(1) }));
  serve(first.stream);
  assert.deepEqual([second.stream.localResponse], [undefined]);
  assert.equal(second.stream.continued, false);
  rig.pass(10);
  assert.equal(second.stream.localResponse?.status, 429);
  assert.equal(second.stream.continued, false);
  const gone = [send(), send()];
  assert.equal(gone[0]?.stream.localResponse?.status, 429);
});

test("an answer of the gateway's own ends the wait", () => {
  const { send } = admitting(1, waiting(1));
  const first = send();
  const { stream } = send();
  stream.onResponseHeaders(undefined, [[":status", "504"]], true);
  serve(first.stream);
  assert.equal(stream.continued, false);
  stream.close();
});

for (const seed of [1, 2, 3, 4]) {
  test(`random schedules lose no request and answer none twice (${seed})`, () => {
    const roll = dice(seed);
    const admission = waiting(
      3,
      { ttl: 400, noEndpointTtl: 600 },
      { fairness: L.FAIRNESS_RECENT_TOKENS, maxRequests: 15 },
    );
    const { rig, pool, send, vm } = admitting(2, admission, { hold: roll(2) === 0 ? "self" : "buffer" });
    const held = new Set<FilterStream>();
    const running = new Set<FilterStream>();
    const ends = { served: 0, refused: 0, gone: 0 };
    let sent = 0;
    // What became of those that wait, told after every step.
    const settle = () => {
      for (const stream of held) {
        assert.ok(!(stream.continued && stream.localResponse), "both answered and let go");
        if (stream.continued) running.add(stream);
        else if (stream.localResponse) {
          ends.refused++;
          stream.close();
        } else continue;
        held.delete(stream);
      }
    };
    const oneOf = (set: Set<FilterStream>) => [...set][roll(Math.max(set.size, 1))];
    let memory = 0;
    for (let step = 0; step < 3000; step++) {
      if (step === 1500) memory = vm.memoryBytes;
      const what = roll(20);
      const refusedBefore = [...held].filter(({ localResponse }) => localResponse).length;
      if (what < 9) {
        sent++;
        const { stream, status } = send({
          "x-llm-d-inference-objective": ["high", "low", "none"][roll(3)]!,
          "x-llm-d-inference-fairness-id": `tenant-${roll(4)}`,
        });
        if (status === DataStatus.continue) running.add(stream);
        else if (status === DataStatus.stopIterationAndBuffer) held.add(stream);
        else {
          ends.refused++;
          stream.close();
        }
      } else if (what < 15) {
        const stream = oneOf(running);
        if (stream) {
          running.delete(stream);
          ends.served++;
          serve(stream);
        }
      } else if (what < 16) {
        const stream = oneOf(held);
        if (stream) {
          held.delete(stream);
          ends.gone++;
          stream.close();
        }
      } else if (what < 17) {
        rig.stream.message(pool.load(samples(2, { ready: roll(3) !== 0 })));
      }
      assert.equal([...held].filter(({ localResponse }) => localResponse).length, refusedBefore, "answered by another");
      if (what >= 17) rig.pass(10 * (1 + roll(5)));
      settle();
    }
    rig.stream.message(pool.load(samples(2)));
    for (let round = 0; running.size + held.size > 0; round++) {
      assert.ok(round < 1000, `${held.size} requests wait for ever`);
      for (const stream of running) {
        running.delete(stream);
        ends.served++;
        serve(stream);
      }
      rig.pass(10);
      settle();
    }
    assert.equal(ends.served + ends.refused + ends.gone, sent);
    assert.ok(ends.served > 200 && ends.refused > 50 && ends.gone > 10, JSON.stringify(ends));
    assert.equal(rig.metrics.value("inline_epp_in_flight") ?? 0, 0);
    assert.equal(vm.memoryBytes, memory);
  });
}
