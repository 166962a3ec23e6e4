// Why a request went where it went, who waits, and by which configuration: by keyboard, by names and roles.

import assert from "node:assert/strict";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Page } from "playwright-core";
import { freePorts } from "../../scripts/stack/ports.ts";
import { waitUntil } from "../../scripts/stack/ready.ts";
import { chats } from "../harness/requests.ts";
import { onePool, type Stack, startStack } from "../harness/stack.ts";
import { openBrowser, openPage } from "./browser.ts";

const PATIENCE_MS = 30_000;
const MOST_TABS = 20;
const OBJECTIVE = "x-llm-d-inference-objective";

function configWith(weight: unknown): object {
  return {
    apiVersion: "llm-d.ai/v1alpha1",
    kind: "EndpointPickerConfig",
    plugins: [
      { type: "label-selector-filter", name: "only-blue", parameters: { matchLabels: { color: "blue" } } },
      { type: "queue-scorer" },
      { type: "core-metrics-extractor", parameters: { engineConfigs: [{ name: "vllm", password: "s3cret" }] } },
    ],
    schedulingProfiles: [
      { name: "default", plugins: [{ pluginRef: "only-blue" }, { pluginRef: "queue-scorer", weight }] },
    ],
  };
}

/** Of three endpoints the third is not blue, and the first has a queue. */
async function startExplained(t: TestContext): Promise<{ stack: Stack; page: Page; complaints: string[] }> {
  const [port] = (await freePorts(1)) as [number];
  const stack = await startStack({ sidecar: { config: configWith(2), flags: { "page-port": String(port) } } }, t);
  const [pool] = onePool(stack.simulators) as ReturnType<typeof onePool>;
  const endpoints = pool!.endpoints.map((one, index) => ({ ...one, labels: { color: index < 2 ? "blue" : "red" } }));
  stack.sidecar.setPools([{ ...pool!, endpoints, objectives: [{ name: "high", priority: 10 }] }]);
  await stack.simulators[0]!.set({ waiting: 3 });
  const { page, complaints } = await openPage(await openBrowser(t), `http://127.0.0.1:${port}/`, {
    viewport: { width: 1400, height: 1200 },
  });
  await page.locator(".tile").nth(2).waitFor();
  return { stack, page, complaints };
}

/** Presses Tab until the focus is on what has this name. */
async function tabTo(page: Page, name: RegExp): Promise<void> {
  for (let i = 0; i < MOST_TABS; i++) {
    await page.keyboard.press("Tab");
    const focused = await page.evaluate(() => document.activeElement?.ariaLabel ?? document.activeElement?.textContent);
    if (name.test(focused ?? "")) return;
  }
  assert.fail(`nothing named ${name} within ${MOST_TABS} steps`);
}

test("who comes by keyboard has a request explained", async (t) => {
  const { stack, page, complaints } = await startExplained(t);
  const [first, second, third] = stack.simulators.map(({ name }) => `default/${name}`) as [string, string, string];
  const list = page.locator("#recent tbody tr");
  await waitUntil(
    "requests go to the endpoint without a queue",
    async () => {
      await chats(stack.url, 5, { headers: { [OBJECTIVE]: "high" } });
      return (await list.first().textContent())?.includes(second) === true;
    },
    PATIENCE_MS,
  );
  const priorities = page.getByRole("region", { name: "Queue by priority" });
  await priorities.getByRole("columnheader", { name: "waiting" }).waitFor();
  assert.equal(await priorities.getByRole("rowheader").first().textContent(), "10");

  await tabTo(page, /^Hold the list$/);
  await page.keyboard.press("Space");
  assert.equal(await page.getByRole("button", { name: "Hold the list" }).getAttribute("aria-pressed"), "true");
  const held = await list.first().textContent();
  await tabTo(page, new RegExp(`^why ${second}, request of`));
  await page.keyboard.press("Enter");
  const explained = page.getByRole("region", { name: new RegExp(`^Why ${second} got the request of`) });
  const said = explained.getByRole("status");
  await said.filter({ hasText: `${second} had the shortest queue (queue-scorer: 1.00).` }).waitFor();
  await explained.getByText(`Picked ${second}: 2 ahead of ${first}.`).waitFor();
  await explained.getByText(`The filter only-blue dropped ${third}.`).waitFor();
  await explained.getByText(/^Explained with the state (now|of)/).waitFor();
  await explained.getByRole("columnheader", { name: "queue-scorer × 2" }).waitFor();
  assert.equal(await explained.getByRole("rowheader", { name: `→ ${second}` }).count(), 1);
  assert.equal(await explained.getByRole("cell", { name: "dropped by only-blue" }).count(), 1);

  const before = await page.locator("#time").textContent();
  await chats(stack.url, 3);
  await waitUntil("more is told", async () => (await page.locator("#time").textContent()) !== before, PATIENCE_MS);
  assert.equal(await list.first().textContent(), held, "the list is held");
  assert.match((await page.evaluate(() => document.activeElement?.ariaLabel)) ?? "", /^why /);
  const headline = page.locator("#headline");
  await headline.filter({ hasText: `${second} gets the most requests` }).waitFor();
  await headline.filter({ hasText: "because it had the shortest queue (queue-scorer)" }).waitFor();
  assert.deepEqual(complaints, []);
});

test("of a request that the gateway turned away its own answer is shown", async (t) => {
  const { stack, page } = await startExplained(t);
  stack.sidecar.setPools([{ ...onePool(stack.simulators)[0]!, objectives: [{ name: "low", priority: -1 }] }]);
  await Promise.all(stack.simulators.map((simulator) => simulator.set({ waiting: 60, kvCacheUsage: 0.99 })));
  const first = page.locator("#recent tbody tr").first();
  // No endpoint is blue now, and none has room.
  await waitUntil(
    "requests of low priority are turned away",
    async () => {
      await chats(stack.url, 3, { headers: { [OBJECTIVE]: "low" } });
      return /the gateway itself.*429.*-1/.test((await first.textContent()) ?? "");
    },
    PATIENCE_MS,
  );
  await page
    .getByRole("button", { name: /^why the gateway itself/ })
    .first()
    .click();
  const explained = page.getByRole("region", { name: /^Why the gateway itself answered the request of/ });
  await explained.getByRole("status").filter({ hasText: "The gateway answered it 429 itself." }).waitFor();
  await explained.getByText("ResourceExhausted").waitFor();
});

test("the configuration in force is shown as it is read, without secrets, and what is wrong with a new one", async (t) => {
  const { stack, page } = await startExplained(t);
  const panel = page.getByRole("region", { name: "Configuration", exact: true });
  const text = panel.getByRole("region", { name: "Configuration in force" });
  await tabTo(page, /^The configuration in force/);
  assert.equal(await text.isVisible(), false);
  await page.keyboard.press("Enter");
  await text.filter({ hasText: "weight: 2" }).waitFor();
  const yaml = (await text.textContent()) ?? "";
  assert.match(yaml, /type: max-score-picker/, "what is there by default is shown, too");
  assert.match(yaml, /password: \(hidden\)/);
  await panel.getByText(join(stack.folder, "epp-config.yaml")).waitFor();
  const alert = page.getByRole("alert");
  assert.equal(await alert.isVisible(), false);

  stack.sidecar.setConfig(configWith("much"));
  await alert.filter({ hasText: "is refused" }).waitFor();
  const problem = panel.getByRole("listitem");
  await problem.filter({ hasText: "schedulingProfiles[0].plugins[1].weight" }).waitFor();
  assert.match((await text.textContent()) ?? "", /weight: 2/, "the one before stays in force");
  stack.sidecar.setConfig(configWith(3));
  await text.filter({ hasText: "weight: 3" }).waitFor();
  assert.equal(await alert.isVisible(), false);
});
