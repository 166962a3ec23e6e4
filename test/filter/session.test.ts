// Sessions: a client that returns the token of an answer is sent to the endpoint that gave it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { answer, ask, completion, explained, pickOf, serving, type Worker, warm } from "./exchanges.ts";
import { explainedProfile, scoresOf } from "./explanation.ts";
import { endpoint, endpoints, sample, samples } from "./pools.ts";
import { POST, picksOf } from "./requests.ts";
import { picker, profile, queue, SESSION_HEADER, session } from "./steps.ts";

const PLAN = [profile("default", queue(), session(2), picker(2))];

function tokenOf(name: string): [string, string] {
  return [SESSION_HEADER, Buffer.from(name).toString("base64")];
}

/** The token that an answer from an endpoint brings. */
function answeredToken(worker: Worker, upstream?: string): string | undefined {
  const stream = ask(worker, completion("hello"));
  answer(stream, "{}", upstream);
  stream.close();
  return stream.responseHeaders?.get(SESSION_HEADER);
}

test("an answer brings the name of who served in base64, whoever had been picked", () => {
  const { worker } = serving(3, PLAN);
  for (const [index, { address }] of endpoints(3).entries()) {
    assert.equal(answeredToken(worker, address), tokenOf(`default/pod-${index + 1}`)[1]);
  }
  assert.equal(answeredToken(worker, "192.0.2.1:80"), undefined, "nobody of the pool");
  const refused = ask(worker, completion("hello"));
  refused.onResponseHeaders(undefined, [[":status", "503"]]);
  assert.equal(refused.responseHeaders?.get(SESSION_HEADER), undefined, "the gateway's own reply");
});

test("an endpoint's own header of that name is replaced", () => {
  const { worker } = serving(1, PLAN);
  const stream = ask(worker, completion("hello"));
  stream.onResponseHeaders("10.0.0.1:8000", [[SESSION_HEADER, "the endpoint's"]]);
  assert.equal(stream.responseHeaders?.get(SESSION_HEADER), tokenOf("default/pod-1")[1]);
});

test("a client that returns the token goes back, however busy the endpoint is, until the endpoint is gone", () => {
  const { rig, pool, worker } = serving(3, PLAN);
  const token = answeredToken(worker, "10.0.0.2:8000");
  assert.ok(token);
  rig.stream.message(pool.load([sample(), sample({ waiting: 50, running: 50, counter: 2 }), sample()]));
  for (let i = 0; i < 20; i++) {
    assert.equal(pickOf(ask(worker, completion("again"), [SESSION_HEADER, token])), "10.0.0.2:8000");
    assert.notEqual(pickOf(ask(worker, completion("new"))), "10.0.0.2:8000");
  }
  rig.stream.message(pool.load([sample(), sample({ ready: false }), sample()]));
  assert.notEqual(pickOf(ask(worker, completion("again"), [SESSION_HEADER, token])), "10.0.0.2:8000");
});

test("a token follows the pod to another address, and not the address to another pod", () => {
  const { rig, pool, worker } = serving(2, PLAN);
  const token = answeredToken(worker, "10.0.0.2:8000") as string;
  const moved = [endpoint(2, { name: "default/other" }), endpoint(9, { name: "default/pod-2" })];
  rig.stream.message(pool.roster(moved), pool.load(samples(2)));
  warm(worker);
  for (let i = 0; i < 20; i++) {
    const stream = ask(worker, completion("again"), [SESSION_HEADER, token]);
    assert.equal(pickOf(stream), "10.0.0.9:8000");
    stream.close();
  }
});

test("every rank of a pod has its session", () => {
  const list = [0, 1].map((rank) => endpoint(1, { address: `10.0.0.1:800${rank}`, rank }));
  const { worker } = serving(3, PLAN, { list: [...list, endpoint(2)] });
  const scores = scoresOf(explainedProfile(explained(worker, "{}", tokenOf("default/pod-1"))), "session");
  assert.deepEqual(Object.fromEntries(scores), { "10.0.0.1:8000": 1, "10.0.0.1:8001": 1, "10.0.0.2:8000": 0 });
});

test("a token that says nothing is as good as none", () => {
  const { worker } = serving(3, PLAN);
  const tokens = [
    "",
    "default/pod-1",
    "ZGVmYXVsdC9wb2QtMQ", // without its padding
    "ZGVmYXVsdC9wb2QtMQ==x",
    "ZGVmYXVsdC9wb2QtOQ==", // pod-9
    "====",
    "\u00e9\u00e9",
    "A".repeat(100_000),
  ];
  for (const token of tokens) {
    const stream = explained(worker, "{}", [SESSION_HEADER, token]);
    const scores = [...scoresOf(explainedProfile(stream), "session").values()];
    assert.deepEqual(scores, [0, 0, 0], token.slice(0, 30));
    assert.equal(picksOf(stream).length, 2);
  }
});

test("without a session scorer nothing is read and nothing is set", () => {
  const { worker } = serving(3, [profile("default", queue())]);
  const stream = ask(worker, completion("hello"), tokenOf("default/pod-1"));
  answer(stream).close();
  assert.equal(stream.responseHeaders?.has(SESSION_HEADER), false);
});

test("the header is the one that the plan names", () => {
  const scorer = { ...session(2), text: "x-conversation" };
  const { worker } = serving(5, [profile("default", queue(), scorer)]);
  const stream = ask(worker, completion("hello"));
  answer(stream).close();
  const token = stream.responseHeaders?.get("x-conversation");
  assert.ok(token);
  assert.equal(stream.responseHeaders?.has(SESSION_HEADER), false);
  for (let i = 0; i < 20; i++) {
    assert.equal(pickOf(ask(worker, completion("again"), ["x-conversation", token])), pickOf(stream));
  }
});

test("a request without a body goes anywhere and still gets a token", () => {
  const { worker } = serving(3, PLAN);
  const stream = worker.vm.createStream(worker.root);
  stream.onRequestHeaders([...POST, tokenOf("default/pod-1")], true);
  stream.onResponseHeaders("10.0.0.3:8000");
  assert.equal(stream.responseHeaders?.get(SESSION_HEADER), tokenOf("default/pod-3")[1]);
  stream.close();
});
