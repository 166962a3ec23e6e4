import assert from "node:assert/strict";
import { test } from "node:test";
import { waitUntil } from "../../scripts/stack/ready.ts";
import { LATENCY_BOUNDS } from "../../sidecar/page/latencies.ts";
import type { EndpointView, Overview } from "../../sidecar/page/overview.ts";
import { startPageServer } from "../../sidecar/page/page-server.ts";
import { systemClock } from "../../sidecar/support/clock.ts";
import { openBrowser, openPage } from "./browser.ts";

const COUNT = 1000;
const PATIENCE_MS = 30_000;

function endpoint(index: number, tick: number): EndpointView {
  return {
    key: index.toString(16).padStart(16, "0"),
    address: `10.0.${index >> 8}.${index & 255}:8000`,
    name: `ns/pod-${String(index).padStart(4, "0")}`,
    ...{ zone: "a", engine: "vllm", role: "any", ready: index % 50 !== 7, stale: index % 50 === 8 },
    ...{ age: (index + tick) % 50, waiting: (index + tick) % 5, running: index % 9 },
    ...{ kvUsage: ((index * tick) % 100) / 100, inFlight: 1 },
    ...{ adapters: [`lora-${index % 3}`], requests: 2, share: 1 / COUNT, errors: 0, cached: 0.5 },
  };
}

function overview(tick: number): Overview {
  const traffic = {
    ...{ requests: 2000, errors: 0, outputTokens: 0, cached: 0.5, priorities: [], recent: [] },
    ttft: Array.from({ length: LATENCY_BOUNDS.length + 1 }, () => 1),
  };
  const endpoints = Array.from({ length: COUNT }, (_, index) => endpoint(index, tick));
  return {
    ...{ at: tick * 1000, version: "1", missing: [], gateways: [], latencyBounds: LATENCY_BOUNDS },
    config: { origin: "config.yaml", since: 0, revision: 1, problems: ["plugins[0].type: unknown plugin"] },
    names: ["ns/large"],
    pools: [{ name: "ns/large", endpoints, traffic }],
  };
}

test("a thousand endpoints are changed in place, and a person keeps their place", async (t) => {
  let tick = 1;
  const server = await startPageServer(
    { host: "127.0.0.1", port: 0, flag: "--page-port" },
    { clock: systemClock, overview: () => overview(tick++), why: () => undefined, configText: () => "" },
  );
  t.after(() => server.stop());
  const browser = await openBrowser(t);
  const { page, complaints } = await openPage(browser, `http://127.0.0.1:${server.port}/`);
  await page
    .locator(".tile")
    .nth(COUNT - 1)
    .waitFor({ state: "attached" });
  assert.equal(await page.locator('.tile[data-state="unready"]').count(), COUNT / 50);
  assert.equal(await page.locator('.tile[data-state="stale"]').count(), COUNT / 50);
  assert.match((await page.locator("#config-problem").textContent()) ?? "", /refused[\s\S]*unknown plugin/);

  await page.getByLabel("Order by").selectOption("name");
  await page.evaluate(() => {
    const list = document.getElementById("tiles")!;
    list.scrollTop = 2000;
    for (const tile of list.children) (tile as HTMLElement).dataset.mark = "first";
  });
  await page.getByLabel("Find").focus();
  const from = tick;
  await waitUntil("three more seconds", async () => tick >= from + 3, PATIENCE_MS);
  assert.equal(await page.locator('.tile[data-mark="first"]').count(), COUNT, "no tile was made anew");
  assert.equal(await page.evaluate(() => document.getElementById("tiles")!.scrollTop), 2000);
  assert.equal(await page.evaluate(() => document.activeElement?.id), "find");

  await page.keyboard.type("lora-2");
  assert.equal(await page.locator(".tile").count(), 333);
  assert.match((await page.locator("#endpoints-title").textContent()) ?? "", /333 of 1000/);
  assert.deepEqual(
    complaints.filter((text) => !text.includes("404")),
    [],
    "only the pool's explanation is not there",
  );
});

test("what does not change costs no change of the page, and what only jitters moves no tile", async (t) => {
  const BUSY = 10;
  let tick = 1;
  const quiet = (): Overview => {
    tick++;
    const one = overview(1);
    const endpoints = one.pools[0]!.endpoints.map((endpoint, index) => ({
      ...endpoint,
      age: (index * 7 + tick * 13) % 900,
      share: endpoint.share * (1 + ((index + tick) % 7) / 1000),
      waiting: index < BUSY ? tick : 0,
    }));
    return { ...one, at: tick * 1000, pools: [{ ...one.pools[0]!, endpoints }] };
  };
  const server = await startPageServer(
    { host: "127.0.0.1", port: 0, flag: "--page-port" },
    { clock: systemClock, overview: quiet, why: () => undefined, configText: () => "" },
  );
  t.after(() => server.stop());
  const { page } = await openPage(await openBrowser(t), `http://127.0.0.1:${server.port}/`);
  await page.getByText("there is no such pool").waitFor();
  await page.evaluate(() => {
    const counts = { events: 0, changes: 0 };
    Object.assign(window, { counts });
    const isTime = (node: Node) => node === document.getElementById("time");
    new MutationObserver((changes) => {
      if (changes.some(({ target }) => isTime(target))) counts.events++;
      counts.changes += changes.length;
    }).observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
  });
  type Counts = { counts: { events: number; changes: number } };
  const counted = () => page.evaluate(() => (window as unknown as Counts).counts);
  await waitUntil("three events", async () => (await counted()).events >= 3, PATIENCE_MS);
  const { events, changes } = await counted();
  // The time, the sum of the queues, and each busy endpoint's queue.
  assert.ok(changes <= events * (BUSY + 2), `${changes} changes in ${events} events`);
});

test("every control has a name and can be reached by the keyboard", async (t) => {
  const server = await startPageServer(
    { host: "127.0.0.1", port: 0, flag: "--page-port" },
    { clock: systemClock, overview: () => overview(1), why: () => undefined, configText: () => "" },
  );
  t.after(() => server.stop());
  const { page } = await openPage(await openBrowser(t), `http://127.0.0.1:${server.port}/`);
  await page.locator(".tile").first().waitFor();
  const names: (string | null)[] = [];
  for (let i = 0; i < 5; i++) {
    await page.keyboard.press("Tab");
    names.push(
      await page.evaluate(() => {
        const focused = document.activeElement as HTMLElement;
        const label = (focused as HTMLInputElement).labels?.[0]?.firstChild ?? focused;
        return label.textContent?.trim() ?? null;
      }),
    );
  }
  assert.deepEqual(names, ["Skip to the endpoints", "what is wrong with it", "ns/large", "Find", "Order by"]);
});
