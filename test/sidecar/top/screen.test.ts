import assert from "node:assert/strict";
import { test } from "node:test";
import type { EndpointView, Overview } from "../../../sidecar/page/overview.ts";
import { type Paint, screen } from "../../../sidecar/top/screen.ts";

const plain: Paint = (_, text) => text;
const marked: Paint = (look, text) => `<${look}>${text}`;

function endpoint(name: string, change: Partial<EndpointView> = {}): EndpointView {
  return {
    ...{ key: "0", address: `${name}:8000`, name, zone: "", engine: "vllm", role: "any", ready: true, stale: false },
    ...{
      age: 40,
      waiting: 1,
      running: 2,
      kvUsage: 0.05,
      inFlight: 3,
      adapters: [],
      requests: 1.5,
      share: 0.5,
      errors: 0,
      cached: 0.25,
    },
    ...change,
  };
}

function overview(endpoints: readonly EndpointView[], change: Partial<Overview> = {}): Overview {
  const traffic = { requests: 3, errors: 0.6, outputTokens: 0, cached: 0.5, ttft: [], priorities: [], recent: [] };
  return {
    ...{ at: 0, version: "1.2.3", missing: [], gateways: [{ node: "g", peer: "p" }], latencyBounds: [] },
    config: { origin: "config.yaml", since: 0, revision: 1, problems: [] },
    names: ["ns/base"],
    pools: [{ name: "ns/base", endpoints, traffic }],
    ...change,
  };
}

test("a pool is its summary and its endpoints, the busiest first", () => {
  const shown = screen(
    overview([endpoint("b", { share: 0.3, errors: 0.77 }), endpoint("a", { share: 0.7, age: undefined, stale: true })]),
    40,
    plain,
  );
  assert.deepEqual(shown, [
    "inline-epp 1.2.3, ready, gateways: 1, configuration: config.yaml",
    "",
    "ns/base: 1 of 2 ready, 1 stale, 3.0 req/s, errors 20%, prefix hits 50%",
    "endpoint  share  req/s  queue  running  in flight    KV  cached    age       state",
    "a           70%   1.50      -        -          3     -     25%  never       stale",
    "b           30%   1.50      1        2          3  5.0%     25%   40ms  errors 77%",
  ]);
});

test("as many endpoints are shown as there is room for", () => {
  const many = Array.from({ length: 50 }, (_, index) => endpoint(`pod-${index + 10}`));
  const shown = screen(overview(many), 20, plain);
  assert.equal(shown.length <= 20, true, String(shown.length));
  assert.equal(shown.at(-1), "... and 35 more");
});

test("who waits is told by priority, where anybody does", () => {
  const all = overview(Array.from({ length: 50 }, (_, index) => endpoint(`pod-${index + 10}`)));
  const [pool] = all.pools;
  const of = { requests: 1, refused: 0, waited: 100, longest: 80 };
  const priorities = [
    { ...of, priority: 10, waiting: 0, oldest: 0 },
    { ...of, priority: 0, waiting: 1, oldest: 2500.4 },
    { ...of, priority: -1, waiting: 12, oldest: 90_000 },
  ];
  const shown = screen({ ...all, pools: [{ ...pool!, traffic: { ...pool!.traffic, priorities } }] }, 20, plain);
  assert.equal(shown[3], "waiting now: 1 of priority 0 (the first for 2.5s), 12 of priority -1 (the first for 1m30s)");
  assert.equal(shown.length <= 20, true, String(shown.length));
});

test("what is wrong stands out", () => {
  const wrong = overview([endpoint("a", { ready: false }), endpoint("b", { stale: true })], {
    missing: ["push"],
    config: { origin: "c.yaml", since: 0, revision: 1, problems: ["plugins[0]: unknown"] },
  });
  const shown = screen(wrong, 40, marked);
  assert.match(shown[0]!, /not ready \(push\)/);
  assert.equal(shown[1], "<bad>configuration refused: plugins[0]: unknown");
  assert.match(shown[5]!, /^<bad>a .* not ready$/);
  assert.match(shown[6]!, /^<stale>b .* stale$/);
});

test("one pool of several, and a pool without endpoints", () => {
  const all = overview([]);
  const two = { ...all, pools: [...all.pools, { ...all.pools[0]!, name: "ns/other" }] };
  assert.deepEqual(screen(two, 40, plain, "ns/other").slice(1), [
    "",
    "ns/other: 0 of 0 ready, 3.0 req/s, errors 20%, prefix hits 50%",
  ]);
});
