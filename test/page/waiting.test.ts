// Who waits for the pool now, on the page and in a terminal.

import assert from "node:assert/strict";
import { test } from "node:test";
import { freePorts } from "../../scripts/stack/ports.ts";
import { screen } from "../../sidecar/top/screen.ts";
import { complete } from "../harness/completions.ts";
import { onePool, startStack } from "../harness/stack.ts";
import { openBrowser, openPage } from "./browser.ts";

const CONFIG = {
  apiVersion: "llm-d.ai/v1alpha1",
  kind: "EndpointPickerConfig",
  featureGates: ["flowControl"],
  plugins: [{ type: "queue-scorer" }, { type: "concurrency-detector", parameters: { maxConcurrency: 1 } }],
  schedulingProfiles: [{ name: "default", plugins: [{ pluginRef: "queue-scorer" }] }],
  flowControl: { saturationDetector: { pluginRef: "concurrency-detector" } },
};

test("requests show while they wait, by priority, and no longer", async (t) => {
  const [port] = (await freePorts(1)) as [number];
  const options = {
    simulators: [{ decodePerTokenMs: 10 }],
    sidecar: { config: CONFIG, flags: { "page-port": String(port) } },
    envoy: { concurrency: 1 },
  };
  const stack = await startStack(options, t);
  const [pool] = onePool(stack.simulators);
  stack.sidecar.setPools([{ ...pool!, objectives: [{ name: "high", priority: 10 }] }]);
  const all = new AbortController();
  const ask = (objective: string) => {
    const headers = { "x-llm-d-inference-objective": objective };
    // The first one runs for as long as the test does.
    complete(stack.url, { prompt: "Hello", outputTokens: 4000, headers, signal: all.signal }).catch(() => undefined);
  };
  const { page, complaints } = await openPage(await openBrowser(t), `http://127.0.0.1:${port}/`);
  const priorities = page.getByRole("region", { name: "Queue by priority" });
  await priorities.getByText("No requests yet.").waitFor();
  await complete(stack.url, { prompt: "Hello", headers: { "x-llm-d-inference-objective": "high" } });
  for (const objective of ["", "", "", "high"]) ask(objective);
  await priorities.getByRole("columnheader", { name: "waiting now" }).waitFor();
  const heads = await priorities.getByRole("columnheader").allTextContents();
  assert.deepEqual(heads, ["priority", "waiting now", "oldest", "mean wait", "longest", "req/s", "refused/s"]);
  const cells = (priority: string) => priorities.getByRole("row").filter({ hasText: new RegExp(`^${priority}`) });
  await cells("10")
    .filter({ hasText: /^101\d/ })
    .waitFor();
  await cells("0").filter({ hasText: /^02\d/ }).waitFor();
  await page.locator("dl div").filter({ hasText: "waiting for the pool3" }).waitFor();
  const shown = screen(await (await fetch(`http://127.0.0.1:${port}/overview.json`)).json(), 20, (_, text) => text);
  assert.match(
    shown[3]!,
    /^waiting now: 1 of priority 10 \(the first for \S+\), 2 of priority 0 \(the first for \S+\)$/,
  );
  all.abort();
  await page.locator("dl div").filter({ hasText: "waiting for the pool0" }).waitFor();
  assert.deepEqual(complaints, []);
});
