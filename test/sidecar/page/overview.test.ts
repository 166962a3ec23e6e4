import assert from "node:assert/strict";
import { test } from "node:test";
import { makeOverview, type OverviewSources } from "../../../sidecar/page/overview.ts";
import { Traffic } from "../../../sidecar/page/traffic.ts";
import type { Sample } from "../../../wire/model.ts";
import { xxh64 } from "../../../wire/xxh64.ts";
import { endpoint } from "../../filter/pools.ts";
import { observation } from "./observation.ts";

const COUNT = 1000;
/** What a browser is sent of an endpoint each second, at most. */
const BYTES_PER_ENDPOINT = 400;
const POOL = "ns/large";

function sources(count: number): OverviewSources {
  const endpoints = Array.from({ length: count }, (_, index) => endpoint(index + 1));
  const samples = endpoints.map(
    (_, index): Sample => ({
      ...{ ready: true, age: index / 7, counter: 1, waiting: index % 5, running: index % 9, kvUsage: index / 1001 },
      ...{ blockSize: 16, blockCount: 1000, maxAdapters: 4, waitingAdapters: ["sql"] },
      runningAdapters: ["chat", "sql", "translation"],
    }),
  );
  const traffic = new Traffic(
    () => 1234.5,
    () => 0,
  );
  for (const [index, { address }] of endpoints.entries()) {
    for (let i = 0; i <= index % 3; i++) traffic.add(POOL, observation({ endpoint: xxh64(address), cached: 67 }));
  }
  return {
    ...{ version: "1", traffic, missing: () => [], gateways: () => [] },
    config: () => ({ origin: "built in", since: 0, revision: 1, problems: [] }),
    inFlight: () => ({ requests: 3, tokens: 0, prefill: 0 }),
    source: {
      pools: () => [POOL],
      roster: () => ({ pool: POOL, epoch: 1n, endpoints }),
      load: () => ({ pool: POOL, rosterEpoch: 1n, sequence: 0n, sentAt: 0n, freshFor: 100, samples }),
      subscribe: () => () => undefined,
    },
  };
}

test("an event about a thousand endpoints is bounded", () => {
  const few = JSON.stringify(makeOverview(sources(1))).length;
  const many = JSON.stringify(makeOverview(sources(COUNT))).length;
  assert.ok(many - few < COUNT * BYTES_PER_ENDPOINT, `${(many - few) / COUNT} bytes for each endpoint`);
});

test("an overview is of all pools, of the one that is wanted, or of the first", () => {
  const { source, ...others } = sources(1);
  const several = { ...others, source: { ...source, pools: () => ["ns/a", "ns/b"] } };
  const names = (wanted?: string) => makeOverview(several, wanted).pools.map(({ name }) => name);
  assert.deepEqual(names(), ["ns/a", "ns/b"]);
  assert.deepEqual(names("ns/b"), ["ns/b"]);
  assert.deepEqual(names("ns/gone"), ["ns/a"]);
  assert.deepEqual(makeOverview(several, "ns/b").names, ["ns/a", "ns/b"]);
});

test("an endpoint is shown with what is known of it, and stale where that is old", () => {
  const [pool] = makeOverview(sources(3)).pools;
  const [, second] = pool!.endpoints;
  assert.deepEqual(
    [second!.name, second!.waiting, second!.running, second!.inFlight, second!.stale, second!.share],
    ["default/pod-2", 1, 1, 3, false, 0.3333],
  );
  assert.deepEqual(second!.adapters, ["chat", "sql", "translation"]);
  const stale = makeOverview(sources(COUNT)).pools[0]!.endpoints.filter((one) => one.stale).length;
  assert.equal(stale, COUNT - 701, "those of which the last look is more than 100 ms ago");
});
