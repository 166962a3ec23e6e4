// Bodies that no model server could serve are answered 400; what may be right passes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { DataStatus, HeadersStatus } from "../../sidecar/wasm-host/abi.ts";
import { bytesOf } from "./exchanges.ts";
import { servingRig } from "./pools.ts";
import { messageOf, refused } from "./refusals.ts";
import { DESTINATION, picksOf } from "./requests.ts";

const MODEL = 'model is required: the request body needs a field "model", a string that names one';
const NO_OBJECT = "invalid request body: it is no JSON object";
const BROKEN = "invalid request body: its JSON is malformed, cut short, or nested deeper than 512 levels";
const EMPTY = "invalid request body: it is empty";

const { rig, vm, root } = servingRig(3);

type Ask = { path?: string; method?: string; type?: string; more?: [string, string][] };

function send(body: string, { path = "/v1/chat/completions", method = "POST", type, more = [] }: Ask = {}) {
  const stream = vm.createStream(root);
  const types = type === undefined ? [] : [["content-type", type] as const];
  stream.onRequestHeaders([[":method", method], [":path", path], ...types, ...more], false);
  const status = stream.onRequestBody(bytesOf(body), true);
  const answer = stream.localResponse;
  assert.equal(status, answer === undefined ? DataStatus.continue : DataStatus.stopIterationNoBuffer);
  assert.equal(picksOf(stream).length, answer === undefined ? 3 : 0);
  stream.close();
  return answer;
}

test("what is no JSON object is answered 400", () => {
  for (const [body, message] of [
    ["", EMPTY],
    ["hello", NO_OBJECT],
    ['["model"]', NO_OBJECT],
    ["model=base", NO_OBJECT],
    ['{"model":"base"', BROKEN],
    ['{"model":"base",}', BROKEN],
    ['{"model":"base"} x', BROKEN],
    [`{"model":"base","a":${"[".repeat(600)}${"]".repeat(600)}}`, BROKEN],
  ] as const) {
    assert.deepEqual(send(body), refused(400, "inline_epp_bad_body", message), body.slice(0, 30));
  }
});

test("a body without a model is answered 400, in the shape of its API", () => {
  const paths = ["/v1/chat/completions", "/v1/completions?x=1", "/a/v1/responses", "/v1/embeddings"];
  for (const path of paths) {
    for (const body of [
      "{}",
      '{"model":null}',
      '{"model":""}',
      '{"model":{"name":"base"}}',
      '{"x":{"model":"base"}}',
    ]) {
      assert.deepEqual(send(body, { path }), refused(400, "inline_epp_no_model", MODEL), `${path} ${body}`);
    }
  }
  const answer = send("{}", { path: "/v1/messages" });
  assert.deepEqual(JSON.parse(answer?.body ?? ""), {
    type: "error",
    error: { type: "invalid_request_error", message: MODEL },
  });
});

test("a header's model counts for the body's", () => {
  for (const name of ["x-llm-d-model-name-rewrite", "x-gateway-model-name-rewrite"]) {
    assert.equal(send("{}", { more: [[name, "tuned"]] }), undefined);
    assert.equal(messageOf(send("{}", { more: [[name, ""]] })), MODEL);
  }
});

test("/generate needs an object and no model", () => {
  assert.equal(send('{"text":"hello"}', { path: "/generate" }), undefined);
  assert.equal(messageOf(send("hello", { path: "/generate" })), NO_OBJECT);
});

test("what is not known to be JSON passes", () => {
  const form = "multipart/form-data; boundary=x";
  assert.equal(send("--x", { path: "/v1/audio/transcriptions", type: form }), undefined);
  assert.equal(send("{}", { path: "/v1/images/generations", type: "application/json" }), undefined);
  assert.equal(send("", { path: "/v1/rerank" }), undefined);
  assert.equal(send("hello", { type: "text/plain" }), undefined);
  assert.equal(send("--x", { type: form }), undefined);
  assert.equal(send("hello", { method: "PUT" }), undefined);
  for (const type of ["application/json", "Application/JSON; charset=utf-8", "application/vnd.api+json"]) {
    assert.equal(messageOf(send("hello", { type })), NO_OBJECT, type);
  }
});

test("a POST that ends with its headers has an empty body; a GET has none", () => {
  const stream = vm.createStream(root);
  const headers = [
    [":method", "POST"],
    [":path", "/v1/messages"],
  ] as const;
  assert.equal(stream.onRequestHeaders(headers, true), HeadersStatus.stopIteration);
  assert.equal(stream.localResponse?.status, 400);
  assert.equal(JSON.parse(stream.localResponse?.body ?? "").error.message, EMPTY);

  const read = vm.createStream(root);
  const list = [
    [":method", "GET"],
    [":path", "/v1/chat/completions"],
  ] as const;
  assert.equal(read.onRequestHeaders(list, true), HeadersStatus.continue);
  assert.equal(picksOf(read).length, 3);
});

test("it is answered whatever the failure mode, held or not, once; and counted", () => {
  for (const hold of ["buffer", "self"]) {
    const it = servingRig(0, { hold, failureMode: "FailOpen" });
    const stream = it.vm.createStream(it.root);
    stream.onRequestHeaders(
      [
        [":method", "POST"],
        [":path", "/v1/completions"],
      ],
      false,
    );
    stream.onRequestBody(bytesOf("{"), false);
    assert.equal(stream.onRequestBody(bytesOf("}"), true), DataStatus.stopIterationNoBuffer);
    assert.equal(stream.localResponse?.status, 400);
    assert.equal(stream.headers?.has(DESTINATION), false);
    stream.onResponseHeaders(undefined);
    stream.close();
    it.rig.pass(20);
    assert.equal(it.rig.metrics.value("inline_epp_bad_requests_total"), 1);
    assert.equal(it.rig.metrics.value("inline_epp_failed_open_total"), 0);
    assert.equal(it.rig.metrics.value("inline_epp_in_flight"), 0);
  }
  rig.pass(20);
  assert.ok(rig.metrics.value("inline_epp_bad_requests_total") > 0);
});
