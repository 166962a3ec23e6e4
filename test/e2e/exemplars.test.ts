import assert from "node:assert/strict";
import { test } from "node:test";
import { waitUntil } from "../../scripts/stack/ready.ts";
import { startOtlpReceiver } from "../harness/otlp-receiver.ts";
import { chat } from "../harness/requests.ts";
import { startStack } from "../harness/stack.ts";

const PATIENCE_MS = 30_000;
const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";

test("a traced request stands beside the metrics of its times, under the id that its client gave it", async (t) => {
  const receiver = await startOtlpReceiver(t);
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://${receiver.grpc}` };
  const stack = await startStack({ sidecar: { flags: { tracing: true, "metrics-families": "llm-d" }, env } }, t);
  await chat(stack.url, { headers: { traceparent: `00-${TRACE}-00f067aa0ba902b7-01` } });
  let text = "";
  const isThere = async () => {
    const headers = { accept: "application/openmetrics-text" };
    text = await (await fetch(`${stack.sidecar.metricsUrl}/metrics`, { headers })).text();
    return /^llm_d_epp_request_total\{.*\} 1$/m.test(text);
  };
  await waitUntil("the request in the metrics", isThere, PATIENCE_MS);
  const exemplar = new RegExp(`^llm_d_epp_request_(ttft|duration)_seconds_bucket.* # \\{trace_id="${TRACE}"\\} `, "gm");
  assert.equal(text.match(exemplar)?.length, 2);
  assert.doesNotMatch(text, /^inference_/m);
});
