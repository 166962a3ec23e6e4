// The filter's own answers, in the shape of the API that the client speaks.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { LocalResponse } from "../../sidecar/wasm-host/stream.ts";
import { connectedRig, servingRig } from "./pools.ts";

// What a GET without a body is answered, by its path.
function answerTo(path: string | undefined, fields: Record<string, unknown> = {}): LocalResponse | undefined {
  const { vm, root } = connectedRig(fields);
  const stream = vm.createStream(root);
  stream.onRequestHeaders([[":method", "GET"], ...(path === undefined ? [] : [[":path", path] as const])], true);
  return stream.localResponse;
}

const NO_STATE = "no endpoint state for the pool yet";

test("Anthropic's API is answered in its shape, below any prefix", () => {
  for (const path of ["/v1/messages", "/team-a/v1/messages?beta=true", "/v1/messages/count_tokens"]) {
    assert.deepEqual(answerTo(path), {
      status: 503,
      details: "inline_epp_no_state",
      body: JSON.stringify({ type: "error", error: { type: "overloaded_error", message: NO_STATE } }),
      headers: { "content-type": "application/json" },
    });
  }
});

test("every other path is answered in OpenAI's", () => {
  for (const path of ["/v1/chat/completions", "/v1/models", "/", undefined]) {
    assert.deepEqual(JSON.parse(answerTo(path)?.body ?? ""), {
      error: { message: NO_STATE, type: "server_error", param: null, code: "service_unavailable" },
    });
  }
});

test("errors: plain answers all of them one line of text", () => {
  for (const path of ["/v1/messages", "/v1/models"]) {
    assert.deepEqual(answerTo(path, { errors: "plain" }), {
      status: 503,
      details: "inline_epp_no_state",
      body: `inference error: ServiceUnavailable - ${NO_STATE}`,
      headers: {},
    });
  }
});

test("errors: plain leaves the reason in its header", () => {
  const { vm, root } = servingRig(0, { errors: "plain" });
  const stream = vm.createStream(root);
  stream.onRequestHeaders([[":method", "GET"]], true);
  assert.deepEqual(stream.localResponse?.headers, { "x-llm-d-request-dropped-reason": "rejected-no-endpoints" });
});
