// What the page says of a request of which the gateway has told its decision.

import assert from "node:assert/strict";
import { test } from "node:test";
import { freePorts } from "../../scripts/stack/ports.ts";
import { startOtlpReceiver } from "../harness/otlp-receiver.ts";
import { chat } from "../harness/requests.ts";
import { startStack } from "../harness/stack.ts";
import { openBrowser, openPage } from "./browser.ts";

const TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

test("a traced request is explained by what the gateway has told of it", async (t) => {
  const receiver = await startOtlpReceiver(t);
  const [port] = (await freePorts(1)) as [number];
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://${receiver.grpc}` };
  const stack = await startStack({ sidecar: { flags: { "page-port": String(port), tracing: true }, env } }, t);
  const answer = await chat(stack.url, { headers: { traceparent: TRACEPARENT } });
  assert.equal(answer.status, 200);
  const { page } = await openPage(await openBrowser(t), `http://127.0.0.1:${port}/`);
  await page.getByRole("button", { name: `why default/${answer.pod}` }).click();
  const explained = page.getByRole("region", { name: `Why default/${answer.pod} got the request of` });
  await explained.getByText("This is what the gateway itself has told, for the request was traced.").waitFor();
  assert.equal(await explained.getByRole("rowheader", { name: `→ default/${answer.pod}` }).count(), 1);
  assert.equal(await explained.getByRole("row").count(), 1 + stack.simulators.length);
});
