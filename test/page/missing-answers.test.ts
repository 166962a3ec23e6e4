// What the page shows and asks for where answers fail, explain nothing, are errors, or there was nobody to answer.

import assert from "node:assert/strict";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { waitUntil } from "../../scripts/stack/ready.ts";
import { LATENCY_BOUNDS } from "../../sidecar/page/latencies.ts";
import type { EndpointView, Overview } from "../../sidecar/page/overview.ts";
import { loadPage } from "../../sidecar/page/page-file.ts";
import type { RecentRequest } from "../../sidecar/page/recent-requests.ts";
import type { WhyAnswer } from "../../sidecar/page/why.ts";
import { openBrowser, openPage } from "./browser.ts";

const PATIENCE_MS = 30_000;
const KEY = "00000000000000a1";

const ENDPOINT: EndpointView = {
  ...{ key: KEY, address: "10.0.0.1:8000", name: "ns/one", zone: "", engine: "vllm", role: "both", ready: true },
  ...{ stale: false, age: 0, waiting: 0, running: 0, kvUsage: 0, inFlight: 0, adapters: [] },
  ...{ requests: 1, share: 1, errors: 0, cached: undefined },
};

/** That which comes to an endpoint that has served nothing. */
const ELSEWHERE: WhyAnswer = {
  ...{ explanation: null, types: {}, profiles: [], notConsidered: { endpoints: [], all: 0 } },
  ...{ destinations: ["10.0.0.2:8000"], refusal: null, waits: false, told: false, before: null },
};

function request(id: number, change: Partial<RecentRequest> = {}): RecentRequest {
  return {
    ...{ id, at: 0, model: "m", target: "m", priority: 0, endpoint: KEY, status: 200, duration: 9, queued: 0 },
    ...{ ttft: undefined, promptTokens: 0, cachedTokens: 0, outputTokens: 0 },
    ...change,
  };
}

function overview(at: number, recent: readonly RecentRequest[], endpoints = [ENDPOINT]): Overview {
  const traffic = { requests: 1, errors: 0, outputTokens: 0, cached: undefined, ttft: [], priorities: [], recent };
  return {
    ...{ at, version: "1", missing: [], gateways: [], latencyBounds: LATENCY_BOUNDS, names: ["ns/a"] },
    config: { origin: "config.yaml", since: 0, revision: 1, problems: [] },
    pools: [{ name: "ns/a", endpoints, traffic }],
  };
}

/** A sidecar that refuses so many questions for its configuration, and shows what it is told to. */
async function startSidecar(t: TestContext, first: Overview, refused = 0) {
  const asked: number[] = [];
  const viewers: ServerResponse[] = [];
  let configs = 0;
  const server = createServer((incoming, response) => {
    const url = new URL(incoming.url ?? "/", "http://page");
    if (url.pathname === "/") response.setHeader("content-type", "text/html").end(loadPage().html);
    else if (url.pathname === "/why.json") {
      const id = url.searchParams.get("request");
      if (id !== null) asked.push(Number(id));
      response.end(JSON.stringify(ELSEWHERE));
    } else if (url.pathname === "/config.yaml") {
      if (++configs <= refused) response.writeHead(500).end("no configuration to be had");
      else response.end("kind: X\n");
    } else {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(`data: ${JSON.stringify(first)}\n\n`);
      viewers.push(response);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    asked,
    configs: () => configs,
    show(next: Overview): void {
      for (const viewer of viewers) viewer.write(`data: ${JSON.stringify(next)}\n\n`);
    },
  };
}

test("a configuration that cannot be had is not shown as one, and is asked for again", async (t) => {
  const { url, configs, show } = await startSidecar(t, overview(0, []), 1);
  const { page } = await openPage(await openBrowser(t), url);
  await waitUntil("it is asked for", async () => configs() > 0, PATIENCE_MS);
  const text = page.locator("#config-text");
  await waitUntil(
    "it is asked for again, and shown",
    async () => {
      assert.doesNotMatch((await text.textContent()) ?? "", /no configuration/);
      show(overview(1000, []));
      return (await text.textContent()) === "kind: X\n";
    },
    PATIENCE_MS,
  );
  assert.equal(configs(), 2);
});

test("where an explanation does not explain the favourite, the next is asked for a quarter of a minute later", async (t) => {
  const { url, asked, show } = await startSidecar(t, overview(0, [request(1)]));
  const browser = await openBrowser(t);
  const { page } = await openPage(browser, "about:blank");
  await page.addInitScript(() => {
    performance.now = () => Number(document.documentElement.dataset.now ?? 0);
  });
  const first = page.waitForResponse((answer) => answer.url().endsWith("request=1"));
  await page.goto(url);
  const headline = page.locator("#headline").filter({ hasText: "ns/one gets the most requests" });
  await headline.waitFor();
  await (await first).finished();
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve)));
  const showAt = async (now: number, id: number) => {
    await page.evaluate((ms) => document.documentElement.setAttribute("data-now", String(ms)), now);
    show(overview(0, [request(id, { model: `model-${id}` })]));
    await page.locator("#recent").getByText(`model-${id}`).waitFor();
  };
  await showAt(3000, 2);
  await showAt(15_000, 3);
  await showAt(15_001, 4);
  await waitUntil("it asks again", async () => asked.includes(4), PATIENCE_MS);
  assert.deepEqual(asked, [1, 4]);
});

test("of a request whose client went before an endpoint was found nobody is said to have answered", async (t) => {
  const cutOff = request(1, { endpoint: undefined, status: 0, queued: 9 });
  const refused = request(2, { endpoint: undefined, status: 503 });
  const { url } = await startSidecar(t, overview(0, [cutOff, refused]));
  const { page } = await openPage(await openBrowser(t), url);
  await page.getByRole("button", { name: "why nobody, request of" }).click();
  const explained = page.getByRole("region", { name: "Why nobody answered the request of" });
  await explained.getByText("It was cut off before an endpoint was found.").waitFor();
  await page.getByRole("button", { name: "why the gateway itself, request of" }).click();
  await page.getByText("The gateway answered it 503 itself.").waitFor();
});

test("an endpoint whose answers are errors, one that was never scraped, and a refused configuration catch the eye", async (t) => {
  const failing = { ...ENDPOINT, share: 0.77, errors: 0.9 };
  const unread = { ...ENDPOINT, key: "b2", address: "10.0.0.2:8000", name: "ns/two", share: 0.23 };
  const shown = overview(0, [request(1)], [failing, { ...unread, stale: true, age: undefined }]);
  const config = { ...shown.config, problems: ["profiles[0]: no such plugin"] };
  const { url } = await startSidecar(t, { ...shown, config });
  const { page } = await openPage(await openBrowser(t), url);
  await page.getByRole("alert").filter({ hasText: "is refused" }).waitFor();
  await page
    .locator("#headline")
    .filter({ hasText: /90\s%\sof its answers are errors\./ })
    .waitFor();
  const tile = (name: string) => page.getByRole("listitem").filter({ has: page.getByRole("heading", { name }) });
  await tile("ns/one")
    .getByText(/90\s% of its answers are errors/)
    .waitFor();
  const figure = (name: string) => tile("ns/two").locator(`dt:text-is("${name}") + dd`).textContent();
  assert.deepEqual([await figure("queue"), await figure("KV cache"), await figure("in flight")], ["–", "–", "0"]);
  await page.locator("#figures").getByText("1 of 2, 1 stale").waitFor();
  await page.getByRole("button", { name: "why ns/one, request of" }).click();
  await page.getByText("its answer told no usage").waitFor();
});
