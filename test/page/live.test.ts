import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { freePorts } from "../../scripts/stack/ports.ts";
import { waitUntil } from "../../scripts/stack/ready.ts";
import { chats } from "../harness/requests.ts";
import { startStack } from "../harness/stack.ts";
import { openBrowser, openPage } from "./browser.ts";

const PATIENCE_MS = 30_000;

test("the page shows live who gets the requests, and why", async (t) => {
  const [port] = (await freePorts(1)) as [number];
  const stack = await startStack({ sidecar: { flags: { "page-port": String(port) } } }, t);
  const browser = await openBrowser(t);
  const { page, complaints } = await openPage(browser, `http://127.0.0.1:${port}/`, {
    colorScheme: "dark",
    viewport: { width: 1400, height: 1200 },
  });
  await page.locator(".tile").nth(2).waitFor();
  assert.equal(await page.locator("#standing").textContent(), "Ready, 1 gateway connected");
  assert.match((await page.locator("#headline").textContent()) ?? "", /No requests of late|gets the most/);

  await stack.simulators[0]!.set({ waiting: 60, running: 16, kvCacheUsage: 0.99 });
  await stack.simulators[1]!.set({ waiting: 60, running: 16, kvCacheUsage: 0.99 });
  const favourite = `default/${stack.simulators[2]!.name}`;
  await waitUntil(
    "the only free endpoint gets the most",
    async () => {
      await chats(stack.url, 10);
      return ((await page.locator("#headline").textContent()) ?? "").startsWith(`${favourite} gets the most requests`);
    },
    PATIENCE_MS,
  );
  assert.equal(await page.locator(".tile h3").first().textContent(), favourite, "the first tile is the busiest's");
  const whyRows = page.locator("#why tbody tr");
  await waitUntil(
    "a new prompt would go there, too",
    async () => (await whyRows.first().textContent())?.startsWith(`→ ${favourite}`) === true,
    PATIENCE_MS,
  );
  assert.ok((await page.locator("#recent tbody tr").count()) >= 10);

  await page.getByLabel("Find").fill(stack.simulators[0]!.name);
  assert.deepEqual(await page.locator(".tile h3").allTextContents(), [`default/${stack.simulators[0]!.name}`]);
  await page.screenshot({ path: join(stack.folder, "page.png") });

  await stack.sidecar.stop();
  await waitUntil(
    "the page says so",
    async () => (await page.locator("#standing").textContent())?.includes("does not answer") === true,
    PATIENCE_MS,
  );
  const unexpected = complaints.filter((text) => !text.includes("ERR_"));
  assert.deepEqual(unexpected, [], "nothing but the lost connection");
});
