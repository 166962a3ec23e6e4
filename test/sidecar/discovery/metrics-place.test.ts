import assert from "node:assert/strict";
import { test } from "node:test";
import { MetricsElsewhere, type MetricsPlace } from "../../../sidecar/discovery/metrics-place.ts";
import type { DiscoveredEndpoint, DiscoveredPool, Discovery } from "../../../sidecar/discovery/pool.ts";
import { ENGINE_VLLM, ROLE_ANY } from "../../../wire/layout.ts";

function endpoint(address: string, metricsUrl = `http://${address}/metrics`): DiscoveredEndpoint {
  const who = { address, name: address, zone: "", labels: {}, engine: ENGINE_VLLM, role: ROLE_ANY, rank: 0 };
  return { endpoint: who, ready: true, metricsUrl };
}

function pool(endpoints: readonly DiscoveredEndpoint[]): DiscoveredPool {
  return { name: "p", endpoints, objectives: [], rewrites: [] };
}

/** A discovery that a test feeds, and what comes out of it. */
async function setUp(place: MetricsPlace) {
  let feed: (pools: readonly DiscoveredPool[]) => void = () => undefined;
  let stopped = false;
  const source: Discovery = {
    async start(listener) {
      feed = listener;
    },
    async stop() {
      stopped = true;
    },
  };
  let last: readonly DiscoveredPool[] = [];
  const discovery = new MetricsElsewhere(source, place);
  await discovery.start((pools) => {
    last = pools;
  });
  return {
    discovery,
    isStopped: () => stopped,
    feed: (...pools: DiscoveredPool[]) => {
      feed(pools);
      return last;
    },
  };
}

/** Where metrics are, and the URLs of endpoints at 10.0.0.1:8000 and [fd00::1]:80. */
const CASES: readonly (readonly [MetricsPlace, string, string])[] = [
  [{ scheme: "https" }, "https://10.0.0.1:8000/metrics", "https://[fd00::1]:80/metrics"],
  [{ port: 9000 }, "http://10.0.0.1:9000/metrics", "http://[fd00::1]:9000/metrics"],
  [{ path: "/a/b?c=d" }, "http://10.0.0.1:8000/a/b?c=d", "http://[fd00::1]/a/b?c=d"],
  [{ scheme: "https", port: 443, path: "/" }, "https://10.0.0.1/", "https://[fd00::1]/"],
];

for (const [place, four, six] of CASES) {
  test(JSON.stringify(place), async () => {
    const { feed } = await setUp(place);
    const [made] = feed(pool([endpoint("10.0.0.1:8000"), endpoint("[fd00::1]:80")]));
    assert.deepEqual(
      made!.endpoints.map(({ metricsUrl }) => metricsUrl),
      [four, six],
    );
  });
}

test("what stays the same object does so behind it", async () => {
  const { feed, discovery, isStopped } = await setUp({ port: 9000 });
  const one = endpoint("10.0.0.1:8000");
  const first = pool([one]);
  const [made] = feed(first);
  assert.equal(feed(first)[0], made);
  const [changed] = feed(pool([one, endpoint("10.0.0.2:8000")]));
  assert.notEqual(changed, made);
  assert.equal(changed!.endpoints[0], made!.endpoints[0]);
  await discovery.stop();
  assert.ok(isStopped());
});
