import assert from "node:assert/strict";
import { test } from "node:test";
import type { DiscoveredEndpoint, DiscoveredPool } from "../../../sidecar/discovery/pool.ts";
import { ScrapeTargets } from "../../../sidecar/state/scrape-targets.ts";

function endpoint(last: number, ready = true, port = 80): DiscoveredEndpoint {
  const address = `10.0.0.${last}:80`;
  const row = { address, name: `ns/pod-${last}`, zone: "", labels: {}, engine: 0, role: 0, rank: 0 };
  return { endpoint: row, ready, metricsUrl: `http://10.0.0.${last}:${port}/metrics` };
}

function pool(name: string, ...endpoints: DiscoveredEndpoint[]): DiscoveredPool {
  return { name, endpoints, objectives: [], rewrites: [] };
}

function setUp() {
  const heard: string[] = [];
  const targets = new ScrapeTargets({
    add: ({ metricsUrl }) => heard.push(`+${new URL(metricsUrl).host}`),
    remove: (key) => heard.push(`-${new URL(key.split(" ")[2] as string).host}`),
  });
  return {
    replace: (...pools: DiscoveredPool[]) => targets.replace(pools),
    /** Since the last call. */
    heard: () => heard.splice(0),
  };
}

test("endpoints are scraped while they are ready", () => {
  const { replace, heard } = setUp();
  replace(pool("a", endpoint(1), endpoint(2, false)));
  assert.deepEqual(heard(), ["+10.0.0.1"]);
  replace(pool("a", endpoint(1, false), endpoint(2)));
  assert.deepEqual(heard(), ["+10.0.0.2", "-10.0.0.1"]);
  replace(pool("a", endpoint(1), endpoint(2)));
  assert.deepEqual(heard(), ["+10.0.0.1"]);
  replace();
  assert.deepEqual(heard().sort(), ["-10.0.0.1", "-10.0.0.2"]);
});

test("an endpoint of several pools is scraped once, as long as one has it ready", () => {
  const { replace, heard } = setUp();
  replace(pool("a", endpoint(1)), pool("b", endpoint(2), endpoint(1)));
  assert.deepEqual(heard(), ["+10.0.0.1", "+10.0.0.2"]);
  replace(pool("a", endpoint(1, false)), pool("b", endpoint(1)));
  assert.deepEqual(heard(), ["-10.0.0.2"]);
  replace(pool("b", endpoint(1)));
  assert.deepEqual(heard(), []);
  replace(pool("b", endpoint(1, false)));
  assert.deepEqual(heard(), ["-10.0.0.1"]);
});

test("what only moves, within a pool or to another, is left alone", () => {
  const { replace, heard } = setUp();
  replace(pool("a", endpoint(1), endpoint(2), endpoint(3)), pool("b"));
  heard();
  replace(pool("a", endpoint(3), endpoint(1)), pool("b", endpoint(2)));
  assert.deepEqual(heard(), []);
  replace(pool("c", endpoint(3), endpoint(1), endpoint(2)));
  assert.deepEqual(heard(), []);
});

test("an endpoint that is read from elsewhere is another target", () => {
  const { replace, heard } = setUp();
  replace(pool("a", endpoint(1)));
  heard();
  replace(pool("a", endpoint(1, true, 81)));
  assert.deepEqual(heard(), ["+10.0.0.1:81", "-10.0.0.1"]);
});
