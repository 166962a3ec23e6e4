// Which pool the page shows, and what it does when it is refused.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { waitUntil } from "../../scripts/stack/ready.ts";
import { LATENCY_BOUNDS } from "../../sidecar/page/latencies.ts";
import type { Overview } from "../../sidecar/page/overview.ts";
import { loadPage } from "../../sidecar/page/page-file.ts";
import { openBrowser, openPage } from "./browser.ts";

const PATIENCE_MS = 30_000;
const POOLS = ["ns/a", "ns/b"];

const OVERVIEW: Overview = {
  ...{ at: 0, version: "1", missing: [], gateways: [], latencyBounds: LATENCY_BOUNDS },
  config: { origin: "config.yaml", since: 0, revision: 1, problems: [] },
  names: POOLS,
  pools: POOLS.map((name) => ({
    ...{ name, endpoints: [] },
    traffic: {
      ...{ requests: 0, errors: 0, outputTokens: 0, cached: undefined, ttft: [], priorities: [], recent: [] },
    },
  })),
};

/** A sidecar that refuses so many requests for events, and answers why for a pool when it is told to. */
async function startSidecar(t: TestContext, refused = 0) {
  const asked: { pool: string; answer: () => void }[] = [];
  let events = 0;
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://page");
    if (url.pathname === "/") response.setHeader("content-type", "text/html").end(loadPage().html);
    else if (url.pathname === "/why.json") {
      const pool = url.searchParams.get("pool") ?? "";
      asked.push({ pool, answer: () => response.writeHead(404).end(`nothing known of ${pool}`) });
    } else if (url.pathname === "/config.yaml") response.end("");
    else if (++events <= refused) response.writeHead(503).end();
    else {
      response.writeHead(200, { "content-type": "text/event-stream" });
      const wanted = OVERVIEW.pools.find(({ name }) => name === url.searchParams.get("pool")) ?? OVERVIEW.pools[0]!;
      response.write(`data: ${JSON.stringify({ ...OVERVIEW, pools: [wanted] })}\n\n`);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, asked, events: () => events };
}

test("the pool stays that of the address, through links within the page and answers for another", async (t) => {
  const { url, asked } = await startSidecar(t);
  const { page } = await openPage(await openBrowser(t), url);
  const why = page.locator("#why");
  await waitUntil("it asks for the first pool", async () => asked.length === 1, PATIENCE_MS);
  await page.getByRole("button", { name: "ns/b" }).click();
  await waitUntil("it asks for the other", async () => asked.length === 2, PATIENCE_MS);
  assert.deepEqual(
    asked.map(({ pool }) => pool),
    POOLS,
  );
  const settled = page.waitForResponse((answer) => answer.url().endsWith("ns%2Fa"));
  asked[1]!.answer();
  await page.getByText("nothing known of ns/b").waitFor();
  asked[0]!.answer();
  await (await settled).finished();
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve)));
  assert.equal(await why.textContent(), "nothing known of ns/b");

  await page.getByText("Skip to the endpoints").focus();
  await page.keyboard.press("Enter");
  await page.waitForURL(/#main$/);
  assert.equal(await page.title(), "ns/b · inline-epp");
  assert.equal(await page.getByRole("button", { name: "ns/b" }).getAttribute("aria-pressed"), "true");
});

test("a page that is refused its events asks again", async (t) => {
  const { url, events } = await startSidecar(t, 1);
  const { page } = await openPage(await openBrowser(t), `${url}#%`);
  await page.getByText("The sidecar does not answer").waitFor();
  await page.getByText("Ready, 0 gateways connected").waitFor();
  assert.equal(events(), 2);
});
