import assert from "node:assert/strict";
import { test } from "node:test";
import { LATENCY_BOUNDS } from "../../../sidecar/page/latencies.ts";
import type { Overview } from "../../../sidecar/page/overview.ts";
import { startPageServer } from "../../../sidecar/page/page-server.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { start } from "./run.ts";

const OVERVIEW: Overview = {
  ...{ at: 0, version: "9", missing: [], gateways: [], names: [], pools: [], latencyBounds: LATENCY_BOUNDS },
  config: { origin: "built in", since: 0, revision: 1, problems: [] },
};

test("top shows the page's figures once, as text or JSON, and says what it cannot show", async (t) => {
  const sources = {
    clock: new ManualClock(),
    overview: () => OVERVIEW,
    why: () => undefined,
    configText: () => "",
    token: "secret",
  };
  const server = await startPageServer({ host: "127.0.0.1", port: 0, flag: "--page-port" }, sources);
  t.after(() => server.stop());
  const args = ["top", "--once", "--page", `http://127.0.0.1:${server.port}`];
  const text = start(t, [...args, "--token", "secret"]);
  assert.equal(await text.status, 0);
  assert.equal(text.out, "inline-epp 9, ready, gateways: 0, configuration: built in\n");
  const json = start(t, [...args, "--output", "json"], { INLINE_EPP_PAGE_TOKEN: "secret" });
  assert.equal(await json.status, 0);
  assert.deepEqual(JSON.parse(json.out), JSON.parse(JSON.stringify(OVERVIEW)));
  const stranger = start(t, args);
  assert.equal(await stranger.status, 1);
  assert.match(stranger.error, /^cannot reach http:.*: it wants its token: give it with --token/);
  const wrong = start(t, [...args, "--token", "secret", "--pool", "ns/x"]);
  assert.equal(await wrong.status, 1);
  assert.match(wrong.error, /^there is no pool ns\/x; pools: none/);
});

test("top says why there is nothing to show", async (t) => {
  const away = start(t, ["top", "--once", "--page", "http://127.0.0.1:1"]);
  assert.equal(await away.status, 1);
  assert.match(away.error, /^cannot reach http:\/\/127\.0\.0\.1:1: .*; is the sidecar running, with --page-port/);
  const misused = start(t, ["top", "--page", "nowhere"]);
  assert.equal(await misused.status, 2);
  assert.match(misused.error, /--page <url>' argument 'nowhere' is invalid\. Expected a URL/);
});
